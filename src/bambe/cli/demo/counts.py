"""Counting what traffic saw, by the phase of the release in which each request was answered."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

EDGE = timedelta(milliseconds=200)
"""A change of weights reaches the proxy within this time; so near to it a request counts for no share."""
DEVIATIONS = 3.5
"""How far from its weight chance may take a share: one run in two thousand is farther."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One request: when it was sent and answered, by which version ("" for none), whether it failed, how;
    `order`: the one that the shop took for it, if any."""

    at: datetime
    until: datetime
    route: str
    version: str
    failed: bool
    why: str = ""
    order: str = ""

    def touches(self, start: datetime, end: datetime) -> bool:
        """Whether it was under way at any moment between `start` and `end`."""
        return self.at <= end and self.until >= start


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the story, from `start` to the next phase's start."""

    name: str
    start: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """Requests of one phase and route."""

    phase: str
    route: str
    sent: int
    failed: int
    by_version: dict[str, int]
    failed_by_version: dict[str, int]


def count(answers: Iterable[Answered], phases: Sequence[Phase]) -> list[Line]:
    """One line per phase and route, in the phases' order."""
    ordered = sorted(phases, key=lambda phase: phase.start)
    starts = [phase.start for phase in ordered]
    groups: dict[tuple[int, str], list[Answered]] = {}
    for one in answers:
        number = max(0, bisect_right(starts, one.until) - 1)
        groups.setdefault((number, one.route), []).append(one)
    return [_line(ordered[number].name, route, groups[number, route]) for number, route in sorted(groups)]


def _line(phase: str, route: str, answers: list[Answered]) -> Line:
    versions = sorted({one.version for one in answers})
    return Line(
        phase=phase,
        route=route,
        sent=len(answers),
        failed=sum(one.failed for one in answers),
        by_version={v: sum(one.version == v for one in answers) for v in versions},
        failed_by_version={v: sum(one.failed and one.version == v for one in answers) for v in versions},
    )


def deviations(total: int, chance: float, number: float) -> float:
    """So many standard deviations of a share of `total`, in percent."""
    return 100 * number * math.sqrt(chance * (1 - chance) / total) if total else 100.0


@dataclass(frozen=True, slots=True)
class Share:
    """How much of `total` requests a version got, beside the `weight` it should have had, in percent."""

    got: int
    total: int
    weight: float

    @property
    def percent(self) -> float:
        return 100.0 * self.got / self.total if self.total else 0.0

    @property
    def error(self) -> float:
        """`DEVIATIONS` standard deviations of a binomial share, in percent."""
        return deviations(self.total, self.weight / 100, DEVIATIONS)

    @property
    def is_fair(self) -> bool:
        """Whether the share is what chance makes of the weight."""
        return self.total > 0 and abs(self.percent - self.weight) <= self.error


def share(
    answers: Iterable[Answered], route: str, version: str, start: datetime, end: datetime, weight: float
) -> Share:
    """The share of `version` among requests to `route` sent and answered between `start` and `end`."""
    inside = [
        one for one in answers if one.route == route and start + EDGE <= one.at and one.until <= end - EDGE
    ]
    return Share(sum(one.version == version for one in inside), len(inside), weight)
