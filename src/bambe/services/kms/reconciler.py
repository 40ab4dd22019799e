"""The loop that removes keys whose waiting period is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from bambe.control import Key as Place
from bambe.control import Reconciler
from bambe.kernel.call import Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.kms.tables import KEYS, delete


class ExpiryLoop:
    """One key per KMS key that is about to go: (account, region, id)."""

    name = "kms.expiry"

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def concerns(self, table: str, key: Place) -> Iterable[Place]:
        return [key] if table == KEYS.name else []

    async def keys(self) -> Iterable[Place]:
        rows = await self._store.read(KEYS.list)
        return [KEYS.key_of(row) for row in rows if row.delete_at is not None]

    async def listen(self, wake: Callable[[Place], None]) -> None:
        return

    async def failed(self, key: Place, error: Exception) -> None:
        """The row stays; the next pass tries again."""

    async def reconcile(self, key: Place) -> datetime | None:
        row = await self._store.read(lambda tx: KEYS.find(tx, *key))
        now = self._clock.now()
        if row is None or row.delete_at is None or row.delete_at > now:
            return row.delete_at if row else None

        def expire(tx: Tx) -> None:
            # Its deletion may have been cancelled meanwhile.
            found = KEYS.find(tx, *key)
            if found is not None and found.delete_at is not None and found.delete_at <= now:
                delete(tx, found)

        await self._store.write(expire)
        return None


def reconcilers(store: Store, clock: Clock) -> Sequence[Reconciler]:
    """The loop of keys that go."""
    return [ExpiryLoop(store, clock)]
