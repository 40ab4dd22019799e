"""A house that can be killed at any moment: from then on nothing is written or done until it starts again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

from bambe.engines.proxy.port import World
from bambe.kernel.call import Tx
from bambe.kernel.clock import ManualClock
from bambe.kernel.errors import Unavailable
from bambe.store import Database
from tests.fakes.containers import FakeContainers
from tests.fakes.proxy import FakeProxy
from tests.support.house import House

Result = TypeVar("Result")


class Fate:
    """Counts what has an effect; at the one it was set to, life ends just before it or just after."""

    def __init__(self) -> None:
        self.is_dead = False
        self._left: int | None = None
        self._after = False

    def set(self, effects: int, after: bool) -> None:
        """Die at the effect of that number from now on."""
        self._left, self._after = effects, after

    def reborn(self) -> None:
        self.is_dead, self._left = False, None

    def before(self) -> None:
        """Something is about to have an effect."""
        if self.is_dead:
            raise Unavailable("killed")
        if self._left is not None:
            self._left -= 1
            if self._left <= 0 and not self._after:
                self._die()

    def after(self) -> None:
        """Something had its effect; whoever asked for it may never hear."""
        if self._left is not None and self._left <= 0:
            self._die()

    def _die(self) -> None:
        self.is_dead = True
        raise Unavailable("killed")


class MortalStore(Database):
    def __init__(self, fate: Fate) -> None:
        super().__init__()
        self._fate = fate

    async def write(self, fn: Callable[[Tx], Result]) -> Result:
        self._fate.before()
        result = await super().write(fn)
        self._fate.after()
        return result


class MortalContainers(FakeContainers):
    def __init__(self, clock: ManualClock, fate: Fate) -> None:
        super().__init__(clock)
        self._fate = fate

    async def start_task(self, *arguments: Any) -> None:
        self._fate.before()
        await super().start_task(*arguments)
        self._fate.after()

    async def stop_task(self, task_id: str, timeout: int | None = None) -> None:
        self._fate.before()
        await super().stop_task(task_id, timeout)
        self._fate.after()

    async def remove_task(self, task_id: str) -> None:
        self._fate.before()
        await super().remove_task(task_id)
        self._fate.after()


class MortalProxy(FakeProxy):
    def __init__(self, fate: Fate) -> None:
        super().__init__()
        self._fate = fate

    async def apply(self, world: World) -> None:
        self._fate.before()
        await super().apply(world)
        self._fate.after()


class MortalHouse(House):
    """A house of some services; `fate.set` lets it die, `restart` is the next start."""

    def __init__(self, state: Path, services: Collection[str], scale: float = 1.0) -> None:
        self.fate = Fate()
        clock = ManualClock(scale=scale)
        super().__init__(
            state,
            clock=clock,
            store=MortalStore(self.fate),
            containers=MortalContainers(clock, self.fate),
            proxy=MortalProxy(self.fate),
        )
        self.services = {name: self.services[name] for name in services if name in self.services}
        self.dispatcher._registry = self.services

    def restart(self) -> None:
        self.fate.reborn()
        self.store._listeners.clear()
        super().restart()
        # On a busy machine a chore may take its time; tests wait for it.
        self.runners["ecs.task"].reconciler.chores.moment = 10.0  # type: ignore[attr-defined]

    async def settle(self, passes: int = 200) -> None:
        """As ever, each key looked at once and then at what changes; a house that dies has settled."""
        for runner in self.runners.values():
            runner.wake(await runner.reconciler.keys())
        for _ in range(passes):
            for runner in self.runners.values():
                if self.fate.is_dead:
                    return
                await runner.once()
            if all(runner.queue.idle for runner in self.runners.values()):
                return
        raise AssertionError("the loops do not settle")
