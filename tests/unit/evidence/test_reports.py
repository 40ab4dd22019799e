"""What consumers report is counted once each, however late it comes and however often one asks or dies."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bambe.evidence.consumers import Consumers, begin, hear
from bambe.evidence.reports import LATE, Events, Told, minute_of

START = datetime(2026, 1, 1, 12, 0, 40, tzinfo=UTC)
DECODE = msgspec.json.Decoder(Consumers).decode


@dataclass
class Metrics:
    """What was reported, by the minute, as CloudWatch keeps it."""

    blue: dict[int, Events] = field(default_factory=lambda: defaultdict(Events))
    green: dict[int, Events] = field(default_factory=lambda: defaultdict(Events))

    def put(self, which: str, at: datetime, events: Events) -> None:
        minutes = getattr(self, which)
        minutes[int(minute_of(at).timestamp())] += events

    def told(self, since: datetime) -> Told:
        first = since.timestamp()
        blue, green = (
            {at: one for at, one in minutes.items() if at >= first} for minutes in (self.blue, self.green)
        )
        return Told(since, "ecs-svc/1", "ecs-svc/2", blue, green)


def look(known: Consumers, metrics: Metrics, now: datetime) -> Consumers:
    return hear(known, metrics.told(known.since), now)


REPORT = st.builds(Events, *[st.integers(0, 50)] * 5)
STEP = st.tuples(
    st.integers(1, 200),  # seconds until then
    st.sampled_from(["blue", "green"]),
    REPORT,
    st.integers(0, int(LATE.total_seconds())),  # how late it comes
    st.sampled_from(["look", "die", "die after looking", "nothing"]),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, max_size=40))
def test_every_report_is_counted_once(steps: list[tuple[int, str, Events, int, str]]) -> None:
    metrics, now = Metrics(), START
    metrics.put("blue", now, Events(7, 7, 7, 7, 7))  # of the minute in which it begins, but before
    known = look(begin(now), metrics, now)
    wanted = {"blue": Events(), "green": Events()}
    for seconds, which, report, late, then in steps:
        now += timedelta(seconds=seconds)
        dated = max(now - timedelta(seconds=late), START)
        metrics.put(which, dated, report)
        wanted[which] += report
        if then == "die after looking":
            look(known, metrics, now)  # and it was never written down
        if then in ("look", "die"):
            known = look(known, metrics, now)
        if then == "die":
            known = DECODE(msgspec.json.encode(known))
    for _ in range(3):
        known = look(known, metrics, now)
        assert (known.blue.total, known.green.total) == (wanted["blue"], wanted["green"])


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(1, 90), min_size=1, max_size=60))
def test_only_a_few_minutes_are_asked_for(waits: list[int]) -> None:
    metrics, now = Metrics(), START
    known = look(begin(now), metrics, now)
    for seconds in waits:
        now += timedelta(seconds=seconds)
        metrics.put("blue", now, Events(1, 0, 0, 0, 1))
        known = look(known, metrics, now)
        assert now - known.since <= LATE + timedelta(minutes=1)
    assert known.blue.total.handled == len(waits)


def test_what_cloudwatch_forgets_stays_counted() -> None:
    metrics = Metrics()
    known = look(begin(START), metrics, START)
    metrics.put("green", START, Events(handled=9))
    known = look(known, metrics, START)
    assert look(known, Metrics(), START).green.total.handled == 9


def test_an_answer_about_another_time_says_nothing() -> None:
    metrics = Metrics()
    known = look(begin(START), metrics, START)
    metrics.put("green", START - timedelta(minutes=1), Events(handled=9))
    assert hear(known, metrics.told(known.since - timedelta(minutes=1)), START) == known
    metrics.put("green", START, Events(handled=3))
    assert hear(known, metrics.told(known.since), START).green.total.handled == 3


def test_a_version_counts_from_where_it_is_first_known() -> None:
    metrics = Metrics()
    known = hear(begin(START), Told(minute_of(START), "ecs-svc/1", "", {}, {}), START)
    metrics.put("green", START, Events(handled=5))
    known = look(known, metrics, START)
    assert known.green.total == Events()
    metrics.put("green", START, Events(handled=2, behind=3, partitions=1))
    known = look(known, metrics, START)
    assert known.green.total == Events(handled=2, behind=3, partitions=1)
    assert replace(known.green.total, partitions=0).lag is None
    assert known.green.total.lag == 3.0
