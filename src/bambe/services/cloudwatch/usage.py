"""Looks at what tasks use, once a minute, and writes it into AWS/ECS: of what they have reserved, in percent.

Processor time is counted by the engine since a container began; what a look finds was used since the one
before. So a task has its first value a minute after it is first seen, and one that comes back begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bambe.control import Key
from bambe.engines.containers.port import Containers, TaskSeen, Usage
from bambe.kernel.call import Aws, Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.cloudwatch import tables
from bambe.services.cloudwatch.model import MINUTE, Metric, resolution, tick_after
from bambe.services.cloudwatch.points import Point

TASKS: Key = ("tasks",)
OFTEN = 5.0
"""The least seconds between looks, in a rehearsal."""
KIND, ECS = "bambe.kind", "ecs"
ACCOUNT, REGION, CLUSTER, SERVICE, TASK = (
    f"bambe.{word}" for word in ("account", "region", "cluster", "service", "token")
)
"""The labels by which ECS knows its tasks again."""
MIB, UNITS = 1024 * 1024, 1024.0
AT_ONCE = 100
"""DescribeTasks takes no more."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a task has reserved: processors, and bytes."""

    cpus: float
    memory: float


class UsageLoop:
    """One key for all tasks. It asks the engine nothing where no service has a task."""

    name = "cloudwatch.usage"

    def __init__(self, store: Store, clock: Clock, aws: Aws, containers: Containers) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws
        self._containers = containers
        self._sizes: dict[str, Size] = {}
        self._before: dict[str, tuple[datetime, float]] = {}
        self._next: datetime | None = None

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return ()

    async def keys(self) -> Iterable[Key]:
        return (TASKS,)

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """Nothing to write on; the next look finds what was used meanwhile."""

    async def reconcile(self, key: Key) -> datetime | None:
        now = self._clock.now()
        if self._next is None or now >= self._next:
            every = timedelta(seconds=max(OFTEN, MINUTE / self._clock.scale))
            self._next = tick_after(now, every)
            await self._look(now, now - every / 2)
        return self._next

    async def _look(self, now: datetime, at: datetime) -> None:
        tasks = {one.id: one for one in await self._containers.list_tasks() if _is_of_service(one)}
        self._sizes = {id: size for id, size in self._sizes.items() if id in tasks}
        self._before = {id: seen for id, seen in self._before.items() if id in tasks}
        if not tasks:
            return
        used = await self._containers.usage()
        await self._measure([one for id, one in tasks.items() if id in used and id not in self._sizes])
        values: list[tuple[TaskSeen, str, float]] = []
        for id, task in tasks.items():
            if id in used and id in self._sizes:
                values += [(task, name, value) for name, value in self._shares(id, used[id], now)]
        width = resolution(MINUTE, self._clock.scale)
        if values:
            await self._store.write(lambda tx: _write(tx, values, int(at.timestamp()), width))

    def _shares(self, id: str, used: Usage, now: datetime) -> Iterable[tuple[str, float]]:
        size, before = self._sizes[id], self._before.get(id)
        self._before[id] = (now, used.cpu_seconds)
        if before is not None and now > before[0] and used.cpu_seconds >= before[1]:
            busy = (used.cpu_seconds - before[1]) / (now - before[0]).total_seconds()
            yield "CPUUtilization", 100 * busy / size.cpus
        yield "MemoryUtilization", 100 * used.memory / size.memory

    async def _measure(self, tasks: Iterable[TaskSeen]) -> None:
        """Ask ECS what these tasks have reserved; one that is gone by now is left out."""
        clusters: dict[tuple[str, str, str], dict[str, str]] = {}
        for task in tasks:
            said = task.labels
            place = (said[ACCOUNT], said[REGION], said[CLUSTER])
            clusters.setdefault(place, {})[said[TASK]] = task.id
        for (account, region, cluster), ids in clusters.items():
            ecs, names = self._aws.within(account, region).ecs, sorted(ids)
            for first in range(0, len(names), AT_ONCE):
                answer = await ecs.describe_tasks(cluster=cluster, tasks=names[first : first + AT_ONCE])
                for shown in answer["tasks"]:
                    size = _size(shown)
                    if size is not None:
                        self._sizes[ids[shown["taskArn"].rsplit("/", 1)[1]]] = size


def _is_of_service(task: TaskSeen) -> bool:
    return task.labels.get(KIND) == ECS and bool(task.labels.get(SERVICE))


def _size(shown: Mapping[str, Any]) -> Size | None:
    cpu, memory = float(shown.get("cpu") or 0), float(shown.get("memory") or 0)
    return Size(cpu / UNITS, memory * MIB) if cpu and memory else None


def _write(tx: Tx, values: Iterable[tuple[TaskSeen, str, float]], at: int, width: int) -> None:
    for task, name, value in values:
        said = task.labels
        dimensions = (("ClusterName", said[CLUSTER]), ("ServiceName", said[SERVICE]))
        metric = Metric("AWS/ECS", name, dimensions)
        place = (said[ACCOUNT], said[REGION])
        tables.add(tx, place, metric, at, width, "Percent", Point(1, value, value, value))
