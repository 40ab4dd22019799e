"""Looks at the proxy and writes what load balancers did into metrics; forgets what is too old.

Looks are aligned to the clock, and what one finds has happened since the one before: so it counts for the
window that ends, not for the one that begins. Counts and values are written together: a crash in between
loses neither, and nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bambe.control import Key
from bambe.engines.proxy.port import Proxy, ProxySeen
from bambe.kernel.call import Aws, Site, Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.cloudwatch import tables, traffic
from bambe.services.cloudwatch.model import MINUTE, resolution, tick_after
from bambe.services.cloudwatch.tables import ALARMS, COUNTERS
from bambe.services.cloudwatch.traffic import BALANCER, GROUP, PROXY, Balanced, Counters

TRAFFIC: Key = ("traffic",)
OLD: Key = ("old",)
SELDOM = 10.0
OFTEN = 1.0
FINE = timedelta(hours=3)
FINE_IN_REHEARSALS = timedelta(minutes=30)
KEPT = timedelta(days=1, minutes=15)
SERIES_KEPT = timedelta(days=15)
HISTORY_KEPT = timedelta(days=30)
TIDIED = timedelta(minutes=5)
AT_ONCE = 5000


def interval(scale: float) -> timedelta:
    """The time between looks: a minute of AWS's has at least one in it, or as many as make sense."""
    return timedelta(seconds=min(SELDOM, max(OFTEN, MINUTE / scale)))


class Collector:
    """Two keys: one for traffic, one for what is old."""

    name = "cloudwatch.collector"

    def __init__(self, store: Store, clock: Clock, aws: Aws, proxy: Proxy, site: Site) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws
        self._proxy = proxy
        self._site = site
        self._next: datetime | None = None

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return ()

    async def keys(self) -> Iterable[Key]:
        return (TRAFFIC, OLD)

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """Nothing to write on; the proxy's counts wait for the next look."""

    async def reconcile(self, key: Key) -> datetime | None:
        if key == OLD:
            return await self._tidy()
        now = self._clock.now()
        if self._next is None or now >= self._next:
            every = interval(self._clock.scale)
            self._next = tick_after(now, every)
            await self._look(now - every / 2)
        return self._next

    async def _look(self, at: datetime) -> None:
        seen = await self._proxy.observe()
        if not seen.groups:  # and so nobody needs to be asked whose they are
            await self._store.write(lambda tx: COUNTERS.put(tx, Counters(PROXY, "", seen.epoch)))
            return
        places = [await self._place(account, region) for account, region in await self._regions()]
        width = resolution(MINUTE, self._clock.scale)
        await self._store.write(lambda tx: _write(tx, places, seen, int(at.timestamp()), width))

    async def _regions(self) -> list[tuple[str, str]]:
        """Our own, and wherever somebody has alarms."""

        def of_alarms(tx: Tx) -> set[tuple[str, str]]:
            return {(row.account, row.region) for row in ALARMS.list(tx)}

        return sorted({(self._site.account, self._site.region)} | await self._store.read(of_alarms))

    async def _place(self, account: str, region: str) -> _Place:
        elbv2 = self._aws.within(account, region).elbv2
        groups: list[Mapping[str, Any]] = []
        marker: dict[str, str] = {}
        while True:
            answer = await elbv2.describe_target_groups(**marker)
            groups += answer["TargetGroups"]
            if not answer.get("NextMarker"):
                break
            marker = {"Marker": answer["NextMarker"]}
        balanced = [
            _balanced(group["TargetGroupArn"], arn) for group in groups for arn in group["LoadBalancerArns"]
        ]
        return _Place(account, region, tuple(balanced), frozenset(_id(g["TargetGroupArn"]) for g in groups))

    async def _tidy(self) -> datetime:
        now = self._clock.now()
        fine = FINE if self._clock.scale == 1 else FINE_IN_REHEARSALS

        def tidy(tx: Tx) -> int:
            points, series = (int((now - kept).timestamp()) for kept in (KEPT, SERIES_KEPT))
            tables.expire(tx, points, series, now - HISTORY_KEPT)
            return tables.fold(tx, int((now - fine).timestamp()), MINUTE, AT_ONCE)

        folded = await self._store.write(tidy)
        return now if folded == AT_ONCE else now + TIDIED


@dataclass(frozen=True, slots=True)
class _Place:
    """The target groups of one account and region: those behind load balancers, and the ids of all."""

    account: str
    region: str
    balanced: tuple[Balanced, ...]
    groups: frozenset[str]


def _write(tx: Tx, places: Sequence[_Place], seen: ProxySeen, at: int, width: int) -> None:
    known = {(row.kind, row.id): row for row in COUNTERS.list(tx)}
    alive = {(PROXY, "")}
    for place in places:
        values, counters = traffic.look(known, seen, place.balanced)
        for metric, unit, point in values:
            tables.add(tx, (place.account, place.region), metric, at, width, unit, point)
        for row in counters:
            COUNTERS.put(tx, row)
        alive |= {(GROUP, id) for id in place.groups} | {(BALANCER, one.balancer) for one in place.balanced}
    for kind, id in known.keys() - alive:
        COUNTERS.delete(tx, kind, id)


def _balanced(group: str, balancer: str) -> Balanced:
    return Balanced(_id(group), group.split(":")[-1], _id(balancer), balancer.split("loadbalancer/")[1])


def _id(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
