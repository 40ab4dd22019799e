"""The loop of NAT gateways and VPC endpoints: what is pending comes, what is deleted goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bambe.control import Key, Reconciler
from bambe.kernel.call import Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.ec2.defaults import Network
from bambe.services.ec2.planner import Forget, Free, Move, plan
from bambe.services.ec2.tables import ADDRESSES, ENDPOINTS, GATEWAYS, NATS
from bambe.store import Table


class NetworkLoop:
    """One key per gateway or endpoint whose state changes: (table, account, region, id)."""

    name = "ec2.network"

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._tables: dict[str, Table[Any]] = {table.name: table for table in (NATS, ENDPOINTS)}

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [(table, *key)] if table in self._tables else []

    async def keys(self) -> Iterable[Key]:
        def due(tx: Tx) -> list[Key]:
            return [
                (table.name, *table.key_of(row))
                for table in self._tables.values()
                for row in table.list(tx)
                if row.due is not None
            ]

        return await self._store.read(due)

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """The row stays; the next pass tries again."""

    async def reconcile(self, key: Key) -> datetime | None:
        table, now = self._tables[key[0]], self._clock.now()

        def step(tx: Tx) -> datetime | None:
            row = table.find(tx, *key[1:])
            if row is None:
                return None
            for action in plan(row, now, has_gateway=_has_gateway(tx, row)):
                match action:
                    case Move(row=moved):
                        table.update(tx, moved)
                        row = moved
                    case Free():
                        _free(tx, row)
                    case Forget():
                        table.delete(tx, *key[1:])
                        return None
            due: datetime | None = row.due
            return due

        return await self._store.write(step)


def _has_gateway(tx: Tx, row: Any) -> bool:
    stored = GATEWAYS.list(tx, account=row.account, region=row.region)
    computed = Network(row.account, row.region)
    if all(one.id != computed.gateway for one in stored):
        stored += computed.gateways()
    return any(one.vpc == row.vpc for one in stored)


def _free(tx: Tx, row: Any) -> None:
    for address in ADDRESSES.list(tx, account=row.account, region=row.region):
        if address.gateway == row.id:
            ADDRESSES.update(tx, replace(address, gateway=""))


def reconcilers(store: Store, clock: Clock) -> Sequence[Reconciler]:
    """The loop of gateways and endpoints."""
    return [NetworkLoop(store, clock)]
