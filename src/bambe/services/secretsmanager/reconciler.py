"""The loop that removes secrets whose recovery window is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from bambe.control import Key, Reconciler
from bambe.kernel.call import Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.secretsmanager.tables import SECRETS, delete


class ExpiryLoop:
    """One key per deleted secret: (account, region, name)."""

    name = "secretsmanager.expiry"

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [key] if table == SECRETS.name else []

    async def keys(self) -> Iterable[Key]:
        rows = await self._store.read(SECRETS.list)
        return [SECRETS.key_of(row) for row in rows if row.delete_at is not None]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """The row stays; the next pass tries again."""

    async def reconcile(self, key: Key) -> datetime | None:
        row = await self._store.read(lambda tx: SECRETS.find(tx, *key))
        if row is None or row.delete_at is None or row.delete_at > self._clock.now():
            return row.delete_at if row else None
        now = self._clock.now()

        def expire(tx: Tx) -> None:
            # It may have been restored meanwhile.
            found = SECRETS.find(tx, *key)
            if found is not None and found.delete_at is not None and found.delete_at <= now:
                delete(tx, found)

        await self._store.write(expire)
        return None


def reconcilers(store: Store, clock: Clock) -> Sequence[Reconciler]:
    """The loop of deleted secrets."""
    return [ExpiryLoop(store, clock)]
