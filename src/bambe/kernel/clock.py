"""Time, and the only module that may ask the machine for it.

Timestamps are always the machine's own, in UTC. What a rehearsal shortens is *waits*: the canary
interval, the termination wait and whatever else AWS counts in minutes. They become deadlines
through `after`, which divides by the clock's scale; what the machine needs for its work (starting
a container, a health check) is never scaled.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the time is, when a wait is over, and a way to let time pass."""

    @property
    def scale(self) -> float:
        """How many seconds of a wait pass in one second of the machine; 1.0 outside rehearsals."""
        ...

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...

    def after(self, wait: timedelta) -> datetime:
        """The deadline of a wait that begins now: store it in a column, compare it with `now`."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` of the machine's time pass (never scaled)."""
        ...


class SystemClock:
    """The machine's clock. `scale` above 1 shortens waits (30 minutes at scale 60 are 30 seconds)."""

    def __init__(self, scale: float = 1.0) -> None:
        if scale <= 0:
            raise ValueError("a clock's scale is above 0")
        self._scale = scale

    @property
    def scale(self) -> float:
        return self._scale

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251

    def after(self, wait: timedelta) -> datetime:
        return self.now() + wait / self._scale

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)  # noqa: TID251


class ManualClock:
    """A clock that stands still until a test moves it; sleepers wake when their time has come."""

    def __init__(self, start: datetime | None = None, scale: float = 1.0) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._scale = scale
        self._order = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Event]] = []

    @property
    def scale(self) -> float:
        return self._scale

    def now(self) -> datetime:
        return self._now

    def after(self, wait: timedelta) -> datetime:
        return self._now + wait / self._scale

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)  # noqa: TID251
            return
        event = asyncio.Event()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=seconds), next(self._order), event))
        await event.wait()

    async def advance(self, seconds: float) -> None:
        """Move time on, waking each sleeper at its own moment and letting it run."""
        end = self._now + timedelta(seconds=seconds)
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            when, _, event = heapq.heappop(self._sleepers)
            self._now = max(self._now, when)
            event.set()
            await self._settle()
        self._now = end
        await self._settle()

    async def _settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)  # noqa: TID251


def monotonic() -> float:
    """Seconds of a clock that never goes back, for measuring how long something took."""
    return time.monotonic()
