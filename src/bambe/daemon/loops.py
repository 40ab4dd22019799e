"""All reconcilers of all services, started as soon as the parts they ask for exist."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from bambe.control import Key, Runner
from bambe.daemon.wiring import MissingPart, provide
from bambe.kernel.clock import Clock
from bambe.services import Folder, Registry, Service
from bambe.store import Database


class Loops:
    """The runners; `start` may be called again when more parts have come."""

    def __init__(self, services: Registry, store: Database, clock: Clock) -> None:
        self._waiting: dict[str, Service | Folder] = dict(services)
        self._store = store
        self._clock = clock
        self._runners: list[Runner] = []
        store.listen(self._changed)

    def start(self, parts: Mapping[str, Any]) -> None:
        """Start the loops of every service whose parts are all there."""
        for service in list(self._waiting.values()):
            if service.reconcilers is None:
                del self._waiting[service.name]
                continue
            try:
                reconcilers = provide(service.reconcilers, parts)
            except MissingPart:
                continue
            del self._waiting[service.name]
            for reconciler in reconcilers:
                runner = Runner(reconciler, self._clock)
                self._runners.append(runner)
                runner.start()

    async def stop(self) -> None:
        """End all loops; passes under way may finish."""
        await asyncio.gather(*(runner.stop() for runner in self._runners))

    async def keys(self) -> list[tuple[Runner, list[Key]]]:
        """Every key of every loop as it stands."""
        return [(runner, list(await runner.reconciler.keys())) for runner in self._runners]

    @property
    def waiting(self) -> Sequence[str]:
        """Services whose loops wait for an engine."""
        return sorted(self._waiting)

    def _changed(self, changes: Sequence[tuple[str, Key]]) -> None:
        for runner in self._runners:
            runner.changed(changes)
