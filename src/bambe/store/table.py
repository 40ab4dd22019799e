"""A table of frozen dataclasses: key and index columns for SQL, the whole row as JSON beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeVar

import msgspec

from bambe.kernel.call import Tx
from bambe.kernel.errors import BambeError

Row = TypeVar("Row")


class RowNotFound(BambeError):
    """`get` was asked for a key that is not there."""


class Table(Generic[Row]):
    """Rows of the frozen dataclass `row`, stored under `key` and found by the columns of `index`.

    Key and index columns are attributes of the row (str, int, bool, StrEnum, datetime or None).
    Fields added later need a default. Each change is published as (table name, key) after commit;
    writing a row that equals the stored one changes nothing and publishes nothing.
    """

    def __init__(self, name: str, row: type[Row], key: Sequence[str], index: Sequence[str] = ()) -> None:
        self.name = name
        self.key = tuple(key)
        self.index = tuple(index)
        self._columns = self.key + self.index
        self._decoder: msgspec.json.Decoder[Row] = msgspec.json.Decoder(row)
        self._encoder = msgspec.json.Encoder()
        self._match_key = " AND ".join(f'"{column}" IS ?' for column in self.key)

    def create(self, tx: Tx) -> None:
        """Make the table and its indexes; for a migration."""
        columns = ", ".join(f'"{column}"' for column in self._columns)
        keys = ", ".join(f'"{column}"' for column in self.key)
        tx.execute(
            f'CREATE TABLE IF NOT EXISTS "{self.name}"'
            f" ({columns}, body BLOB NOT NULL, PRIMARY KEY ({keys})) WITHOUT ROWID"
        )
        for column in self.index:
            tx.execute(f'CREATE INDEX IF NOT EXISTS "{self.name}_{column}" ON "{self.name}" ("{column}")')

    def find(self, tx: Tx, *key: Any) -> Row | None:
        """The row of `key`, or None."""
        found = tx.execute(f'SELECT body FROM "{self.name}" WHERE {self._match_key}', _plain_all(key))
        hit = found.fetchone()
        return None if hit is None else self._decoder.decode(hit[0])

    def get(self, tx: Tx, *key: Any) -> Row:
        """The row of `key`; `RowNotFound` when there is none."""
        row = self.find(tx, *key)
        if row is None:
            raise RowNotFound(f"{self.name}: no row {key!r}")
        return row

    def list(self, tx: Tx, **where: Any) -> list[Row]:
        """All rows whose key or index columns equal `where`, in order of the key."""
        sql = f'SELECT body FROM "{self.name}"'
        if where:
            for column in where:
                if column not in self._columns:
                    raise ValueError(f"{self.name} has no column {column!r} to search by")
            sql += " WHERE " + " AND ".join(f'"{column}" IS ?' for column in where)
        sql += " ORDER BY " + ", ".join(f'"{column}"' for column in self.key)
        rows = tx.execute(sql, _plain_all(tuple(where.values()))).fetchall()
        return [self._decoder.decode(body) for (body,) in rows]

    def insert(self, tx: Tx, row: Row) -> None:
        """Add a row whose key is not taken."""
        names = ", ".join(f'"{column}"' for column in self._columns)
        marks = ", ".join("?" * (len(self._columns) + 1))
        values = (*self._values(row, self._columns), self._encoder.encode(row))
        tx.execute(f'INSERT INTO "{self.name}" ({names}, body) VALUES ({marks})', values)
        tx.changed(self.name, self.key_of(row))

    def update(self, tx: Tx, row: Row) -> None:
        """Replace the row of the same key; `RowNotFound` when there is none."""
        key = self._values(row, self.key)
        body = self._encoder.encode(row)
        hit = tx.execute(f'SELECT body FROM "{self.name}" WHERE {self._match_key}', key).fetchone()
        if hit is None:
            raise RowNotFound(f"{self.name}: no row {key!r}")
        if hit[0] == body:
            return
        sets = "".join(f'"{column}" = ?, ' for column in self.index)
        values = (*self._values(row, self.index), body, *key)
        tx.execute(f'UPDATE "{self.name}" SET {sets}body = ? WHERE {self._match_key}', values)
        tx.changed(self.name, self.key_of(row))

    def put(self, tx: Tx, row: Row) -> None:
        """Insert, or replace the row of the same key."""
        if self.find(tx, *self.key_of(row)) is None:
            self.insert(tx, row)
        else:
            self.update(tx, row)

    def delete(self, tx: Tx, *key: Any) -> bool:
        """Remove the row of `key`; whether there was one."""
        gone = tx.execute(f'DELETE FROM "{self.name}" WHERE {self._match_key}', _plain_all(key)).rowcount
        if gone:
            tx.changed(self.name, key)
        return bool(gone)

    def key_of(self, row: Row) -> tuple[Any, ...]:
        """The row's key, as the change feed publishes it."""
        return tuple(getattr(row, column) for column in self.key)

    def _values(self, row: Row, columns: tuple[str, ...]) -> tuple[Any, ...]:
        return _plain_all(tuple(getattr(row, column) for column in columns))


def _plain_all(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(_plain(value) for value in values)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    return value
