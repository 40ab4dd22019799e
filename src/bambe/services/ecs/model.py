"""What ECS remembers: clusters, task definitions, services, task sets and tasks, and their statuses.

A `TaskSet` row is what AWS shows as a *deployment* where the service has the ECS controller and as
a *task set* where it has CODE_DEPLOY or EXTERNAL: one revision of a service, named `ecs-svc/N`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from math import ceil
from typing import Any

Shape = dict[str, Any]
"""A structure kept as the API spells it."""


class Controller(StrEnum):
    """Who replaces a service's tasks by new ones."""

    ECS = "ECS"
    CODE_DEPLOY = "CODE_DEPLOY"
    EXTERNAL = "EXTERNAL"


class ServiceStatus(StrEnum):
    """Where a service is; INACTIVE ones are shown for a while and then forgotten."""

    ACTIVE = "ACTIVE"
    DRAINING = "DRAINING"
    INACTIVE = "INACTIVE"


class SetStatus(StrEnum):
    """The role of a deployment or task set in its service."""

    PRIMARY = "PRIMARY"
    ACTIVE = "ACTIVE"
    DRAINING = "DRAINING"


class Rollout(StrEnum):
    """How far a deployment of the ECS controller has come."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class TaskStatus(StrEnum):
    """A task's life, in order (AWS: "Amazon ECS task lifecycle")."""

    PROVISIONING = "PROVISIONING"
    PENDING = "PENDING"
    ACTIVATING = "ACTIVATING"
    RUNNING = "RUNNING"
    DEACTIVATING = "DEACTIVATING"
    STOPPING = "STOPPING"
    DEPROVISIONING = "DEPROVISIONING"
    STOPPED = "STOPPED"


LIFE = tuple(TaskStatus)
TASK_MOVES = {status: frozenset(LIFE[place + 1 :]) for place, status in enumerate(LIFE)}
"""A task only ever moves on; a task that never ran may skip what it never did."""

STARTING = frozenset({TaskStatus.PROVISIONING, TaskStatus.PENDING, TaskStatus.ACTIVATING})


class Desired(StrEnum):
    """What a task is wanted to be."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class StopCode(StrEnum):
    """Why a task was stopped, in AWS's words."""

    FAILED_TO_START = "TaskFailedToStart"
    ESSENTIAL_EXITED = "EssentialContainerExited"
    USER = "UserInitiated"
    SCHEDULER = "ServiceSchedulerInitiated"


class Health(StrEnum):
    """What the health checks of a task's containers say."""

    UNKNOWN = "UNKNOWN"
    HEALTHY = "HEALTHY"
    UNHEALTHY = "UNHEALTHY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A name under which services and tasks are grouped."""

    account: str
    region: str
    name: str
    status: str = "ACTIVE"
    created_at: datetime
    settings: list[Shape] = field(default_factory=list)
    configuration: Shape = field(default_factory=dict)
    capacity_providers: list[str] = field(default_factory=list)
    default_strategy: list[Shape] = field(default_factory=list)
    connect_defaults: Shape = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDefinition:
    """One revision of a family; `body` is the definition as the API shows it."""

    account: str
    region: str
    family: str
    revision: int
    status: str = "ACTIVE"
    body: Shape
    registered_at: datetime
    registered_by: str
    deregistered_at: datetime | None = None
    delete_requested_at: datetime | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def containers(self) -> list[Shape]:
        return list(self.body["containerDefinitions"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The deployment circuit breaker; off unless asked for."""

    enable: bool = False
    rollback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A wish: so many tasks of a definition, reachable so."""

    account: str
    region: str
    cluster: str
    name: str
    status: ServiceStatus = ServiceStatus.ACTIVE
    controller: Controller
    desired_count: int
    task_definition: str = ""
    launch_type: str = ""
    capacity_strategy: list[Shape] = field(default_factory=list)
    platform_version: str = "LATEST"
    deployment_configuration: Shape = field(default_factory=dict)
    load_balancers: list[Shape] = field(default_factory=list)
    registries: list[Shape] = field(default_factory=list)
    network: Shape = field(default_factory=dict)
    placement_constraints: list[Shape] = field(default_factory=list)
    placement_strategy: list[Shape] = field(default_factory=list)
    grace_seconds: int | None = None
    role: str = ""
    created_at: datetime
    created_by: str
    client_token: str = ""
    execute_command: bool = False
    managed_tags: bool = False
    propagate_tags: str = "NONE"
    zone_rebalancing: str = "DISABLED"
    scheduling: str = "REPLICA"
    tags: dict[str, str] = field(default_factory=dict)
    is_steady: bool = False
    inactive_at: datetime | None = None
    completed: TaskSet | None = None

    @property
    def minimum_percent(self) -> int:
        return int(self.deployment_configuration.get("minimumHealthyPercent", 100))

    @property
    def maximum_percent(self) -> int:
        return int(self.deployment_configuration.get("maximumPercent", 200))

    @property
    def breaker(self) -> Breaker:
        said = self.deployment_configuration.get("deploymentCircuitBreaker") or {}
        return Breaker(enable=bool(said.get("enable")), rollback=bool(said.get("rollback")))

    @property
    def strategy(self) -> str:
        """How a new revision comes in; only the ECS controller has one."""
        rolling = self.controller != Controller.ECS
        return "" if rolling else str(self.deployment_configuration.get("strategy", "ROLLING"))

    @property
    def is_rolling(self) -> bool:
        """Whether tasks of the new revision take over from those of the old one, a few at a time."""
        return self.strategy == "ROLLING"

    @property
    def grace(self) -> int:
        return self.grace_seconds or 0

    @property
    def wanted(self) -> int:
        """The desired count that counts: none for a service on its way out."""
        return self.desired_count if self.status == ServiceStatus.ACTIVE else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSet:
    """One revision of a service. `images` are resolved once, so that all its tasks run the same. `bake`: for
    how many seconds alarms are watched once a rolling deployment has enough healthy tasks (None: not known
    yet), which is until `bakes_until`."""

    account: str
    region: str
    cluster: str
    service: str
    id: str
    status: SetStatus
    task_definition: str
    scale: float = 100.0
    external_id: str = ""
    started_by: str = ""
    client_token: str = ""
    load_balancers: list[Shape] = field(default_factory=list)
    registries: list[Shape] = field(default_factory=list)
    network: Shape = field(default_factory=dict)
    launch_type: str = ""
    capacity_strategy: list[Shape] = field(default_factory=list)
    platform_version: str = ""
    created_at: datetime
    updated_at: datetime
    is_steady: bool = False
    steady_at: datetime
    images: dict[str, str] = field(default_factory=dict)
    rollout: Rollout = Rollout.IN_PROGRESS
    rollout_reason: str = ""
    failed_tasks: int = 0
    failures_in_row: int = 0
    retry_at: datetime | None = None
    tags: dict[str, str] = field(default_factory=dict)
    revision: str = ""
    bake: float | None = 0.0
    bakes_until: datetime | None = None

    def computed_count(self, desired: int) -> int:
        """How many tasks this share of `desired` is, rounded up (ECS API: computedDesiredCount)."""
        if self.status == SetStatus.DRAINING:
            return 0
        # The share may carry a binary fraction (33.3 %), which must not add a task of its own.
        return ceil(round(desired * self.scale / 100, 6))


SPEC = (
    "task_definition",
    "load_balancers",
    "registries",
    "network",
    "launch_type",
    "capacity_strategy",
    "platform_version",
)
"""What services, their task sets and their revisions all say of the tasks to run."""


def spec_of(row: object) -> dict[str, Any]:
    """Those members of a service, a task set or a service revision, to make another one of them alike."""
    return {name: getattr(row, name) for name in SPEC}


def primary_of(sets: Iterable[TaskSet]) -> TaskSet | None:
    """The PRIMARY one of a service's task sets."""
    return next((one for one in sets if one.status == SetStatus.PRIMARY), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A place in a target group that a task takes while it serves."""

    group: str
    container: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """A Cloud Map service in which a healthy task is an instance; `port` 0 where none is announced."""

    arn: str
    port: int = 0

    @property
    def service_id(self) -> str:
        return self.arn.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """What a container waits for before it starts: `condition` (as AWS spells it) of the container `name`."""

    name: str
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """When a container that exits is run again: after `period` seconds, with a code that is not `ignored`."""

    period: int
    ignored: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container of a task, as last seen."""

    name: str
    image: str
    essential: bool = True
    checked: bool = False
    status: str = "PENDING"
    health: Health = Health.UNKNOWN
    runtime_id: str = ""
    digest: str = ""
    exit_code: int | None = None
    reason: str = ""
    depends_on: list[Dependency] = field(default_factory=list)
    start_timeout: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    restart_policy: RestartPolicy | None = None
    restarts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One running instance of a task definition. `service` and `task_set` are "" for run_task."""

    account: str
    region: str
    cluster: str
    service: str
    id: str
    task_set: str = ""
    external_id: str = ""
    task_definition: str
    group: str
    started_by: str = ""
    launch_type: str = "FARGATE"
    platform_version: str = "1.4.0"
    cpu: str = ""
    memory: str = ""
    network: Shape = field(default_factory=dict)
    overrides: Shape = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)
    registries: list[Registry] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    execute_command: bool = False
    client_token: str = ""
    secret: str = field(default="", repr=False)
    desired: Desired = Desired.RUNNING
    status: TaskStatus = TaskStatus.PROVISIONING
    stop_code: StopCode | None = None
    stopped_reason: str = ""
    version: int = 1
    address: str = ""
    containers: list[Container] = field(default_factory=list)
    health: Health = Health.UNKNOWN
    is_registered: bool = False
    is_announced: bool = False
    is_withdrawn: bool = False
    target_state: str = ""
    target_reason: str = ""
    is_ready: bool = False
    was_ready: bool = False
    is_counted: bool = False
    is_removed: bool = False
    quiet_at: datetime | None = None
    created_at: datetime
    pull_started_at: datetime | None = None
    pull_stopped_at: datetime | None = None
    started_at: datetime | None = None
    stopping_at: datetime | None = None
    execution_stopped_at: datetime | None = None
    stopped_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        """Wanted and not over."""
        return self.desired == Desired.RUNNING and not self.is_over

    @property
    def is_over(self) -> bool:
        """Stopped, and kept only to be described."""
        return self.status == TaskStatus.STOPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a service's diary."""

    id: str
    at: datetime
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diary:
    """The last hundred events of a service, newest first."""

    account: str
    region: str
    cluster: str
    service: str
    events: list[Event] = field(default_factory=list)
