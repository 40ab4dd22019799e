"""What the demo counts of its traffic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bambe.cli.demo.counts import EDGE, Answered, Phase, count, share

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def answered(sent: float, until: float, version: str = "1", failed: bool = False) -> Answered:
    return Answered(at(sent), at(until), "/orders", version, failed)


def test_a_request_counts_in_the_phase_that_answered_it() -> None:
    phases = [Phase("before", at(0)), Phase("after", at(10))]
    lines = count([answered(1, 2), answered(9, 11, "2", failed=True), answered(12, 13, "2")], phases)
    assert [(line.phase, line.sent, line.failed, line.by_version) for line in lines] == [
        ("before", 1, 0, {"1": 1}),
        ("after", 2, 1, {"2": 2}),
    ]


def test_a_share_is_of_requests_that_saw_nothing_else() -> None:
    edge = EDGE.total_seconds()
    told = [answered(9.9, 10.5), answered(10 + edge, 11, "2"), answered(12, 13), answered(19.9, 20.1, "2")]
    assert (
        share(told, "/orders", "2", at(10), at(20), 10).got,
        share(told, "/", "2", at(10), at(20), 10).total,
    ) == (
        1,
        0,
    )


def test_what_was_under_way_touches() -> None:
    assert answered(1, 3).touches(at(2), at(5))
    assert answered(4, 9).touches(at(2), at(5))
    assert not answered(0, 1).touches(at(2), at(5))
    assert not answered(6, 7).touches(at(2), at(5))


def test_fair_is_what_chance_makes_of_a_weight() -> None:
    told = [answered(1, 2, "2" if number % 10 == 0 else "1") for number in range(1000)]
    assert share(told, "/orders", "2", at(0), at(5), 10).is_fair
    assert not share(told, "/orders", "1", at(0), at(5), 10).is_fair
    assert not share([], "/orders", "1", at(0), at(5), 10).is_fair
