"""Service deployments of the ECS controller: their statuses and stages, and the revisions they bring in.

A service deployment replaces a *source* revision by a *target* revision. Under ROLLING the service planner
moves tasks; under BLUE_GREEN, CANARY and LINEAR (the shifting strategies) `shift_planner` moves traffic.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bambe.services.ecs.model import Shape


class DeploymentStatus(StrEnum):
    """A service deployment's status, in AWS's spelling."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESSFUL = "SUCCESSFUL"
    STOP_REQUESTED = "STOP_REQUESTED"
    STOPPED = "STOPPED"
    ROLLBACK_REQUESTED = "ROLLBACK_REQUESTED"
    ROLLBACK_IN_PROGRESS = "ROLLBACK_IN_PROGRESS"
    ROLLBACK_SUCCESSFUL = "ROLLBACK_SUCCESSFUL"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"


_S = DeploymentStatus
_BACK = frozenset({_S.ROLLBACK_SUCCESSFUL, _S.ROLLBACK_FAILED, _S.STOPPED})
DEPLOYMENT_MOVES: dict[DeploymentStatus, frozenset[DeploymentStatus]] = {
    _S.PENDING: frozenset({_S.IN_PROGRESS, _S.STOP_REQUESTED, _S.ROLLBACK_REQUESTED, _S.STOPPED}),
    _S.IN_PROGRESS: frozenset(
        {_S.SUCCESSFUL, _S.STOP_REQUESTED, _S.STOPPED, _S.ROLLBACK_REQUESTED, _S.ROLLBACK_IN_PROGRESS}
    ),
    _S.STOP_REQUESTED: frozenset({_S.STOPPED}),
    _S.ROLLBACK_REQUESTED: frozenset({_S.ROLLBACK_IN_PROGRESS, _S.STOPPED}),
    _S.ROLLBACK_IN_PROGRESS: _BACK,
    **dict.fromkeys((_S.SUCCESSFUL, _S.STOPPED, _S.ROLLBACK_SUCCESSFUL, _S.ROLLBACK_FAILED), frozenset()),
}


def breaker_opened(rolls_back: bool) -> str:
    """The reason of a deployment that the circuit breaker ends; AWS's sentence where it is taken back."""
    what = "rolled back" if rolls_back else "stopped"
    return f"Service deployment {what} because the circuit breaker threshold was exceeded."


class Stage(StrEnum):
    """Where a shifting deployment is, in order ("Amazon ECS blue/green deployment lifecycle stages").

    A way back goes PRODUCTION_TRAFFIC_SHIFT, TEST_TRAFFIC_SHIFT, CLEAN_UP, with the weights reversed.
    """

    RECONCILE_SERVICE = "RECONCILE_SERVICE"
    PRE_SCALE_UP = "PRE_SCALE_UP"
    SCALE_UP = "SCALE_UP"
    POST_SCALE_UP = "POST_SCALE_UP"
    TEST_TRAFFIC_SHIFT = "TEST_TRAFFIC_SHIFT"
    POST_TEST_TRAFFIC_SHIFT = "POST_TEST_TRAFFIC_SHIFT"
    PRE_PRODUCTION_TRAFFIC_SHIFT = "PRE_PRODUCTION_TRAFFIC_SHIFT"
    PRODUCTION_TRAFFIC_SHIFT = "PRODUCTION_TRAFFIC_SHIFT"
    POST_PRODUCTION_TRAFFIC_SHIFT = "POST_PRODUCTION_TRAFFIC_SHIFT"
    BAKE_TIME = "BAKE_TIME"
    CLEAN_UP = "CLEAN_UP"


WITHOUT_HOOKS = frozenset({Stage.SCALE_UP, Stage.BAKE_TIME, Stage.CLEAN_UP})


class HookStatus(StrEnum):
    """A lifecycle hook's status, in AWS's spelling."""

    AWAITING_ACTION = "AWAITING_ACTION"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"


HOOK_WAITS = frozenset({HookStatus.AWAITING_ACTION, HookStatus.IN_PROGRESS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A lifecycle hook as the deployment configuration asks for it; `function` "" for a PAUSE."""

    function: str
    stages: tuple[Stage, ...]
    details: Any = None
    minutes: int = 1440
    on_timeout: str = "ROLLBACK"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRun:
    """One hook at one passage of a stage. `call_at`: when its function is (next) to be asked."""

    id: str
    stage: Stage
    passage: str
    function: str
    status: HookStatus
    expires_at: datetime
    on_timeout: str
    call_at: datetime | None = None
    details: Any = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class ShiftStep:
    """The target revision gets `percent` of the production traffic; the next step comes `minutes` later."""

    percent: float
    minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRevision:
    """What a service was asked to run, whole and unchangeable. `load_balancers` as they were asked for;
    `colour`: which target group of each pair its tasks take."""

    account: str
    region: str
    cluster: str
    service: str
    id: str
    task_definition: str
    load_balancers: list[Shape] = field(default_factory=list)
    registries: list[Shape] = field(default_factory=list)
    network: Shape = field(default_factory=dict)
    launch_type: str = ""
    capacity_strategy: list[Shape] = field(default_factory=list)
    platform_version: str = ""
    execute_command: bool = False
    colour: int = 0
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCount:
    """How many tasks of a task set were wanted, ran and were on their way when its deployment was over."""

    task_set: str
    requested: int
    running: int
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDeployment:
    """One service deployment, the service's `number`th. `source` and `target` are revisions, `source_set` and
    `target_set` their task sets ("" for none). `weight`: the share of production traffic the target was last
    given; `step` counts the shifts done. `deadline` ends the stage's wait; `entered` is when the stage began,
    `limit` when it has lasted too long, and `expires` when the whole deployment has.
    `asked`: the stop that somebody asked for (ROLLBACK, ABORT), and `asked_why` by which way."""

    account: str
    region: str
    cluster: str
    service: str
    id: str
    number: int = 0
    status: DeploymentStatus = DeploymentStatus.PENDING
    stage: Stage | None = None
    configuration: Shape = field(default_factory=dict)
    source: str = ""
    target: str = ""
    source_set: str = ""
    target_set: str = ""
    going_back: bool = False
    step: int = 0
    weight: float = 0.0
    test_weight: float = 0.0
    created_at: datetime
    updated_at: datetime
    entered: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    stopped_at: datetime | None = None
    deadline: datetime | None = None
    limit: datetime | None = None
    expires: datetime | None = None
    reason: str = ""
    asked: str = ""
    asked_why: str = ""
    rollback_reason: str = ""
    rollback_at: datetime | None = None
    hooks: list[HookRun] = field(default_factory=list)
    ignored_alarms: list[str] | None = None
    triggered_alarms: list[str] = field(default_factory=list)
    failures: int = 0
    breaker_open: bool = False
    counts: list[TaskCount] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return not DEPLOYMENT_MOVES[self.status]

    @property
    def service_key(self) -> tuple[str, str, str, str]:
        return (self.account, self.region, self.cluster, self.service)

    @property
    def strategy(self) -> str:
        return str(self.configuration.get("strategy", "ROLLING"))

    @property
    def is_shifting(self) -> bool:
        """Whether it moves traffic between two revisions."""
        return self.strategy != "ROLLING"

    @property
    def is_first(self) -> bool:
        """There is no revision before it to take traffic from."""
        return not self.source_set

    @property
    def passage(self) -> str:
        """Names this passage of the present stage: a stage is passed once for each step, and again back."""
        return f"{self.stage}/{self.step}/{'back' if self.going_back else 'on'}"
