"""What is said of a new version's consumers, and how soon; the page's tables are reproduced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripts.analysis_table import PAGE
from scripts.consumers_table import event_results, events_table, lag_results, lag_table

from bambe.evidence.analysis import Finding, Seen, State, Verdict, finding
from bambe.evidence.betting import ODDS, Evidence, Hits, bet, bet_on_least
from bambe.evidence.consumers import Consumers, rest, weigh
from bambe.evidence.counts import Tally
from bambe.evidence.keeping_up import SLOTS, Keeping, Pair, falls_behind, seen
from bambe.evidence.reports import Events, Reported
from bambe.evidence.watched import Watched

START = datetime(2026, 1, 1, tzinfo=UTC)
BLUE = Events(handled=180, behind=9, partitions=9)
GREEN = Events(handled=20, behind=1, partitions=1)


def release(*seconds: tuple[Events, Events], shared: bool = True, moves: Sequence[int] = (0,)) -> Consumers:
    """What is known after so many seconds, in each of which both versions report."""
    known = Consumers(START)
    for second, (blue, green) in enumerate(seconds):
        known = replace(
            known,
            blue=Reported("blue", total=known.blue.total + blue),
            green=Reported("green", total=known.green.total + green),
        )
        known = weigh(known, START + timedelta(seconds=second), 1.5, shared=shared, moved=second in moves)
    return known


def judged(known: Consumers, **more: Any) -> Finding:
    return finding(Seen(consumers=known, **{"has_requests": False, **more}))


def failing(number: int, dead: int = 0) -> Events:
    return Events(20 - number - dead, number, dead, 1, 1)


@pytest.fixture(scope="module")
def events_simulated() -> str:
    return events_table(event_results())


@pytest.fixture(scope="module")
def lag_simulated() -> str:
    return lag_table(lag_results())


def test_the_tables_of_the_page_are_what_the_simulation_says(
    events_simulated: str, lag_simulated: str
) -> None:
    page = PAGE.read_text()
    for table in (events_simulated, lag_simulated):
        assert table in page, "run `python -m scripts.consumers_table --write`"


def test_no_false_alarm_about_events_and_every_bad_version_found(events_simulated: str) -> None:
    for name, worse, *_ in rows(events_simulated):
        # At most 1 % for all measures together; of 100 releases one may be.
        assert worse <= 1 if "both" in name else worse >= 95, name


def test_no_false_alarm_about_lag_and_every_slow_version_found(lag_simulated: str) -> None:
    for name, worse in rows(lag_simulated):
        # 0.2 % of 500 are one.
        assert worse >= 95 if "green does" in name else worse <= 0.2, name


def rows(table: str) -> list[tuple[str, float]]:
    found = [line.split("|")[1:3] for line in table.splitlines()[2:]]
    return [(name.strip(), float(worse.split()[0])) for name, worse in found]


def test_failing_events_are_found_within_seconds() -> None:
    found = judged(release(*[(BLUE, failing(10))] * 7))
    assert found.verdict is Verdict.WORSE
    assert found.why.startswith(
        "the new version fails more events: 50 % of 40 against 0 % of the old one's in"
    )


def test_dead_letters_are_found_within_seconds() -> None:
    found = judged(release(*[(BLUE, failing(0, dead=10))] * 7))
    assert found.verdict is Verdict.WORSE
    assert found.why.startswith(
        "the new version sends more events to the dead letters: 50 % of 40 against 0 %"
    )


def test_an_outage_of_both_that_green_reports_later_is_nobodys_fault() -> None:
    """Compared second by second it would be green's: blue's events are handled again while green still says
    that its own fail."""
    outage = Events(failed=180, behind=9, partitions=9), failing(20)
    well = BLUE, failing(0)
    late = (BLUE, failing(20))
    seconds = [well] * 10 + [(outage[0], failing(0)), outage, outage, outage, late] + [well] * 10
    for shift in range(4):
        known = release(*[well] * shift, *seconds)
        assert judged(known).verdict is not Verdict.WORSE
        assert known.failing.green_hits == 80, "though all of it was counted"
    aligned = bet(Evidence(), Hits(180, 0), Hits(20, 20), 1.5)
    assert aligned.log_e > 10, "which is what it is protected from"


def test_bad_events_are_bad_for_both() -> None:
    blue = Events(90, 0, 90, 9, 9)
    assert judged(release(*[(blue, failing(0, dead=10))] * 60)).verdict is Verdict.INCONCLUSIVE


def test_a_few_events_are_too_few_to_tell() -> None:
    found = judged(release(*[(BLUE, GREEN)] * 7))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.why.startswith("only 40 events to the new version, 0 failed; about ")


def test_many_handled_events_are_as_good_as_before() -> None:
    found = judged(release(*[(BLUE, GREEN)] * 120))
    assert found.verdict is Verdict.BETTER
    assert "events fail and 0 % go to the dead letters of the new version" in found.why


def test_not_better_while_it_is_far_behind() -> None:
    far = replace(GREEN, behind=5000)
    assert judged(release(*[(BLUE, far)] * 120)).verdict is Verdict.INCONCLUSIVE


def test_not_better_before_its_requests_are_too() -> None:
    found = finding(Seen(State(), release(*[(BLUE, GREEN)] * 120)))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.why.startswith("only 0 requests to the new version, 0 failed; about ")


def test_two_more_measures_and_the_lag_leave_each_a_smaller_part_of_alpha() -> None:
    """Evidence of 300 to 1 is enough for one of two measures, and not for one of five."""
    errors = Evidence(1000, 100, 0, 10, (5.704,) * len(ODDS))
    assert finding(Seen(State(errors=errors))).verdict is Verdict.WORSE
    assert finding(Seen(State(errors=errors), Consumers(START))).verdict is not Verdict.WORSE
    errors = replace(errors, bets=(6.25,) * len(ODDS))
    assert finding(Seen(State(errors=errors), Consumers(START))).verdict is Verdict.WORSE


def test_what_green_reports_before_it_has_a_share_is_not_held_against_it() -> None:
    known = release(*[(BLUE, failing(20))] * 30, shared=False)
    assert known.failing.green == 0
    assert judged(known).verdict is Verdict.INCONCLUSIVE


def test_nothing_is_compared_at_rest() -> None:
    known = rest(release(*[(BLUE, GREEN)] * 70), START + timedelta(seconds=71))
    assert (known.mark, known.recent, known.keeping.slots) == (None, (), ())


HITS = st.integers(0, 30).flatmap(lambda count: st.builds(Hits, st.just(count), st.integers(0, count)))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(HITS, min_size=3, max_size=3), HITS)
def test_the_least_of_three_never_gains_more_than_the_right_one(around: list[Hits], green: Hits) -> None:
    """Whichever of blue's slots green's events are to be compared with."""
    made = bet_on_least(Evidence(), around[1], around, green, 1.5)
    for right in around:
        assert all(
            least <= one + 1e-9
            for least, one in zip(made.bets, bet(Evidence(), right, green, 1.5).bets, strict=True)
        )


SECOND = st.tuples(st.builds(Events, *[st.integers(0, 40)] * 5), st.builds(Events, *[st.integers(0, 9)] * 5))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SECOND, max_size=30))
def test_the_state_survives_a_restart(seconds: list[tuple[Events, Events]]) -> None:
    known = release(*seconds)
    assert msgspec.json.decode(msgspec.json.encode(known), type=Consumers) == known
    row = Watched("0", "r", "d-1", Tally(), consumers=known)
    assert msgspec.json.decode(msgspec.json.encode(row), type=Watched) == row


def test_a_release_begun_before_there_were_consumers_goes_on() -> None:
    """A row as the version before wrote it."""
    row = msgspec.json.decode(msgspec.json.encode(Watched("0", "r", "d-1", Tally())))
    del row["consumers"]
    assert msgspec.json.decode(msgspec.json.encode(row), type=Watched) == Watched("0", "r", "d-1", Tally())


def lag(blue: float, green: float, blue_done: int = 500, green_done: int = 50) -> Pair:
    """Five seconds: how many events a partition is behind, and how many were handled."""
    return Pair(Events(blue_done, 0, 0, round(45 * blue), 45), Events(green_done, 0, 0, round(5 * green), 5))


def kept(*slots: Pair) -> Keeping:
    known = Keeping()
    for slot in slots:
        known = seen(known, slot, counts=True)
    return known


FALLING = [lag(1, 400 + 100 * number) for number in range(SLOTS)]


def test_ever_further_behind_for_a_minute_is_found_and_not_before() -> None:
    assert falls_behind(kept(*FALLING))
    assert not falls_behind(kept(*FALLING[1:]))


@pytest.mark.parametrize(
    "slots",
    [
        pytest.param([lag(1, 1500 - 100 * number) for number in range(SLOTS)], id="it catches up"),
        pytest.param([lag(1, 1500)] * SLOTS, id="it stays where it is"),
        pytest.param([*FALLING[:-1], lag(1, 1300)], id="it has begun to catch up"),
        pytest.param([lag(1, 10 + number) for number in range(SLOTS)], id="it is few behind"),
        pytest.param([lag(200 + 40 * n, 400 + 100 * n) for n in range(SLOTS)], id="so is blue"),
        pytest.param([lag(1, 1000 + 100 * n, green_done=90) for n in range(SLOTS)], id="it gets more done"),
        pytest.param([lag(1, 200 + 10 * n, 5000, 480) for n in range(SLOTS)], id="seconds of its own work"),
    ],
)
def test_otherwise_it_keeps_up(slots: list[Pair]) -> None:
    assert not falls_behind(kept(*slots))


def test_where_partitions_have_moved_the_minute_begins_anew() -> None:
    seconds = [(BLUE, Events(handled=5, behind=40 * second, partitions=1)) for second in range(75)]
    assert judged(release(*seconds)).why.startswith("the new version falls behind: its partitions are 2,")
    assert judged(release(*seconds, moves=(0, 40))).verdict is not Verdict.WORSE
