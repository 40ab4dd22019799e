"""What the engine runs, listed once for all who ask at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bambe.engines.containers.port import Containers, TaskSeen


class Sightings:
    """`look` answers from a listing that began after it was called; callers share listings."""

    def __init__(self, containers: Containers) -> None:
        self._containers = containers
        self._next: asyncio.Task[Mapping[str, TaskSeen]] | None = None
        self._turn = asyncio.Lock()

    async def look(self) -> Mapping[str, TaskSeen]:
        """Every task of this installation, by its id."""
        if self._next is None:
            self._next = asyncio.create_task(self._list())
        return await asyncio.shield(self._next)

    async def _list(self) -> Mapping[str, TaskSeen]:
        async with self._turn:
            # Whoever asks from here on may have seen something newer than this listing will show.
            self._next = None
            return {task.id: task for task in await self._containers.list_tasks()}
