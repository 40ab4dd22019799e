"""Deployments: their statuses and phases, the moves between them, and what they go by."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

ROLLBACK = "codeDeployRollback"


class Status(StrEnum):
    """A deployment's status, in AWS's spelling (those that the ECS platform reaches)."""

    CREATED = "Created"
    QUEUED = "Queued"
    IN_PROGRESS = "InProgress"
    READY = "Ready"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"


MOVES: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.CREATED, Status.STOPPED}),
    Status.CREATED: frozenset({Status.IN_PROGRESS, Status.FAILED, Status.STOPPED}),
    Status.IN_PROGRESS: frozenset({Status.READY, Status.SUCCEEDED, Status.FAILED, Status.STOPPED}),
    Status.READY: frozenset({Status.IN_PROGRESS, Status.FAILED, Status.STOPPED}),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.STOPPED: frozenset(),
}


EVENTS = {
    Status.CREATED: "DeploymentStart",
    Status.READY: "DeploymentReady",
    Status.SUCCEEDED: "DeploymentSuccess",
    Status.FAILED: "DeploymentFailure",
    Status.STOPPED: "DeploymentStop",
}
"""What triggers call the moves into a status."""
ROLLBACK_EVENT = "DeploymentRollback"
"""What they call the start of a way back."""


class Phase(StrEnum):
    """Where a deployment is, in order; those named after a hook are left out where there is none.

    A way back goes START, DRAIN, CLEAN_UP, DONE.
    """

    START = "Start"
    BEFORE_INSTALL = "BeforeInstall"
    INSTALL = "Install"
    AFTER_INSTALL = "AfterInstall"
    TEST = "AllowTestTraffic"
    AFTER_TEST = "AfterAllowTestTraffic"
    READY = "Ready"
    BEFORE_TRAFFIC = "BeforeAllowTraffic"
    SHIFT = "AllowTraffic"
    AFTER_TRAFFIC = "AfterAllowTraffic"
    TERMINATION_WAIT = "TerminationWait"
    DRAIN = "Drain"
    CLEAN_UP = "CleanUp"
    DONE = "Done"


HOOKS = (
    Phase.BEFORE_INSTALL,
    Phase.AFTER_INSTALL,
    Phase.AFTER_TEST,
    Phase.BEFORE_TRAFFIC,
    Phase.AFTER_TRAFFIC,
)
"""The phases in which a Lambda function is asked; their values are the lifecycle events' names."""


class EventStatus(StrEnum):
    """A lifecycle event's status, in AWS's spelling."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """Green gets `percent` of the traffic; the next step comes `minutes` later."""

    percent: int
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class AppSpec:
    """What an ECS AppSpec asks for; `network` and `capacity` in the shapes of CreateTaskSet.

    `hooks`: lifecycle event -> Lambda function (name or ARN).
    """

    task_definition: str
    container: str
    port: int
    platform_version: str = ""
    network: dict[str, Any] | None = None
    capacity: list[dict[str, Any]] | None = None
    hooks: dict[str, str] = field(default_factory=dict)


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
    alarms: tuple[str, ...] = ()
    ignores_alarm_failure: bool = False

    def has(self, phase: Phase) -> bool:
        """Whether this deployment goes through `phase`."""
        if phase in HOOKS:
            return phase.value in self.appspec.hooks
        if phase is Phase.TEST:
            return bool(self.test_listener)
        return self.waits_ready if phase is Phase.READY else True


@dataclass(frozen=True, slots=True)
class LifecycleEvent:
    name: str
    status: EventStatus = EventStatus.PENDING
    start: datetime | None = None
    end: datetime | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class HookRun:
    """One call of a hook's function; `id` is the LifecycleEventHookExecutionId it answers with."""

    event: str
    function: str
    id: str
    invoked: bool = False
    status: EventStatus = EventStatus.IN_PROGRESS


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment. `weight` is the share green was last given, `step` counts the shifts done.

    `redeploys`: a rollback that is a full deployment of the earlier revision, since blue is gone.
    `order` is the number of the build that asked for it, 0 for other callers; builds' deployments queue.
    `group_id` is that of the group as it was then: one of the same name may come after it.
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
    redeploys: bool = False
    hooks: tuple[HookRun, ...] = ()
    order: int = 0
    group_id: str = ""
    superseded_by: str = ""
    token: str = ""

    @property
    def is_over(self) -> bool:
        return not MOVES[self.status]

    @property
    def is_rollback(self) -> bool:
        return bool(self.rolls_back)

    @property
    def is_way_back(self) -> bool:
        """A rollback by weights, to a task set that still runs."""
        return self.is_rollback and not self.redeploys

    @property
    def is_queued(self) -> bool:
        return self.status is Status.QUEUED

    def run(self, phase: Phase) -> HookRun | None:
        """The call of the hook of `phase`, if it was begun."""
        return next((run for run in self.hooks if run.event == phase.value), None)

    @property
    def is_shifted(self) -> bool:
        """All lifecycle events are done; at most the original task set still waits for its end."""
        return self.phase in (Phase.TERMINATION_WAIT, Phase.CLEAN_UP) and not self.is_way_back

    @property
    def external_id(self) -> str:
        """The external id of green: the id of the deployment that made it."""
        return self.rolls_back if self.is_way_back else self.id


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
