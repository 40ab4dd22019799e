"""Drives reconcilers: wakes them, runs passes side by side, backs off from failures, resyncs."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from bambe.control.queue import KeyQueue
from bambe.control.reconciler import Key, Reconciler
from bambe.kernel.clock import Clock
from bambe.kernel.errors import BambeError

log = logging.getLogger("bambe.control")

FIRST_BACKOFF = 0.2
LAST_BACKOFF = 30.0


class Runner:
    """One reconciler's loop. `start` it; `stop` lets passes under way end within `grace` seconds."""

    def __init__(
        self, reconciler: Reconciler, clock: Clock, *, limit: int = 16, resync: float = 30.0
    ) -> None:
        self.reconciler = reconciler
        self.queue = KeyQueue()
        self._clock = clock
        self._slots = asyncio.Semaphore(limit)
        self._resync = resync
        self._failures: defaultdict[Key, int] = defaultdict(int)
        self._passes: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin; every key is looked at once, since at boot nothing is assumed."""
        name = self.reconciler.name
        self._tasks = [
            asyncio.create_task(self._work(), name=f"{name}:work"),
            asyncio.create_task(self._resyncs(), name=f"{name}:resync"),
            asyncio.create_task(self._listen(), name=f"{name}:listen"),
        ]

    async def stop(self, grace: float = 5.0) -> None:
        """End the loop; a pass that outlives `grace` is cancelled (the next start goes on)."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._passes:
            _, late = await asyncio.wait(self._passes, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def changed(self, changes: Sequence[tuple[str, Key]]) -> None:
        """The store's change feed."""
        for table, key in changes:
            self.wake(self.reconciler.concerns(table, key))

    def wake(self, keys: Iterable[Key]) -> None:
        """Look at `keys` as soon as possible."""
        for key in keys:
            self.queue.add(key)

    async def once(self) -> None:
        """Work until nothing is ready; for tests with a manual clock."""
        while (key := self.queue.take(self._clock.now())) is not None:
            await self._pass(key)

    async def _work(self) -> None:
        while True:
            await self._slots.acquire()
            key = self.queue.take(self._clock.now())
            if key is None:
                self._slots.release()
                await self._wait()
                continue
            task = asyncio.create_task(self._pass_and_release(key), name=f"{self.reconciler.name}:{key}")
            self._passes.add(task)
            task.add_done_callback(self._passes.discard)

    async def _wait(self) -> None:
        due = self.queue.next_due()
        news = asyncio.ensure_future(self.queue.news())
        waits: set[asyncio.Future[None]] = {news}
        if due is not None:
            seconds = max(0.0, (due - self._clock.now()).total_seconds())
            waits.add(asyncio.ensure_future(self._clock.sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _pass_and_release(self, key: Key) -> None:
        try:
            await self._pass(key)
        finally:
            self._slots.release()

    async def _pass(self, key: Key) -> None:
        try:
            again = await self.reconciler.reconcile(key)
        except Exception as error:  # noqa: BLE001 - the one place where a loop may catch everything
            await self._back_off(key, error)
        else:
            self._failures.pop(key, None)
            if again is not None:
                self.queue.add_at(key, again)
        finally:
            self.queue.done(key)

    async def _back_off(self, key: Key, error: Exception) -> None:
        expected = isinstance(error, BambeError)
        log.log(
            logging.WARNING if expected else logging.ERROR,
            "%s %s: %s", self.reconciler.name, key, error, exc_info=None if expected else error,
        )  # fmt: skip
        wait = min(LAST_BACKOFF, FIRST_BACKOFF * 2 ** self._failures[key])
        self._failures[key] += 1
        self.queue.add_at(key, self._clock.now() + timedelta(seconds=wait))
        try:
            await self.reconciler.failed(key, error)
        except Exception:
            log.exception("%s %s: recording the failure failed", self.reconciler.name, key)

    async def _resyncs(self) -> None:
        while True:
            await self._look_at_all()
            await self._clock.sleep(self._resync)

    async def _look_at_all(self) -> None:
        try:
            self.wake(await self.reconciler.keys())
        except Exception:
            log.exception("%s: resync failed", self.reconciler.name)

    async def _listen(self) -> None:
        attempt = 0
        while True:
            began = self._clock.now()
            try:
                await self.reconciler.listen(self.queue.add)
                return
            except Exception as error:  # noqa: BLE001 - an engine's event stream may break any time
                log.warning("%s: listening broke off: %s", self.reconciler.name, error)
            if self._clock.now() - began > timedelta(seconds=LAST_BACKOFF):
                attempt = 0
            await self._clock.sleep(min(LAST_BACKOFF, FIRST_BACKOFF * 2**attempt))
            attempt += 1
            await self._look_at_all()  # nobody heard what happened meanwhile
