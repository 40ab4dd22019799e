"""The tables of CloudWatch Logs; events have a table of their own kind, made for many small rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bambe.kernel.call import Tx
from bambe.services.logs.model import OVERHEAD, Cursor, Event, Group, Place, Stream, measure
from bambe.store import Migration, Table

GROUPS = Table("logs_groups", Group, ("account", "region", "name"))
STREAMS = Table("logs_streams", Stream, ("account", "region", "group", "name"))
CURSORS = Table("logs_cursors", Cursor, ("runtime_id",))
ROWS_AT_ONCE = 500


def _tables(tx: Tx) -> None:
    for table in (GROUPS, STREAMS, CURSORS):
        table.create(tx)
    tx.execute(
        "CREATE TABLE IF NOT EXISTS logs_events (id INTEGER PRIMARY KEY AUTOINCREMENT, account, region,"
        ' "group", stream, at_ms INTEGER, ingested_ms INTEGER, message TEXT)'
    )
    by_group, by_stream = (
        '(account, region, "group", at_ms, id)',
        '(account, region, "group", stream, at_ms, id)',
    )
    tx.execute(f"CREATE INDEX IF NOT EXISTS logs_events_by_group ON logs_events {by_group}")
    tx.execute(f"CREATE INDEX IF NOT EXISTS logs_events_by_stream ON logs_events {by_stream}")


MIGRATIONS = (Migration("logs/0001_tables", _tables),)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which events are asked for; `start` and `end` in milliseconds, `end` not included."""

    account: str
    region: str
    group: str
    streams: tuple[str, ...] = ()
    prefix: str = ""
    start: int | None = None
    end: int | None = None

    def where(self) -> tuple[str, list[Any]]:
        """The condition and its values."""
        parts, values = (
            ['account = ? AND region = ? AND "group" = ?'],
            [self.account, self.region, self.group],
        )
        more: list[Any] = []
        if self.streams:
            parts.append(f"stream IN ({', '.join('?' * len(self.streams))})")
            more += self.streams
        if self.prefix:
            parts.append("substr(stream, 1, ?) = ?")
            more += [len(self.prefix), self.prefix]
        if self.start is not None:
            parts.append("at_ms >= ?")
            more.append(self.start)
        if self.end is not None:
            parts.append("at_ms < ?")
            more.append(self.end)
        return " AND ".join(parts), [*values, *more]


def after(tx: Tx, scope: Scope, place: Place, limit: int) -> list[Event]:
    """Events past `place`, the earliest first."""
    where, values = scope.where()
    return _select(tx, f"{where} AND (at_ms, id) > (?, ?) ORDER BY at_ms, id", values, place, limit)


def until(tx: Tx, scope: Scope, place: Place, limit: int) -> list[Event]:
    """Events up to and with `place`, the latest first."""
    where, values = scope.where()
    order = f"{where} AND (at_ms, id) <= (?, ?) ORDER BY at_ms DESC, id DESC"
    return _select(tx, order, values, place, limit)


def _select(tx: Tx, rest: str, values: list[Any], place: Place, limit: int) -> list[Event]:
    sql = f"SELECT stream, at_ms, id, ingested_ms, message FROM logs_events WHERE {rest} LIMIT ?"
    rows = tx.execute(sql, (*values, place.at_ms, place.id, limit)).fetchall()
    return [Event(stream, Place(at, id), ingested, text) for stream, at, id, ingested, text in rows]


def add_events(tx: Tx, stream: Stream, events: Sequence[tuple[int, str]], now_ms: int) -> None:
    """Store (milliseconds, message) in a stream that exists."""
    if not events:
        return
    key = (stream.account, stream.region, stream.group, stream.name)
    for start in range(0, len(events), ROWS_AT_ONCE):
        part = events[start : start + ROWS_AT_ONCE]
        values = tuple(v for at, message in part for v in (*key, at, now_ms, message))
        marks = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(part))
        tx.execute(
            'INSERT INTO logs_events (account, region, "group", stream, at_ms, ingested_ms, message)'
            f" VALUES {marks}",
            values,
        )
    times = [at for at, _ in events]
    first = min(times) if stream.first_ms is None else min(stream.first_ms, *times)
    last = max(times) if stream.last_ms is None else max(stream.last_ms, *times)
    size = stream.stored_bytes + sum(measure(message) for _, message in events)
    STREAMS.update(tx, replace(stream, first_ms=first, last_ms=last, ingested_ms=now_ms, stored_bytes=size))


def delete_events(tx: Tx, account: str, region: str, group: str, stream: str = "") -> None:
    """Forget all events of a stream, or of a whole group."""
    sql, values = (
        'DELETE FROM logs_events WHERE account = ? AND region = ? AND "group" = ?',
        (account, region, group),
    )
    if stream:
        tx.execute(f"{sql} AND stream = ?", (*values, stream))
    else:
        tx.execute(sql, values)


def expire(tx: Tx, group: Group, before_ms: int, limit: int) -> int:
    """Forget at most `limit` events older than `before_ms`, the oldest first; how many."""
    place = (group.account, group.region, group.name)
    old = (
        'SELECT id FROM logs_events WHERE account = ? AND region = ? AND "group" = ? AND at_ms < ?'
        " ORDER BY at_ms, id LIMIT ?"
    )
    values = (*place, before_ms, limit)
    size = f"SUM(LENGTH(CAST(message AS BLOB)) + {OVERHEAD})"
    freed = tx.execute(f"SELECT stream, {size} FROM logs_events WHERE id IN ({old}) GROUP BY stream", values)
    for name, bytes_freed in freed.fetchall():
        _shrink(tx, (*place, name), bytes_freed)
    return int(tx.execute(f"DELETE FROM logs_events WHERE id IN ({old})", values).rowcount)


def _shrink(tx: Tx, key: tuple[str, ...], freed: int) -> None:
    stream = STREAMS.find(tx, *key)
    if stream is not None:
        STREAMS.update(tx, replace(stream, stored_bytes=max(0, stream.stored_bytes - freed)))
