"""Applications, groups, configurations and deployments, their statuses and the moves between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

ROLLBACK = "codeDeployRollback"


class Status(StrEnum):
    """A deployment's status, in AWS's spelling (those that the ECS platform reaches)."""

    CREATED = "Created"
    IN_PROGRESS = "InProgress"
    READY = "Ready"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"


MOVES: dict[Status, frozenset[Status]] = {
    Status.CREATED: frozenset({Status.IN_PROGRESS, Status.FAILED, Status.STOPPED}),
    Status.IN_PROGRESS: frozenset({Status.READY, Status.SUCCEEDED, Status.FAILED, Status.STOPPED}),
    Status.READY: frozenset({Status.IN_PROGRESS, Status.FAILED, Status.STOPPED}),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.STOPPED: frozenset(),
}


class Phase(StrEnum):
    """Where a deployment is. A rollback goes START, DRAIN, CLEAN_UP, DONE."""

    START = "Start"
    INSTALL = "Install"
    TEST = "TestTraffic"
    READY = "Ready"
    SHIFT = "Shift"
    TERMINATION_WAIT = "TerminationWait"
    DRAIN = "Drain"
    CLEAN_UP = "CleanUp"
    DONE = "Done"


class EventStatus(StrEnum):
    """A lifecycle event's status, in AWS's spelling."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"


@dataclass(frozen=True, slots=True)
class Application:
    account: str
    region: str
    name: str
    id: str
    platform: str
    created: datetime
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """A deployment configuration; `routing` in AWS's shape (TrafficRoutingConfig)."""

    account: str
    region: str
    name: str
    id: str
    routing: dict[str, Any]
    created: datetime
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """A deployment group. What AWS gives back as it got it is kept in AWS's shapes."""

    account: str
    region: str
    application: str
    name: str
    id: str
    config: str
    role: str
    cluster: str
    service: str
    load_balancer: dict[str, Any]
    blue_green: dict[str, Any]
    auto_rollback: dict[str, Any] = field(default_factory=dict)
    alarms: dict[str, Any] = field(default_factory=dict)
    triggers: list[dict[str, Any]] = field(default_factory=list)
    outdated: str = "UPDATE"
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """Green gets `percent` of the traffic; the next step comes `minutes` later."""

    percent: int
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class AppSpec:
    """What an ECS AppSpec asks for; the last three in the shapes of CreateTaskSet."""

    task_definition: str
    container: str
    port: int
    platform_version: str = ""
    network: dict[str, Any] | None = None
    capacity: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deployment goes by: a copy, so that later changes to the group do not touch it."""

    cluster: str
    service: str
    pair: tuple[str, str]
    listener: str
    test_listener: str
    steps: tuple[Step, ...]
    terminates_blue: bool
    termination_minutes: int
    waits_ready: bool
    ready_minutes: int
    rollback_on: tuple[str, ...]
    appspec: AppSpec


@dataclass(frozen=True, slots=True)
class LifecycleEvent:
    name: str
    status: EventStatus = EventStatus.PENDING
    start: datetime | None = None
    end: datetime | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment. `weight` is the share green was last given, `step` counts the shifts done.

    `blue`/`green` are task set ids, `blue_group`/`green_group` target group ARNs: known from the
    first pass on. `deadline` ends the phase's wait; `entered` is when the phase began.
    """

    account: str
    region: str
    id: str
    application: str
    group: str
    status: Status
    phase: Phase
    plan: Plan
    config: str
    revision: dict[str, Any]
    created: datetime
    entered: datetime
    events: tuple[LifecycleEvent, ...]
    creator: str = "user"
    description: str = ""
    previous_revision: dict[str, Any] | None = None
    group_info: dict[str, Any] = field(default_factory=dict)
    started: datetime | None = None
    completed: datetime | None = None
    deadline: datetime | None = None
    unsteady_until: datetime | None = None
    step: int = 0
    weight: int = 0
    blue: str = ""
    blue_group: str = ""
    blue_definition: str = ""
    green: str = ""
    green_group: str = ""
    stop_asked: bool = False
    stop_rolls_back: bool = False
    go_on: bool = False
    end_wait: bool = False
    wait_started: bool = False
    error_code: str = ""
    error_message: str = ""
    rollback_id: str = ""
    rolls_back: str = ""
    rollback_message: str = ""
    token: str = ""

    @property
    def is_over(self) -> bool:
        return not MOVES[self.status]

    @property
    def is_rollback(self) -> bool:
        return bool(self.rolls_back)

    @property
    def is_shifted(self) -> bool:
        """All lifecycle events are done; at most the original task set still waits for its end."""
        return self.phase in (Phase.TERMINATION_WAIT, Phase.CLEAN_UP) and not self.is_rollback

    @property
    def external_id(self) -> str:
        """The external id of green: the id of the deployment that made it."""
        return self.rolls_back or self.id


@dataclass(frozen=True, slots=True)
class Moved:
    """One move of a deployment, for the timeline."""

    account: str
    region: str
    deployment: str
    number: int
    at: datetime
    phase: Phase
    status: Status
    why: str


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision an application knows; `digest` is that of its content."""

    account: str
    region: str
    application: str
    digest: str
    location: dict[str, Any]
    registered: datetime
    description: str = ""
    first_used: datetime | None = None
    last_used: datetime | None = None
    groups: tuple[str, ...] = ()
