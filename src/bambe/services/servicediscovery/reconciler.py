"""Two loops: one tells the name server the whole truth and ends operations, one forgets old ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bambe.control import Key, Reconciler
from bambe.engines.dns.port import Dns
from bambe.kernel.call import Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.moves import check_move
from bambe.services.servicediscovery.model import MOVES, Operation, OperationStatus
from bambe.services.servicediscovery.tables import INSTANCES, NAMESPACES, OPERATIONS, SERVICES
from bambe.services.servicediscovery.zones import Rows, zones

ALL: Key = ("all",)
SOURCE = "servicediscovery"
TABLES = {table.name for table in (NAMESPACES, SERVICES, INSTANCES, OPERATIONS)}
KEEP = timedelta(days=1)
SWEEP = timedelta(hours=1)
"""How long operations that are over can be asked for, and how often they are looked through."""


class NamesLoop:
    """Makes the name server answer what instances say. One key: it is one truth."""

    name = "servicediscovery.names"

    def __init__(self, store: Store, clock: Clock, dns: Dns) -> None:
        self._store = store
        self._clock = clock
        self._dns = dns

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [ALL] if table in TABLES else []

    async def keys(self) -> Iterable[Key]:
        return [ALL]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """What waits for the name server says so."""
        await self._store.write(lambda tx: self._advance(tx, _open(tx), OperationStatus.PENDING))

    async def reconcile(self, key: Key) -> datetime | None:
        # Read together: what an operation asked for is in these rows.
        rows, waiting = await self._store.read(lambda tx: (_rows(tx), _open(tx)))
        await self._dns.apply(SOURCE, zones(rows))
        if waiting:
            await self._store.write(lambda tx: self._advance(tx, waiting, OperationStatus.SUCCESS))
        return None

    def _advance(self, tx: Tx, rows: Iterable[Operation], to: OperationStatus) -> None:
        for row in rows:
            current = OPERATIONS.find(tx, row.account, row.region, row.id)
            if current is not None and not current.is_over and check_move(MOVES, current.status, to):
                OPERATIONS.update(tx, replace(current, status=to, updated_at=self._clock.now()))


class ForgetLoop:
    """Deletes operations that were over a day ago, so that they do not pile up."""

    name = "servicediscovery.forget"

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._next: datetime | None = None

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return []

    async def keys(self) -> Iterable[Key]:
        is_due = self._next is None or self._clock.now() >= self._next
        return [ALL] if is_due else []

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """They stay until the next pass."""

    async def reconcile(self, key: Key) -> datetime | None:
        now = self._clock.now()
        await self._store.write(lambda tx: _forget(tx, now - KEEP))
        self._next = now + SWEEP
        return None


def _rows(tx: Tx) -> Rows:
    return Rows(NAMESPACES.list(tx), SERVICES.list(tx), INSTANCES.list(tx))


def _open(tx: Tx) -> list[Operation]:
    waiting = (status for status in OperationStatus if MOVES[status])
    return [row for status in waiting for row in OPERATIONS.list(tx, status=status)]


def _forget(tx: Tx, before: datetime) -> None:
    for row in OPERATIONS.list(tx, status=OperationStatus.SUCCESS):
        if row.updated_at < before:
            OPERATIONS.delete(tx, row.account, row.region, row.id)


def reconcilers(store: Store, clock: Clock, dns: Dns) -> Sequence[Reconciler]:
    """The loops of names and of old operations."""
    return [NamesLoop(store, clock, dns), ForgetLoop(store, clock)]
