"""How many tasks policies want, by what their alarms and metrics say; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Tracking:
    """What a target tracking policy sees: whether its alarms ring, and the metric's last value."""

    policy: str
    target: float
    value: float | None
    is_high: bool
    is_low: bool
    scales_in: bool = True
    out_cooldown: float = 300.0
    in_cooldown: float = 300.0
    alarm: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """An adjustment for a metric so far from the threshold: `low` <= distance < `high` (None: no end)."""

    adjustment: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Stepping:
    """What a step scaling policy sees: how far its metric is beyond the threshold of an alarm that rings."""

    policy: str
    distance: float | None
    kind: str
    steps: tuple[Step, ...]
    least_change: int = 0
    cooldown: float = 300.0
    alarm: str = ""


Reading = Tracking | Stepping


@dataclass(frozen=True, slots=True)
class Limits:
    """Between how many tasks, which ways are open, and until when there is a cooldown for each."""

    least: int
    most: int
    out_until: datetime | None = None
    in_until: datetime | None = None
    may_grow: bool = True
    may_shrink: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """Another count, because of a policy; both cooldowns begin with it (None: goes on as before)."""

    count: int
    policy: str
    alarm: str
    out_cooldown: float | None
    in_cooldown: float


def plan(limits: Limits, count: int, readings: Sequence[Reading], now: datetime) -> Change | None:
    """Policies that want more win over those that want less, and of several the one that wants most. Nothing
    is taken away unless every target tracking policy that may do so agrees."""
    wanted = [(reading, _within(limits, _wish(reading, count))) for reading in readings]
    more = [(reading, many) for reading, many in wanted if many > count]
    if more:
        if not limits.may_grow or _cools(limits.out_until, now):
            return None
        reading, many = max(more, key=lambda one: one[1])
        return Change(many, reading.policy, reading.alarm, _out(reading), _in(reading))
    if not limits.may_shrink or _cools(limits.in_until, now):
        return None
    less = [(reading, many) for reading, many in wanted if many < count]
    if not less or not _all_agree(readings, {reading.policy for reading, _ in less}):
        return None
    reading, many = max(less, key=lambda one: one[1])
    return Change(many, reading.policy, reading.alarm, None, _in(reading))


def _all_agree(readings: Iterable[Reading], less: set[str]) -> bool:
    return all(one.policy in less for one in readings if isinstance(one, Tracking) and one.scales_in)


def _wish(reading: Reading, count: int) -> int:
    return _tracked(reading, count) if isinstance(reading, Tracking) else _stepped(reading, count)


def _tracked(said: Tracking, count: int) -> int:
    """As many as bring the metric, which is one by task, to its target."""
    if said.value is None:
        return count
    many = math.ceil(round(count * said.value / said.target, 6))
    if said.is_high and said.value > said.target:
        return max(many, count + 1)
    if said.is_low and said.scales_in:
        return min(many, count)
    return count


def _stepped(said: Stepping, count: int) -> int:
    if said.distance is None:
        return count
    for step in said.steps:
        if (step.low is None or said.distance >= step.low) and (
            step.high is None or said.distance < step.high
        ):
            return _adjusted(said, step.adjustment, count)
    return count


def _adjusted(said: Stepping, adjustment: int, count: int) -> int:
    if said.kind == "ExactCapacity":
        return adjustment
    if said.kind == "ChangeInCapacity":
        return count + adjustment
    part = count * adjustment / 100
    # Above 1 it is rounded down, below 1 up, each away from what is not there (Step scaling policies).
    change = math.trunc(part) if abs(part) >= 1 else (part > 0) - (part < 0)
    if change and abs(change) < said.least_change:
        change = said.least_change if change > 0 else -said.least_change
    return count + change


def _within(limits: Limits, many: int) -> int:
    return min(max(many, limits.least), limits.most)


def _cools(until: datetime | None, now: datetime) -> bool:
    return until is not None and now < until


def _out(reading: Reading) -> float:
    return reading.out_cooldown if isinstance(reading, Tracking) else reading.cooldown


def _in(reading: Reading) -> float:
    return reading.in_cooldown if isinstance(reading, Tracking) else reading.cooldown
