"""Follows what containers print into their streams, and forgets events past their retention."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from bambe.control import Key, Reconciler
from bambe.engines.containers.port import Containers, ContainerSeen, State, TaskSeen
from bambe.kernel.call import Site, Store
from bambe.kernel.clock import Clock
from bambe.kernel.errors import BambeError, NotThere
from bambe.services.logs import tables
from bambe.services.logs.model import to_ms
from bambe.services.logs.shipping import Shipping, Target, tell_failure

log = logging.getLogger("bambe.logs")

ALL: Key = ("containers",)
TICK = timedelta(microseconds=1)
AGAIN = 1.0
EXPIRED_AT_ONCE = 5000
NEXT_EXPIRY = timedelta(minutes=10)


class Ship:
    """One reader per container with a log group. A silent container costs its open stream, no more."""

    name = "logs.ship"

    def __init__(self, store: Store, clock: Clock, containers: Containers, site: Site) -> None:
        self._clock = clock
        self._containers = containers
        self._site = site
        self._shipping = Shipping(store, clock)
        self._readers: dict[str, asyncio.Task[None]] = {}
        self._read: set[tuple[str, datetime | None]] = set()
        """Lives of containers read to their end: they had exited before the reading began."""
        self._listed: set[str] | None = None
        self._wake: Callable[[Key], None] = lambda key: None

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return ()

    async def keys(self) -> Iterable[Key]:
        return (ALL,)

    async def listen(self, wake: Callable[[Key], None]) -> None:
        self._wake = wake
        wake(ALL)
        try:
            async for _ in self._containers.events():
                wake(ALL)
        except asyncio.CancelledError:
            await self._stop()
            raise

    async def _stop(self) -> None:
        for reader in self._readers.values():
            reader.cancel()
        await asyncio.gather(*self._readers.values(), return_exceptions=True)
        await self._shipping.stop()

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        await self._shipping.retry()
        tasks = await self._containers.list_tasks()
        listed = {c.runtime_id for task in tasks for c in task.containers if c.log_group}
        self._readers = {id: reader for id, reader in self._readers.items() if not reader.done()}
        for task in tasks:
            for container in task.containers:
                self._look(task, container)
        if listed != self._listed and (self._listed is None or self._listed - listed):
            await self._shipping.forget(listed | set(self._readers))
        self._listed = listed
        self._read = {life for life in self._read if life[0] in listed}
        return None

    def _look(self, task: TaskSeen, container: ContainerSeen) -> None:
        id = container.runtime_id
        if not container.log_group or id in self._readers or _life(container) in self._read:
            return
        if container.state is State.PENDING:
            return
        self._readers[id] = asyncio.create_task(self._follow(task, container), name=f"logs.ship:{id[:12]}")
        self._readers[id].add_done_callback(tell_failure)

    async def _follow(self, task: TaskSeen, container: ContainerSeen) -> None:
        target = self._target(task, container)
        try:
            await self._ship(target, task, container)
        except NotThere:
            pass
        except BambeError as error:
            log.info("reading the output of %s/%s broke off: %s", task.id, container.name, error)
            await self._clock.sleep(AGAIN)
            self._wake(ALL)
            return
        if container.state is State.EXITED:
            self._read.add(_life(container))

    async def _ship(self, target: Target, task: TaskSeen, container: ContainerSeen) -> None:
        cursor = await self._shipping.begin(target)
        since = cursor.at - TICK if cursor else None
        seen = cursor.count if cursor else 0
        try:
            async for line in self._containers.logs(task.id, container.name, since):
                if cursor is not None and seen and line.at == cursor.at:
                    seen -= 1
                    continue
                await self._shipping.add(target, line)
        finally:
            await self._shipping.flush()

    def _target(self, task: TaskSeen, container: ContainerSeen) -> Target:
        return Target(
            runtime_id=container.runtime_id,
            account=task.labels.get("bambe.account", self._site.account),
            region=task.labels.get("bambe.region", self._site.region),
            group=container.log_group,
            stream=container.log_stream or f"{container.name}/{task.id}",
            makes_group=task.labels.get("bambe.log-group") != "exists",
        )


def _life(container: ContainerSeen) -> tuple[str, datetime | None]:
    """One run of a container: a restarted one is the same container, and has more to say."""
    return container.runtime_id, container.started_at


class Retention:
    """One group with a retention per key."""

    name = "logs.retention"

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return (key,) if table == tables.GROUPS.name else ()

    async def keys(self) -> Iterable[Key]:
        groups = await self._store.read(lambda tx: tables.GROUPS.list(tx))
        return [tables.GROUPS.key_of(group) for group in groups if group.retention_days]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        group = await self._store.read(lambda tx: tables.GROUPS.find(tx, *key))
        if group is None or not group.retention_days:
            return None
        now = self._clock.now()
        before = to_ms(now - timedelta(days=group.retention_days))
        gone = await self._store.write(lambda tx: tables.expire(tx, group, before, EXPIRED_AT_ONCE))
        return now if gone == EXPIRED_AT_ONCE else now + NEXT_EXPIRY


def reconcilers(store: Store, clock: Clock, containers: Containers, site: Site) -> Sequence[Reconciler]:
    """Both loops of CloudWatch Logs."""
    return (Ship(store, clock, containers, site), Retention(store, clock))
