"""The runner: wakes, backs off, resyncs, and records failures on the resource."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from bambe.control import Key, Runner
from bambe.kernel.clock import ManualClock
from bambe.kernel.errors import Unavailable

A: Key = ("a",)


class Loop:
    """A reconciler that writes down its passes and does as the test says."""

    name = "test.loop"

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.passes: list[datetime] = []
        self.failures: list[Exception] = []
        self.does: Callable[[], datetime | None] = lambda: None

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [key] if table == "mine" else []

    async def keys(self) -> Iterable[Key]:
        return [A]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        self.passes.append(self.clock.now())
        return self.does()

    async def failed(self, key: Key, error: Exception) -> None:
        self.failures.append(error)


async def test_every_key_is_looked_at_at_the_start_and_at_each_resync() -> None:
    clock = ManualClock()
    loop = Loop(clock)
    runner = Runner(loop, clock, resync=30)
    runner.start()
    await clock.advance(1)
    assert len(loop.passes) == 1
    await clock.advance(30)
    assert len(loop.passes) == 2
    await runner.stop()


async def test_only_changes_that_concern_it_wake_it() -> None:
    clock = ManualClock()
    loop = Loop(clock)
    runner = Runner(loop, clock)
    runner.start()
    await clock.advance(0)
    runner.changed([("mine", A), ("other", A)])
    await clock.advance(0)
    assert len(loop.passes) == 2
    await runner.stop()


async def test_a_pass_says_when_to_look_again() -> None:
    clock = ManualClock()
    loop = Loop(clock)
    loop.does = lambda: clock.now() + timedelta(seconds=5)
    runner = Runner(loop, clock, resync=1000)
    runner.start()
    await clock.advance(11)
    assert [(at - loop.passes[0]).total_seconds() for at in loop.passes] == [0, 5, 10]
    await runner.stop()


async def test_a_failing_key_backs_off_and_starts_afresh_after_a_good_pass() -> None:
    clock = ManualClock()
    loop = Loop(clock)

    def fail() -> None:
        raise Unavailable("no engine")

    loop.does = fail
    runner = Runner(loop, clock, resync=10_000)
    runner.start()
    await clock.advance(3.5)
    gaps = [(b - a).total_seconds() for a, b in zip(loop.passes, loop.passes[1:], strict=False)]
    assert gaps == [0.2, 0.4, 0.8, 1.6]
    assert all(isinstance(error, Unavailable) for error in loop.failures)
    loop.does = lambda: None
    await clock.advance(60)
    settled = len(loop.passes)
    await clock.advance(1000)
    assert len(loop.passes) == settled
    await runner.stop()


async def test_passes_over_one_key_never_overlap_and_other_keys_go_on() -> None:
    clock = ManualClock()
    loop = Loop(clock)
    gate = asyncio.Event()
    running: list[Key] = []

    async def reconcile(key: Key) -> datetime | None:
        assert key not in running
        running.append(key)
        if key == A:
            await gate.wait()
        running.remove(key)
        loop.passes.append(clock.now())
        return None

    loop.reconcile = reconcile  # type: ignore[method-assign]
    runner = Runner(loop, clock)
    runner.start()
    await clock.advance(0)
    runner.wake([A, ("b",)])
    await clock.advance(0)
    assert running == [A]
    assert len(loop.passes) == 1
    gate.set()
    await clock.advance(0)
    assert len(loop.passes) == 3
    await runner.stop()


class Deaf(Loop):
    """Its engine's events break off after `lasts` seconds, each time."""

    def __init__(self, clock: ManualClock, lasts: float) -> None:
        super().__init__(clock)
        self._lasts = lasts
        self.began: list[float] = []
        self._start = clock.now()

    async def listen(self, wake: Callable[[Key], None]) -> None:
        self.began.append((self.clock.now() - self._start).total_seconds())
        await self.clock.sleep(self._lasts)
        raise Unavailable("the stream of events has ended")


async def test_what_happened_while_nobody_listened_is_looked_at() -> None:
    clock = ManualClock()
    loop = Deaf(clock, lasts=5)
    runner = Runner(loop, clock, resync=1000)
    runner.start()
    await clock.advance(5.3)
    assert loop.began == [0, 5.2]
    assert [(at - loop.passes[0]).total_seconds() for at in loop.passes] == [0, 5.2]
    await runner.stop()


async def test_an_engine_that_never_speaks_is_listened_to_less_and_less_often() -> None:
    clock = ManualClock()
    loop = Deaf(clock, lasts=0)
    runner = Runner(loop, clock, resync=1000)
    runner.start()
    await clock.advance(100)
    gaps = [after - before for before, after in zip(loop.began, loop.began[1:], strict=False)]
    assert gaps == sorted(gaps)
    assert gaps[-1] >= 20
    await runner.stop()


async def test_events_that_broke_off_long_ago_do_not_delay_listening_again() -> None:
    clock = ManualClock()
    loop = Deaf(clock, lasts=60)
    runner = Runner(loop, clock, resync=1000)
    runner.start()
    await clock.advance(700)
    gaps = [after - before for before, after in zip(loop.began, loop.began[1:], strict=False)]
    assert len(gaps) > 8
    assert max(gaps) <= 61
    await runner.stop()
