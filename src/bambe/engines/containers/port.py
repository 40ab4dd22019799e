"""What the house asks of a container engine: tasks, each one network namespace with its own address."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class State(StrEnum):
    """Where a container is."""

    PENDING = "pending"
    RUNNING = "running"
    EXITED = "exited"


class Health(StrEnum):
    """What a container's own health check says."""

    NONE = "none"
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A command run inside the container; times in seconds (ECS HealthCheck)."""

    command: tuple[str, ...]
    interval: int = 30
    timeout: int = 5
    retries: int = 3
    start_period: int = 0


@dataclass(frozen=True, slots=True)
class Mount:
    """A path of this machine inside the container."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One container of a task. `cpu` in ECS units (1024 = one core), `memory` in MiB (a hard limit).

    `secrets` are further variables, kept out of every text this is shown in. `depends_on` names
    containers of the task that are stopped only after this one. `log_group`/`log_stream` become labels,
    from which the logs service knows where output goes. `labels` are the container's own; with `init` its
    first process forwards signals and reaps. One that `restarts` may be given to `restart`; its task keeps
    its address meanwhile.
    """

    name: str
    image: str
    command: tuple[str, ...] = ()
    entry_point: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    depends_on: tuple[str, ...] = ()
    cpu: int = 0
    memory: int = 0
    essential: bool = True
    health_check: HealthCheck | None = None
    working_directory: str = ""
    user: str = ""
    read_only_root: bool = False
    privileged: bool = False
    ulimits: tuple[tuple[str, int, int], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    init: bool = False
    restarts: bool = False
    mounts: tuple[Mount, ...] = ()
    stop_timeout: int = 30
    log_group: str = ""
    log_stream: str = ""


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A task: containers that share one network namespace and address.

    `id` is unique for ever and makes `start_task` safe to repeat; `labels` come back from
    `list_tasks` unchanged (owner's ARN and the like). `cpu`/`memory` limit the task as a whole. One
    that `yields` (a build) gets what others leave of a busy machine's processors.
    """

    id: str
    containers: tuple[ContainerSpec, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    cpu: int = 0
    memory: int = 0
    yields: bool = False


@dataclass(frozen=True, slots=True)
class ContainerSeen:
    """One container as the engine sees it."""

    name: str
    runtime_id: str
    image: str
    image_digest: str
    state: State
    health: Health
    exit_code: int | None = None
    reason: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    log_group: str = ""
    log_stream: str = ""


@dataclass(frozen=True, slots=True)
class TaskSeen:
    """One task as the engine sees it; `address` is its IPv4 address on the bridge, "" without one."""

    id: str
    labels: Mapping[str, str]
    address: str
    containers: tuple[ContainerSeen, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """What a task has used: processor seconds since its containers began, and bytes of memory now."""

    cpu_seconds: float
    memory: int

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.cpu_seconds + other.cpu_seconds, self.memory + other.memory)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line a container printed."""

    at: datetime
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class Network:
    """The bridge: its gateway is where DNS and the API answer, `bridge` the host's interface name."""

    name: str
    bridge: str
    subnet: str
    gateway: str


class Terminal(Protocol):
    """A command that runs inside a container, as root and with a terminal of its own."""

    async def read(self) -> bytes:
        """What it printed since; b"" once it has ended. Refused, at first, when it cannot be run."""
        ...

    async def write(self, data: bytes) -> None:
        """Type `data`."""
        ...

    async def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        ...

    async def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        ...

    async def close(self) -> None:
        """Hang up: a command that still runs gets SIGHUP, as from a terminal that is lost."""
        ...


class Containers(Protocol):
    """Tasks on one machine. Everything made carries the label `bambe=<instance>`.

    Errors are EngineErrors: Unavailable (no engine), NotThere (no such image or task), Refused (the
    engine will never run this, with its own words), Conflict. All methods are safe to repeat.
    """

    async def start(self) -> Network:
        """Make (or find) the network; answer where it is."""
        ...

    async def stop(self) -> None:
        """Let go of the engine; tasks run on."""
        ...

    async def pull(self, image: str, username: str = "", password: str = "") -> str:
        """Have `image` on this machine; answer its digest. NotThere when no registry has it."""
        ...

    async def start_task(self, spec: TaskSpec, only: Collection[str] | None = None) -> None:
        """Start the task's containers, or those named in `only`; the rest may follow by later calls.

        Images must be there. A container that exists is kept as it is. One that is not named is not
        made, so it is not listed. With none named, a task of several containers or of one that `restarts`
        gets its address.
        """
        ...

    async def restart(self, task_id: str, container: str) -> None:
        """Run an exited container that `restarts` again, as it was; one that runs is left alone. NotThere."""
        ...

    async def stop_task(self, task_id: str, timeout: int | None = None) -> None:
        """SIGTERM, each container's stop timeout (or `timeout`), SIGKILL. It stays listed, exited.

        A container is stopped when those that depend on it have ended.
        """
        ...

    async def remove_task(self, task_id: str) -> None:
        """Remove the task's containers, running or not, and free its address; gone already is done."""
        ...

    async def list_tasks(self) -> list[TaskSeen]:
        """Every task of this instance, running or exited."""
        ...

    async def usage(self) -> Mapping[str, Usage]:
        """What every task of which something runs has used, by its id. It takes the engine some
        milliseconds for each container."""
        ...

    def events(self) -> AsyncIterator[str]:
        """Ids of tasks in which something happened (started, died, health changed), as it happens."""
        ...

    def logs(self, task_id: str, container: str, since: datetime | None = None) -> AsyncIterator[LogLine]:
        """What the container printed after `since`, then what it prints, until it has exited."""
        ...

    async def execute(self, task_id: str, container: str, command: Sequence[str]) -> Terminal:
        """Run `command` inside a running container; NotThere when it does not run, Refused when there
        is no such command (some engines say so only at the first `read`)."""
        ...

    async def hang_up(self) -> None:
        """Hang up every command of an `execute` that is not ours: its daemon died with the connection."""
        ...

    async def remove_everything(self) -> None:
        """Remove every container and network of this instance."""
        ...
