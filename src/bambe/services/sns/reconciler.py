"""The loop that delivers: each message to each endpoint, again by the delivery policy, until it is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from bambe.control import Key, Reconciler
from bambe.engines.containers.port import Network
from bambe.engines.courier.port import Courier, Parcel
from bambe.kernel.call import Site, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import Refused, Unavailable
from bambe.services.sns import retries
from bambe.services.sns.messages import letter
from bambe.services.sns.model import Delivery, Subscription
from bambe.services.sns.tables import DELIVERIES, SUBSCRIPTIONS

LOOPBACK = ("localhost", "::1")


class DeliveryLoop:
    """One delivery per key."""

    name = "sns.deliveries"

    def __init__(self, store: Store, clock: Clock, courier: Courier, site: Site, network: Network) -> None:
        self._store = store
        self._clock = clock
        self._courier = courier
        self._site = site
        self._subnet = network.subnet

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [key] if table == DELIVERIES.name else []

    async def keys(self) -> Iterable[Key]:
        return [DELIVERIES.key_of(row) for row in await self._store.read(DELIVERIES.list)]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """The row stays; the next pass tries again."""

    async def reconcile(self, key: Key) -> datetime | None:
        row, to = await self._store.read(lambda tx: _found(tx, key))
        if row is None or row.due > self._clock.now():
            return row.due if row else None
        if to is None or not await self._is_to_be_tried_again(row, to):
            await self._store.write(lambda tx: DELIVERIES.delete(tx, *key))
            return None
        return await self._later(row, to)

    async def _is_to_be_tried_again(self, row: Delivery, to: Subscription) -> bool:
        made = letter(row, to, self._api(to))
        try:
            status = await self._courier.deliver(Parcel(made.url, made.headers, made.body), self._subnet)
        except Unavailable:
            return True
        except Refused:
            return False
        return retries.is_passing(status)

    async def _later(self, row: Delivery, to: Subscription) -> datetime | None:
        waits = retries.delays(retries.policy(to.attributes.get("DeliveryPolicy", "")))
        due = None
        if row.tries < len(waits):
            due = self._clock.after(timedelta(seconds=waits[row.tries]))

        def write(tx: Tx) -> None:
            if DELIVERIES.find(tx, *DELIVERIES.key_of(row)) is None:
                return
            if due is None:
                DELIVERIES.delete(tx, *DELIVERIES.key_of(row))
            else:
                DELIVERIES.update(tx, replace(row, tries=row.tries + 1, due=due))

        await self._store.write(write)
        return due

    def _api(self, to: Subscription) -> str:
        """How the endpoint reaches Bambe: from this machine, or from a container."""
        host = urlsplit(to.endpoint).hostname or ""
        is_here = host in LOOPBACK or host.startswith("127.") or host.endswith(".localhost")
        return self._site.endpoint if is_here else self._site.inner_endpoint


def _found(tx: Tx, key: Key) -> tuple[Delivery | None, Subscription | None]:
    row = DELIVERIES.find(tx, *key)
    to = SUBSCRIPTIONS.find(tx, row.account, row.region, row.topic, row.subscription) if row else None
    return row, to


def reconcilers(
    store: Store, clock: Clock, courier: Courier, site: Site, network: Network
) -> Sequence[Reconciler]:
    """The loop of deliveries."""
    return [DeliveryLoop(store, clock, courier, site, network)]
