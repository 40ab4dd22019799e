"""The tables of CloudWatch; points have one of their own kind, made for many small rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from bambe.kernel.call import Tx
from bambe.services.cloudwatch.model import Alarm, AlarmState, HistoryItem, Metric, Notice
from bambe.services.cloudwatch.points import Bucket, Point, together
from bambe.services.cloudwatch.traffic import Counters
from bambe.store import Migration, Table

ALARMS = Table("cloudwatch_alarms", Alarm, ("account", "region", "name"))
STATES = Table("cloudwatch_states", AlarmState, ("account", "region", "name"))
HISTORY = Table("cloudwatch_history", HistoryItem, ("account", "region", "name", "number"), ("at",))
COUNTERS = Table("cloudwatch_counters", Counters, ("kind", "id"))
NOTICES = Table("cloudwatch_notices", Notice, ("account", "region", "id"))
HISTORY_KEPT = 100
"""Items of one alarm; AWS keeps those of thirty days."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[Bucket, ...]).decode
_pairs = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode


def _tables(tx: Tx) -> None:
    for table in (ALARMS, STATES, HISTORY, COUNTERS):
        table.create(tx)
    tx.execute(
        "CREATE TABLE IF NOT EXISTS cloudwatch_series (id INTEGER PRIMARY KEY, account, region, namespace,"
        " name, dimensions, seen INTEGER, UNIQUE (account, region, namespace, name, dimensions))"
    )
    tx.execute(
        "CREATE TABLE IF NOT EXISTS cloudwatch_points (series INTEGER, start INTEGER, width INTEGER, unit,"
        " count REAL, total REAL, low REAL, high REAL, spread,"
        " PRIMARY KEY (series, start, width, unit)) WITHOUT ROWID"
    )


MIGRATIONS = (
    Migration("cloudwatch/0001_tables", _tables),
    Migration("cloudwatch/0002_notices", NOTICES.create),
)
Place = tuple[str, str]
"""Account and region."""
POINT = "count, total, low, high, spread"
KEY = "series = ? AND start = ? AND width = ? AND unit = ?"


def find_series(tx: Tx, account: str, region: str, metric: Metric) -> int | None:
    """The number of a metric that has had values, or None."""
    hit = tx.execute(
        "SELECT id FROM cloudwatch_series WHERE account = ? AND region = ? AND namespace = ? AND name = ?"
        " AND dimensions = ?",
        (account, region, metric.namespace, metric.name, _text(metric)),
    ).fetchone()
    return None if hit is None else int(hit[0])


def count_series(tx: Tx) -> int:
    """How many metrics there are."""
    return int(tx.execute("SELECT COUNT(*) FROM cloudwatch_series").fetchone()[0])


def list_series(tx: Tx, account: str, region: str, since: int) -> list[Metric]:
    """Metrics that have had values since then, in order."""
    rows = tx.execute(
        "SELECT namespace, name, dimensions FROM cloudwatch_series WHERE account = ? AND region = ?"
        " AND seen >= ? ORDER BY namespace, name, dimensions",
        (account, region, since),
    ).fetchall()
    return [Metric(namespace, name, _pairs(dimensions)) for namespace, name, dimensions in rows]


def add(tx: Tx, place: Place, metric: Metric, at: int, width: int, unit: str, point: Point) -> None:
    """Add values that came `at` a moment to the window of `width` seconds it falls in."""
    _add(tx, (_series(tx, *place, metric, at), at - at % width, width, unit), point)


def windows(
    tx: Tx, series: int, first: int, end: int, width: int, unit: str = ""
) -> dict[int, tuple[Point, str]]:
    """The points with their unit from `first` until before `end`, by the beginning of their window."""
    rows = tx.execute(
        f"SELECT start, unit, {POINT} FROM cloudwatch_points WHERE series = ? AND start >= ? AND start < ?"
        + (" AND unit = ?" if unit else ""),
        (series, first, end, *((unit,) if unit else ())),
    ).fetchall()
    found: dict[int, tuple[list[Point], str]] = {}
    for start, said, *numbers in rows:
        found.setdefault(start - start % width, ([], said))[0].append(_point(numbers))
    return {begins: (together(inside), said) for begins, (inside, said) in found.items()}


def fold(tx: Tx, before: int, width: int, limit: int) -> int:
    """Turn at most `limit` points of less than `width` seconds that are older into wider ones; how many."""
    rows = tx.execute(
        f"SELECT series, start, width, unit, {POINT} FROM cloudwatch_points WHERE width < ? AND start < ?"
        " LIMIT ?",
        (width, before - before % width, limit),
    ).fetchall()
    wide: dict[tuple[int, int, int, str], Point] = {}
    for series, start, narrow, unit, *numbers in rows:
        key = (series, start - start % width, width, unit)
        point = _point(numbers)
        wide[key] = wide[key] + point if key in wide else point
        tx.execute(f"DELETE FROM cloudwatch_points WHERE {KEY}", (series, start, narrow, unit))
    for key, point in wide.items():
        _add(tx, key, point)
    return len(rows)


def expire(tx: Tx, points_before: int, series_before: int, history_before: datetime) -> None:
    """Forget points and history that are too old, and metrics that have had no values for longer."""
    tx.execute("DELETE FROM cloudwatch_points WHERE start < ?", (points_before,))
    tx.execute("DELETE FROM cloudwatch_series WHERE seen < ?", (series_before,))
    tx.execute("DELETE FROM cloudwatch_history WHERE at < ?", (history_before.isoformat(),))


def note(tx: Tx, items: Iterable[HistoryItem]) -> None:
    """Write history, and forget what an alarm did too long ago."""
    for item in items:
        HISTORY.insert(tx, item)
        HISTORY.delete(tx, item.account, item.region, item.name, item.number - HISTORY_KEPT)


def next_number(tx: Tx, account: str, region: str, name: str) -> int:
    """The number of an alarm's next history item."""
    hit = tx.execute(
        "SELECT MAX(number) FROM cloudwatch_history WHERE account = ? AND region = ? AND name = ?",
        (account, region, name),
    ).fetchone()
    return int(hit[0] or 0) + 1


def _series(tx: Tx, account: str, region: str, metric: Metric, at: int) -> int:
    known = find_series(tx, account, region, metric)
    if known is not None:
        tx.execute("UPDATE cloudwatch_series SET seen = ? WHERE id = ? AND seen < ?", (at, known, at))
        return known
    made = tx.execute(
        "INSERT INTO cloudwatch_series (account, region, namespace, name, dimensions, seen)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (account, region, metric.namespace, metric.name, _text(metric), at),
    )
    return int(made.lastrowid)


def _text(metric: Metric) -> str:
    return _encode(metric.dimensions).decode()


def _point(row: Iterable[object]) -> Point:
    count, total, low, high, spread = row
    return Point(count, total, low, high, _decode(spread) if spread else ())  # type: ignore[arg-type]


def _add(tx: Tx, key: tuple[int, int, int, str], point: Point) -> None:
    hit = tx.execute(f"SELECT {POINT} FROM cloudwatch_points WHERE {KEY}", key).fetchone()
    whole = _point(hit) + point if hit else point
    spread = _encode(whole.spread).decode() if whole.spread else ""
    tx.execute(
        "INSERT OR REPLACE INTO cloudwatch_points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*key, whole.count, whole.total, whole.low, whole.high, spread),
    )
