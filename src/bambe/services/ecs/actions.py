"""What the service planner may ask for, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Start:
    """Begin `count` tasks of the set."""

    task_set: str
    count: int
    why: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Drain and end one task."""

    task: str
    why: str


@dataclass(frozen=True, slots=True)
class CountFailure:
    """A task ended unasked: back off until `retry_at` before the set starts another."""

    task: str
    task_set: str
    failures_in_row: int
    retry_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Recover:
    """A task of the set became ready: the failures before it are forgiven."""

    task_set: str
    why: str


@dataclass(frozen=True, slots=True)
class Bake:
    """A rolling deployment has enough healthy tasks: its alarms are watched for a while."""

    task_set: str
    why: str


@dataclass(frozen=True, slots=True)
class Complete:
    """A rolling deployment is successful."""

    task_set: str
    why: str


@dataclass(frozen=True, slots=True)
class Fail:
    """A rolling deployment is given up; with `rolls_back` the last that was complete comes again."""

    task_set: str
    rolls_back: bool
    why: str


@dataclass(frozen=True, slots=True)
class Settle:
    """A task set reached or left its steady state."""

    task_set: str
    is_steady: bool
    why: str


@dataclass(frozen=True, slots=True)
class Steady:
    """The service reached or left its steady state."""

    is_steady: bool
    why: str


@dataclass(frozen=True, slots=True)
class Drop:
    """A deployment or task set has no task left and goes."""

    task_set: str
    why: str


@dataclass(frozen=True, slots=True)
class Retire:
    """The service has no task left and becomes INACTIVE."""

    why: str


Action = Start | Stop | CountFailure | Recover | Bake | Complete | Fail | Settle | Steady | Drop | Retire
