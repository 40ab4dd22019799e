"""The loop that takes from the registry what ECR no longer has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from bambe.control import Key, Reconciler
from bambe.engines.registry.port import Pusher, Registry
from bambe.kernel.call import Store
from bambe.kernel.clock import Clock
from bambe.kernel.errors import NotThere
from bambe.services.ecr.model import Removal
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
            await self._remove(row)
        if rows:
            await self._registry.collect()
        return None

    async def _remove(self, row: Removal) -> None:
        who, place = Pusher(row.account, row.region), REMOVALS.key_of(row)

        async def still() -> bool:
            return await self._store.read(lambda tx: REMOVALS.find(tx, *place)) is not None

        try:
            if row.reference:
                await self._registry.delete(who, row.repository, row.reference, still)
            else:
                await self._registry.delete_repository(who, row.repository, still)
        except NotThere:
            pass  # gone already
        await self._store.write(lambda tx: REMOVALS.delete(tx, *place))


def reconcilers(store: Store, clock: Clock, registry: Registry) -> Sequence[Reconciler]:
    """The loop of removals."""
    return [RemovalLoop(store, registry)]
