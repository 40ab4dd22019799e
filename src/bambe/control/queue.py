"""A queue of keys: a key is in it at most once and is worked by one task at a time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import datetime

from bambe.control.reconciler import Key


class KeyQueue:
    """Keys to look at now, keys to look at later, and keys being looked at."""

    def __init__(self) -> None:
        self._ready: dict[Key, None] = {}
        self._busy: set[Key] = set()
        self._again: set[Key] = set()
        self._later: list[tuple[datetime, int, Key]] = []
        self._due: dict[Key, datetime] = {}
        self._order = itertools.count()
        self._news = asyncio.Event()

    def add(self, key: Key) -> None:
        """Look at `key` as soon as possible; while it is being worked, once more afterwards."""
        if key in self._busy:
            self._again.add(key)
        else:
            self._ready[key] = None
            self._news.set()

    def add_at(self, key: Key, when: datetime) -> None:
        """Look at `key` at `when`, unless an earlier moment is set already."""
        due = self._due.get(key)
        if due is not None and due <= when:
            return
        self._due[key] = when
        heapq.heappush(self._later, (when, next(self._order), key))
        self._news.set()

    def take(self, now: datetime) -> Key | None:
        """A key to work on, or None; give it back with `done`."""
        self._promote(now)
        for key in self._ready:
            del self._ready[key]
            self._busy.add(key)
            return key
        return None

    def done(self, key: Key) -> None:
        """The pass over `key` has ended."""
        self._busy.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def next_due(self) -> datetime | None:
        """When the next later key becomes ready."""
        while self._later and self._due.get(self._later[0][2]) != self._later[0][0]:
            heapq.heappop(self._later)
        return self._later[0][0] if self._later else None

    @property
    def idle(self) -> bool:
        """Nothing ready and nothing being worked."""
        return not self._ready and not self._busy

    async def news(self) -> None:
        """Wait until something was added since the last call."""
        await self._news.wait()
        self._news.clear()

    def _promote(self, now: datetime) -> None:
        while (due := self.next_due()) is not None and due <= now:
            _, _, key = heapq.heappop(self._later)
            del self._due[key]
            self.add(key)
