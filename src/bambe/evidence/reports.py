"""What the consumers of events report of themselves, by version, added up since a release began.

Reports lie in CloudWatch by the minute, or finer. The sums of all minutes since the beginning are asked again
at each look, so a look that a crash took away, or a report that came late, is in the next one, and nothing is
counted twice. Only minutes that are `LATE` ago are written down and not asked for any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)
LATE = timedelta(minutes=5)
"""A report may come so much later than it is dated."""


@dataclass(frozen=True, slots=True)
class Events:
    """Reports added up: events by what became of them, each once, and two gauges. How far a task's partitions
    are behind, and how many they are, mean something only one beside the other (`lag`)."""

    handled: int = 0
    failed: int = 0
    dead_lettered: int = 0
    behind: int = 0
    partitions: int = 0

    @property
    def count(self) -> int:
        """All events that something became of."""
        return self.handled + self.failed + self.dead_lettered

    @property
    def lag(self) -> float | None:
        """How many events a partition is behind, on average over all reports; None without partitions."""
        return self.behind / self.partitions if self.partitions else None

    @property
    def pace(self) -> float:
        """How many events something became of, by partition and report."""
        return self.count / self.partitions if self.partitions else 0.0

    def __add__(self, other: Events) -> Events:
        return Events(
            self.handled + other.handled,
            self.failed + other.failed,
            self.dead_lettered + other.dead_lettered,
            self.behind + other.behind,
            self.partitions + other.partitions,
        )

    def __sub__(self, other: Events) -> Events:
        return Events(
            self.handled - other.handled,
            self.failed - other.failed,
            self.dead_lettered - other.dead_lettered,
            self.behind - other.behind,
            self.partitions - other.partitions,
        )


Minutes = Mapping[int, Events]
"""Sums by the second at which their minute begins."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was reported of two versions, named by their task sets, in every minute from `since` on."""

    since: datetime
    blue: str = ""
    green: str = ""
    blue_minutes: Minutes = field(default_factory=dict)
    green_minutes: Minutes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reported:
    """One version. `before` is what to add to the sums of the minutes that are asked for: it takes away what
    was reported before the first look at this version."""

    version: str = ""
    before: Events = field(default_factory=Events)
    total: Events = field(default_factory=Events)


def minute_of(moment: datetime) -> datetime:
    """The beginning of a moment's minute."""
    return moment.replace(second=0, microsecond=0)


def heard(known: Reported, version: str, minutes: Minutes, since: datetime, keep: datetime) -> Reported:
    """`known` with what is told of the minutes from `since` on; those before `keep` are not asked again."""
    if not version:
        return known
    whole = added(minutes.values())
    if version != known.version:
        known = Reported(version, Events() - whole)
    total = _most(known.total, known.before + whole)
    done = added(events for at, events in minutes.items() if at < keep.timestamp())
    return replace(known, before=known.before + done if keep > since else known.before, total=total)


def added(each: Iterable[Events]) -> Events:
    """The sum of some."""
    return sum(each, Events())


def _most(known: Events, told: Events) -> Events:
    """What was counted once stays so, also where CloudWatch has lost it."""
    pairs = zip(astuple(known), astuple(told), strict=True)
    return Events(*(max(pair) for pair in pairs))
