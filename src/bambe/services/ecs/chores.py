"""Long work for one key (a pull, a stop) that must not hold up the loop's other passes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from bambe.control import Key

MOMENT = 0.2
"""Seconds a pass gives a chore before it goes on without it; most are done by then."""


class Chores:
    """At most one chore per key; `wake` is told the key when a chore is over that outlived its moment."""

    def __init__(self, moment: float = MOMENT) -> None:
        self.moment = moment
        self.wake: Callable[[Key], None] = lambda key: None
        self._running: dict[Key, tuple[str, asyncio.Task[None]]] = {}

    def running(self, key: Key) -> str:
        """What is being done for `key`, "" when nothing is."""
        return self._running[key][0] if key in self._running else ""

    async def begin(self, key: Key, name: str, work: Coroutine[Any, Any, None]) -> bool:
        """Start `work` and give it a moment; whether it is over. What it raised by then is raised here."""
        task = asyncio.create_task(work, name=f"ecs:{name}:{key}")
        self._running[key] = (name, task)
        await asyncio.wait({task}, timeout=self.moment)
        if not task.done():
            # Only now: a wake of what has failed already would undo the pause before the next try.
            task.add_done_callback(lambda _: self.wake(key))
        return self.finish(key)

    def finish(self, key: Key) -> bool:
        """Whether nothing is being done for `key` any more; raises what its last chore raised."""
        if key not in self._running:
            return True
        _, task = self._running[key]
        if not task.done():
            return False
        del self._running[key]
        if not task.cancelled():
            task.result()
        return True

    async def cancel(self, key: Key) -> None:
        """Break off what is being done for `key`."""
        if key in self._running:
            _, task = self._running.pop(key)
            task.cancel()
            await asyncio.wait({task})
