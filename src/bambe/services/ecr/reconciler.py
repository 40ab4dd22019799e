"""The loop that takes from the registry what ECR no longer has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from bambe.control import Key, Reconciler
from bambe.engines.registry.port import Pusher, Registry
from bambe.kernel.call import Store
from bambe.kernel.clock import Clock
from bambe.kernel.errors import NotThere
from bambe.services.ecr.tables import REMOVALS

ALL: Key = ("all",)


class RemovalLoop:
    """One key: removals are few, and blobs are collected after all of them."""

    name = "ecr.removals"

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [ALL] if table == REMOVALS.name else []

    async def keys(self) -> Iterable[Key]:
        return [ALL]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """The rows stay; the next pass tries again."""

    async def reconcile(self, key: Key) -> datetime | None:
        rows = await self._store.read(REMOVALS.list)
        for row in rows:
            key_of_row = (row.account, row.region, row.repository, row.reference)
            if await self._store.read(lambda tx, key=key_of_row: REMOVALS.find(tx, *key)) is None:  # type: ignore[misc]
                continue  # pushed again meanwhile
            who = Pusher(row.account, row.region)
            try:
                if row.reference:
                    await self._registry.delete(who, row.repository, row.reference)
                else:
                    await self._registry.delete_repository(who, row.repository)
            except NotThere:
                pass  # gone already
            await self._store.write(lambda tx, gone=key_of_row: REMOVALS.delete(tx, *gone))  # type: ignore[misc]
        if rows:
            await self._registry.collect()
        return None


def reconcilers(store: Store, clock: Clock, registry: Registry) -> Sequence[Reconciler]:
    """The loop of removals."""
    return [RemovalLoop(store, registry)]
