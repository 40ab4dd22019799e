"""What is seen of a task and what can be done with it next: each step with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bambe.services.ecs.model import Container, StopCode, Target

GONE = "gone"
"""The state of a target that its group no longer knows."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The task as the engine shows it."""

    address: str
    containers: tuple[Container, ...]


@dataclass(frozen=True, slots=True)
class TargetSight:
    """One target as its group shows it; `state` as AWS spells it, or `GONE`."""

    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Launch:
    """Have the images and start these containers."""

    containers: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Restart:
    """Run these containers again."""

    containers: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Register:
    """Put the task into its target groups."""

    targets: tuple[Target, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Announce:
    """Make the task an instance of its Cloud Map services."""

    why: str


@dataclass(frozen=True, slots=True)
class Conceal:
    """Take the task out of its Cloud Map services."""

    why: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take the task out of target groups and Cloud Map, for good."""

    why: str


@dataclass(frozen=True, slots=True)
class Halt:
    """SIGTERM, stop timeout, SIGKILL."""

    why: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove what is left of the containers."""

    why: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Delete the row."""

    why: str


@dataclass(frozen=True, slots=True)
class Condemn:
    """The task is to stop, for a reason of its own."""

    code: StopCode
    why: str


@dataclass(frozen=True, slots=True)
class Note:
    """Write down what changed about the task."""

    changes: Mapping[str, Any] = field(hash=False)
    why: str


Action = Launch | Restart | Register | Announce | Conceal | Withdraw | Halt | Remove | Forget | Condemn | Note
