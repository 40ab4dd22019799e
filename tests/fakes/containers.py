"""Containers in memory: they run when told to start, and do what a test says."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from ipaddress import IPv4Address

from bambe.engines.containers.port import (
    ContainerSeen,
    ContainerSpec,
    Health,
    LogLine,
    Network,
    State,
    TaskSeen,
    TaskSpec,
    Usage,
)
from bambe.kernel.clock import Clock, ManualClock
from bambe.kernel.errors import EngineError, NotThere, Refused, Unavailable
from tests.fakes.terminal import FakeTerminal

FIRST_ADDRESS = int(IPv4Address("10.200.0.2"))
NETWORK = Network("bambe-fake", "bam-fake", "10.200.0.0/16", "10.200.0.1")


@dataclass(slots=True)
class _Task:
    spec: TaskSpec
    address: str
    containers: dict[str, ContainerSeen]
    lines: dict[str, list[LogLine]] = field(default_factory=dict)


class FakeContainers:
    """`Containers` without an engine.

    What a test may set: `images` (the references that exist; None for all), `running` (whether a
    started container runs at once or stays pending until `run`), `health` (what a health check says
    once its container runs), `down` (the engine does not answer). What a test may read: `specs`,
    `pulled`, `started` (task ids in the order they were started), `stopped`, `ended` (task id and
    container, in the order `stop_task` ended them), `terminals` (all that `execute` has opened). `used` is
    what tasks have used, `looked` how often somebody asked.
    """

    def __init__(self, clock: Clock | None = None, *, images: Iterable[str] | None = None) -> None:
        self.clock = clock or ManualClock()
        self.images = None if images is None else set(images)
        self.running = True
        self.health = Health.HEALTHY
        self.down = False
        self.pulled: list[str] = []
        self.started: list[str] = []
        self.stopped: list[str] = []
        self.ended: list[tuple[str, str]] = []
        self.terminals: list[FakeTerminal] = []
        self._tasks: dict[str, _Task] = {}
        self._refusals: dict[str, EngineError] = {}
        self.used: dict[str, Usage] = {}
        self.looked = 0
        self._watchers: set[asyncio.Queue[str]] = set()
        self._addresses = 0
        self._readers: set[asyncio.Event] = set()

    @property
    def specs(self) -> dict[str, TaskSpec]:
        """The specs of all tasks, by id."""
        return {task_id: task.spec for task_id, task in self._tasks.items()}

    def task(self, task_id: str) -> TaskSeen:
        """One task as `list_tasks` shows it."""
        return self._seen(self._tasks[task_id])

    def run(self, task_id: str) -> None:
        """Let the pending containers of a task run."""
        for seen in list(self._tasks[task_id].containers.values()):
            if seen.state is State.PENDING:
                self._run(self._tasks[task_id], seen.name)
        self._happened(task_id)

    def exit(self, task_id: str, container: str | None = None, code: int = 0, reason: str = "") -> None:
        """Let a container (or all of them) end by itself."""
        task = self._tasks[task_id]
        for name in [container] if container else list(task.containers):
            self._exit(task, name, code, reason)
        self._happened(task_id)

    def set_health(self, task_id: str, health: Health, container: str | None = None) -> None:
        """Let the health check of a container (or of all that have one) say `health`."""
        task = self._tasks[task_id]
        for spec in task.spec.containers:
            if spec.name not in task.containers:
                continue
            if spec.health_check is not None and container in (None, spec.name):
                task.containers[spec.name] = replace(task.containers[spec.name], health=health)
        self._happened(task_id)

    def fail_start(self, image: str, error: EngineError | None) -> None:
        """Refuse to start containers of `image` (None: no longer)."""
        if error is None:
            self._refusals.pop(image, None)
        else:
            self._refusals[image] = error

    def print(self, task_id: str, container: str, text: str, stream: str = "stdout") -> None:
        """Let a container print a line."""
        line = LogLine(self.clock.now(), stream, text)
        self._tasks[task_id].lines.setdefault(container, []).append(line)
        self._wake()

    async def start(self) -> Network:
        self._answer()
        return NETWORK

    async def stop(self) -> None:
        pass

    async def pull(self, image: str, username: str = "", password: str = "") -> str:
        self._answer()
        self._have(image)
        self.pulled.append(image)
        return _digest(image)

    async def start_task(self, spec: TaskSpec, only: Collection[str] | None = None) -> None:
        self._answer()
        if not spec.containers:
            raise Refused(f"Task {spec.id} has no containers.")
        wanted = [c for c in spec.containers if only is None or c.name in only]
        if spec.id in self._tasks:
            self._refuse_again(self._tasks[spec.id], wanted)
        there = self._tasks[spec.id].containers if spec.id in self._tasks else {}
        wanted = [c for c in wanted if c.name not in there]
        if not wanted and (spec.id in self._tasks or not _keeps_address(spec)):
            return
        for container in wanted:
            self._have(container.image)
        task = self._tasks[spec.id] = self._tasks.get(spec.id) or self._begun(spec)
        task.spec = spec
        made = {**there, **{c.name: _made(spec, c) for c in wanted}}
        task.containers = {c.name: made[c.name] for c in spec.containers if c.name in made}
        for container in wanted:
            if (error := self._refusals.get(container.image)) is not None:
                self._exit(task, container.name, 127, str(error))
                self._happened(spec.id)
                raise error
            if self.running:
                self._run(task, container.name)
        self._happened(spec.id)

    async def restart(self, task_id: str, container: str) -> None:
        self._answer()
        task = self._tasks.get(task_id)
        if task is None or container not in task.containers:
            raise NotThere(f"No such container: {task_id}/{container}.")
        if task.containers[container].state is State.EXITED:
            again = replace(task.containers[container], exit_code=None, reason="", finished_at=None)
            task.containers[container] = again
            self._run(task, container)
            self._happened(task_id)

    async def stop_task(self, task_id: str, timeout: int | None = None) -> None:
        self._answer()
        task = self._tasks.get(task_id)
        if task is None:
            return
        self.stopped.append(task_id)
        for name in _stop_order(task):
            seen = task.containers[name]
            if seen.state is not State.EXITED:
                self.ended.append((task_id, name))
                self._exit(task, name, 143 if seen.state is State.RUNNING else None)
        task.address = ""
        self._happened(task_id)

    async def remove_task(self, task_id: str) -> None:
        self._answer()
        if self._tasks.pop(task_id, None) is not None:
            self._happened(task_id)

    async def list_tasks(self) -> list[TaskSeen]:
        self._answer()
        return [self._seen(task) for task in self._tasks.values()]

    async def usage(self) -> dict[str, Usage]:
        self._answer()
        self.looked += 1
        running = [
            id
            for id, task in self._tasks.items()
            if any(one.state is State.RUNNING for one in task.containers.values())
        ]
        return {id: self.used.get(id, Usage(0.01, 1024 * 1024)) for id in running}

    async def events(self) -> AsyncIterator[str]:
        self._answer()
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._watchers.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._watchers.discard(queue)

    async def logs(
        self, task_id: str, container: str, since: datetime | None = None
    ) -> AsyncIterator[LogLine]:
        self._answer()
        task = self._tasks.get(task_id)
        if task is None or container not in task.containers:
            raise NotThere(f"No such container: {task_id}/{container}.")
        told, moved = 0, asyncio.Event()
        self._readers.add(moved)
        try:
            while True:
                moved.clear()
                lines = task.lines.get(container, [])
                for line in lines[told:]:
                    told += 1
                    if since is None or line.at > since:
                        yield line
                if told < len(lines):
                    continue
                if task.containers[container].state is State.EXITED or task_id not in self._tasks:
                    return
                await moved.wait()
        finally:
            self._readers.discard(moved)

    async def execute(self, task_id: str, container: str, command: Sequence[str]) -> FakeTerminal:
        self._answer()
        task = self._tasks.get(task_id)
        seen = task.containers.get(container) if task else None
        if seen is None or seen.state is not State.RUNNING:
            raise NotThere(f"The container {task_id}/{container} does not run.")
        self.terminals.append(FakeTerminal(command))
        return self.terminals[-1]

    async def hang_up(self) -> None:
        self._answer()

    async def remove_everything(self) -> None:
        self._answer()
        for task_id in list(self._tasks):
            await self.remove_task(task_id)

    def _answer(self) -> None:
        if self.down:
            raise Unavailable("The Docker Engine does not answer at fake://: start it.")

    def _have(self, image: str) -> None:
        if self.images is not None and image not in self.images:
            raise NotThere(f"No such image: {image}.")

    def _begun(self, spec: TaskSpec) -> _Task:
        self._addresses += 1
        self.started.append(spec.id)
        return _Task(spec, str(IPv4Address(FIRST_ADDRESS + self._addresses - 1)), {})

    def _refuse_again(self, task: _Task, wanted: Iterable[ContainerSpec]) -> None:
        for container in wanted:
            error = self._refusals.get(container.image)
            if container.name not in task.containers:
                continue
            if error is not None and task.containers[container.name].started_at is None:
                raise error

    def _run(self, task: _Task, name: str) -> None:
        spec = next(c for c in task.spec.containers if c.name == name)
        health = Health.NONE if spec.health_check is None else self.health
        task.containers[name] = replace(
            task.containers[name], state=State.RUNNING, health=health, started_at=self.clock.now()
        )

    def _exit(self, task: _Task, name: str, code: int | None, reason: str = "") -> None:
        task.containers[name] = replace(
            task.containers[name],
            state=State.EXITED,
            health=Health.NONE,
            exit_code=code,
            reason=reason,
            finished_at=self.clock.now(),
        )
        if len(task.spec.containers) == 1 and not task.spec.containers[0].restarts:
            task.address = ""

    def _happened(self, task_id: str) -> None:
        for queue in self._watchers:
            queue.put_nowait(task_id)
        self._wake()

    def _wake(self) -> None:
        for reader in self._readers:
            reader.set()

    def _seen(self, task: _Task) -> TaskSeen:
        return TaskSeen(task.spec.id, dict(task.spec.labels), task.address, tuple(task.containers.values()))


def _stop_order(task: _Task) -> list[str]:
    """The names of a task's containers, each after all that depend on it."""
    needs = {c.name: set(c.depends_on) for c in task.spec.containers if c.name in task.containers}
    order: list[str] = []
    while needs:
        free = [n for n in needs if not any(n in others for others in needs.values())] or list(needs)
        order += free
        needs = {n: others for n, others in needs.items() if n not in free}
    return order


def _keeps_address(spec: TaskSpec) -> bool:
    return len(spec.containers) > 1 or spec.containers[0].restarts


def _made(task: TaskSpec, container: ContainerSpec) -> ContainerSeen:
    return ContainerSeen(
        name=container.name,
        runtime_id=hashlib.sha256(f"{task.id}/{container.name}".encode()).hexdigest(),
        image=container.image,
        image_digest=_digest(container.image),
        state=State.PENDING,
        health=Health.NONE,
        log_group=container.log_group,
        log_stream=container.log_stream,
    )


def _digest(image: str) -> str:
    if "@" in image:
        return image.rpartition("@")[2]
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"
