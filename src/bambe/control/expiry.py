"""The loop that removes rows whose waiting period is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from bambe.control.reconciler import Key
from bambe.kernel.call import Store, Tx
from bambe.kernel.clock import Clock


class Waiting(Protocol):
    """A row that goes at `delete_at`; None while it is to stay."""

    @property
    def delete_at(self) -> datetime | None: ...


Row = TypeVar("Row", bound=Waiting)


class Rows(Protocol[Row]):
    """The table of such rows."""

    @property
    def name(self) -> str: ...

    def key_of(self, row: Row) -> Key: ...
    def list(self, tx: Tx, **where: Any) -> Sequence[Row]: ...
    def find(self, tx: Tx, *key: Any) -> Row | None: ...


class Expiry(Generic[Row]):
    """One key per row that is about to go. `delete` removes a row and all that is of it."""

    def __init__(
        self, name: str, store: Store, clock: Clock, rows: Rows[Row], delete: Callable[[Tx, Row], None]
    ) -> None:
        self.name = name
        self._store = store
        self._clock = clock
        self._rows = rows
        self._delete = delete

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [key] if table == self._rows.name else []

    async def keys(self) -> Iterable[Key]:
        rows = await self._store.read(self._rows.list)
        return [self._rows.key_of(row) for row in rows if row.delete_at is not None]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """The row stays; the next pass tries again."""

    async def reconcile(self, key: Key) -> datetime | None:
        row = await self._store.read(lambda tx: self._rows.find(tx, *key))
        now = self._clock.now()
        if row is None or row.delete_at is None or row.delete_at > now:
            return row.delete_at if row else None

        def expire(tx: Tx) -> None:
            # It may have been taken back meanwhile.
            found = self._rows.find(tx, *key)
            if found is not None and found.delete_at is not None and found.delete_at <= now:
                self._delete(tx, found)

        await self._store.write(expire)
        return None
