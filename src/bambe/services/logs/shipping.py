"""Lines of containers on their way into the store, each exactly once.

Lines of all containers go together: the first at once, then at most one write each 200 ms. A line and
the cursor that says it is stored are one transaction, so a crash repeats and loses none.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime

from bambe.engines.containers.port import LogLine
from bambe.kernel.call import Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.logs.model import Cursor, Group, Stream, to_ms
from bambe.services.logs.tables import CURSORS, GROUPS, STREAMS, add_events

log = logging.getLogger("bambe.logs")

PAUSE = 0.2
MOST_WAITING = 5000
"""Lines held in memory before reading waits for the store."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a container's lines go. Without `makes_group`, those for a missing group are dropped."""

    runtime_id: str
    account: str
    region: str
    group: str
    stream: str
    makes_group: bool = True


@dataclass(slots=True)
class _Batch:
    lines: dict[Target, list[LogLine]] = field(default_factory=dict)
    size: int = 0

    def followed_by(self, later: _Batch) -> _Batch:
        """Both, in order."""
        lines = {target: [*waiting] for target, waiting in self.lines.items()}
        for target, more in later.lines.items():
            lines[target] = [*lines.get(target, []), *more]
        return _Batch(lines, self.size + later.size)


class Shipping:
    """Collects lines and writes them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._batch = _Batch()
        self._writing = asyncio.Lock()
        self._pause: asyncio.Task[None] | None = None

    async def begin(self, target: Target) -> Cursor | None:
        """Have group and stream; how far this container was read before (nothing of it waits then)."""
        await self.flush()

        def write(tx: Tx) -> Cursor | None:
            _stream(tx, target, self._clock.now())
            return CURSORS.find(tx, target.runtime_id)

        return await self._store.write(write)

    async def add(self, target: Target, line: LogLine) -> None:
        """Take a line; returns at once unless too many wait."""
        self._batch.lines.setdefault(target, []).append(line)
        self._batch.size += 1
        if self._batch.size >= MOST_WAITING:
            await self.flush()
        elif self._pause is None or self._pause.done():
            self._pause = asyncio.create_task(self._write_and_pause(), name="logs.ship:write")
            self._pause.add_done_callback(tell_failure)

    async def flush(self) -> None:
        """Write what waits; afterwards everything taken before is stored."""
        async with self._writing:
            if not self._batch.size:
                return
            batch, self._batch = self._batch, _Batch()
            try:
                await self._store.write(lambda tx: self._store_lines(tx, batch))
            except BaseException:
                self._batch = batch.followed_by(self._batch)
                raise

    async def retry(self) -> None:
        """Write what a failed write left behind."""
        if self._pause is None or self._pause.done():
            await self.flush()

    async def forget(self, runtime_ids: set[str]) -> None:
        """Drop the cursors of all containers but these."""

        def write(tx: Tx) -> None:
            for cursor in CURSORS.list(tx):
                if cursor.runtime_id not in runtime_ids:
                    CURSORS.delete(tx, cursor.runtime_id)

        await self._store.write(write)

    async def stop(self) -> None:
        """Write no more; what waits is read again from the cursor."""
        self._batch = _Batch()
        if self._pause is not None:
            self._pause.cancel()
            await asyncio.gather(self._pause, return_exceptions=True)

    async def _write_and_pause(self) -> None:
        while self._batch.size:
            await self.flush()
            await self._clock.sleep(PAUSE)

    def _store_lines(self, tx: Tx, batch: _Batch) -> None:
        now = self._clock.now()
        for target, lines in batch.lines.items():
            # CloudWatch takes no empty event; Docker's own driver for it drops empty lines too.
            events = [(to_ms(line.at), line.text) for line in lines if line.text]
            stream = _stream(tx, target, now)
            if stream is not None:
                add_events(tx, stream, events, to_ms(now))
            CURSORS.put(tx, advance(CURSORS.find(tx, target.runtime_id), target.runtime_id, lines))


def advance(cursor: Cursor | None, runtime_id: str, lines: list[LogLine]) -> Cursor:
    """The cursor past `lines`, which come after it."""
    last = lines[-1].at
    count = sum(line.at == last for line in lines)
    if cursor is not None and cursor.at == last:
        count += cursor.count
    return Cursor(runtime_id, last, count)


def tell_failure(task: asyncio.Task[None]) -> None:
    """Into the log with what ended a task of ours; the next pass tries again."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s failed", task.get_name(), exc_info=error)


def _stream(tx: Tx, target: Target, now: datetime) -> Stream | None:
    """The stream, made where it is missing, with its group if it may; None without a group."""
    place = (target.account, target.region, target.group)
    if GROUPS.find(tx, *place) is None:
        if not target.makes_group:
            return None
        GROUPS.insert(tx, Group(*place, created=now))
    found = STREAMS.find(tx, *place, target.stream)
    if found is None:
        found = Stream(*place, target.stream, created=now)
        STREAMS.insert(tx, found)
    return found
