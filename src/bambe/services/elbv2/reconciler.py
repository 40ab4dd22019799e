"""Two loops: one tells the proxy the whole truth, one writes down what the proxy sees of targets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bambe.control import Key, Reconciler
from bambe.engines.containers.port import Network
from bambe.engines.dns.port import Dns, Zones
from bambe.engines.proxy.port import Proxy, TargetSeen, World
from bambe.kernel.call import Aws, Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.elbv2 import certificates
from bambe.services.elbv2.model import DOMAIN, BalancerState, LoadBalancer, TargetState
from bambe.services.elbv2.planner import Action, Gone, Sighting, addresses, is_moving, plan
from bambe.services.elbv2.tables import BALANCERS, GROUPS, LISTENERS, RULES, TARGETS
from bambe.services.elbv2.world import Rows, world

ALL: Key = ("all",)
TABLES = {table.name for table in (BALANCERS, LISTENERS, RULES, GROUPS, TARGETS)} | {certificates.TABLE}
SOON = timedelta(seconds=0.05)
QUIET = timedelta(seconds=1)
"""How long a target stays at least once the proxy has been told that it drains."""
WATCH = timedelta(seconds=1)
"""How often targets at rest are looked at; those that move are looked at every `SOON`."""


OWN = ("state", "loopback", "inner", "certificate")
"""Columns of a load balancer that the loop writes."""


class TrafficLoop:
    """Makes the proxy do what load balancers, rules and target groups say. One key: it is one truth."""

    name = "elbv2.traffic"

    def __init__(
        self, store: Store, clock: Clock, aws: Aws, proxy: Proxy, dns: Dns, network: Network
    ) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws
        self._proxy = proxy
        self._dns = dns
        self._network = network
        self._certificates = certificates.Certificates(aws)
        self._last = World()

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [ALL] if table in TABLES else []

    async def keys(self) -> Iterable[Key]:
        return [ALL]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """Nothing to write on: the proxy is everybody's; load balancers stay in provisioning."""

    async def reconcile(self, key: Key) -> datetime | None:
        rows = await self._store.read(_rows)
        if await self._settle_in(rows):
            rows = await self._store.read(_rows)
        wanted = {row.certificate for row in rows.balancers if row.certificate}
        wanted |= {arn for row in rows.listeners for arn in row.certificates}
        loaded = await self._certificates.load(wanted)
        self._last = world(rows, loaded.found, self._last)
        await self._proxy.apply(self._last)
        await self._note_drains(rows)
        hosts = {row.dns_name: (row.inner,) for row in rows.balancers if row.inner}
        await self._dns.apply("elbv2", Zones(zones=(DOMAIN,), hosts=hosts))
        await self._activate(row for row in rows.balancers if row.certificate in loaded.found)
        if await self._renew(rows.balancers, loaded.gone):
            return None  # the change brings us back
        pending = wanted - loaded.found.keys() - loaded.gone
        return self._clock.now() + SOON if pending else None

    async def _note_drains(self, rows: Rows) -> None:
        """The proxy chooses no draining target any more; in a moment nothing is on its way to one."""
        fresh = [row for row in rows.targets if row.until is not None and row.quiet_from is None]
        quiet = self._clock.now() + QUIET

        def note(tx: Tx) -> None:
            for row in fresh:
                current = TARGETS.find(tx, *row.key)
                if current is not None and current.until is not None:
                    TARGETS.update(tx, replace(current, quiet_from=quiet))

        if fresh:
            await self._store.write(note)

    async def _settle_in(self, rows: Rows) -> bool:
        """Give new load balancers their addresses and a certificate of their own."""
        placed = addresses(rows.balancers, self._network.subnet)
        known = {row.id: row for row in (*rows.balancers, *placed)}
        moved = {row.id for row in placed}
        fresh = [
            replace(row, certificate=await self._certificate(row))
            for row in known.values()
            if not row.certificate or row.id in moved
        ]
        if fresh:
            await self._store.write(lambda tx: _update(tx, fresh))
        return bool(fresh)

    async def _renew(self, rows: Iterable[LoadBalancer], gone: frozenset[str]) -> bool:
        """A new certificate for each load balancer whose own somebody has deleted."""
        fresh = [
            replace(row, certificate=await self._certificate(row)) for row in rows if row.certificate in gone
        ]
        if fresh:
            await self._store.write(lambda tx: _update(tx, fresh))
        return bool(fresh)

    async def _certificate(self, row: LoadBalancer) -> str:
        """A certificate for the load balancer's name and its addresses, for clients that name no host."""
        acm = self._aws.within(row.account, row.region).acm
        answer = await acm.request_certificate(
            DomainName=row.dns_name,
            SubjectAlternativeNames=[row.dns_name, row.loopback, row.inner],
            ValidationMethod="DNS",
            IdempotencyToken=f"elb{row.id}",
            Tags=[{"Key": "bambe:load-balancer", "Value": row.arn}],
        )
        return str(answer["CertificateArn"])

    async def _activate(self, rows: Iterable[LoadBalancer]) -> None:
        fresh = [
            replace(row, state=BalancerState.ACTIVE)
            for row in rows
            if row.state != BalancerState.ACTIVE and row.loopback
        ]
        if fresh:
            await self._store.write(lambda tx: _update(tx, fresh))


class HealthLoop:
    """Writes the health of targets where it has changed, and ends drains."""

    name = "elbv2.health"

    def __init__(self, store: Store, clock: Clock, proxy: Proxy) -> None:
        self._store = store
        self._clock = clock
        self._proxy = proxy

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [ALL] if table in (TARGETS.name, RULES.name) else []

    async def keys(self) -> Iterable[Key]:
        return [ALL]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """What was known of targets stays as it is."""

    async def reconcile(self, key: Key) -> datetime | None:
        rows = await self._store.read(_rows)
        if not rows.targets:
            return None
        arns = {arn for rule in rows.rules for arn in rule.groups}
        used = frozenset((row.account, row.region, row.id) for row in rows.groups if row.arn in arns)
        seen = await self._proxy.observe()
        sightings = {where: _sighting(one) for where, one in seen.targets.items()}
        actions = plan(rows.targets, used, sightings, self._clock.now())
        if actions:
            await self._store.write(lambda tx: _apply(tx, actions))
        now = self._clock.now()
        moving = any(
            is_moving(row, now) for row in rows.targets if (row.account, row.region, row.group) in used
        )
        return now + (SOON if moving or actions else WATCH)


def _rows(tx: Tx) -> Rows:
    return Rows(BALANCERS.list(tx), LISTENERS.list(tx), RULES.list(tx), GROUPS.list(tx), TARGETS.list(tx))


def _update(tx: Tx, rows: Iterable[LoadBalancer]) -> None:
    """Write what the loop itself decides; all else stays as callers have it by now."""
    for row in rows:
        current = BALANCERS.find(tx, row.account, row.region, row.id)
        if current is not None:
            own = {name: getattr(row, name) for name in OWN}
            BALANCERS.update(tx, replace(current, **own))


def _apply(tx: Tx, actions: Iterable[Action]) -> None:
    for action in actions:
        current = TARGETS.find(tx, *action.row.key)
        if current is None or (current.until is None) != (action.row.until is None):
            continue  # registered or deregistered meanwhile: the next pass judges anew
        if isinstance(action, Gone):
            TARGETS.delete(tx, *action.row.key)
        else:
            TARGETS.update(tx, action.row)


def _sighting(seen: TargetSeen) -> Sighting:
    return Sighting(TargetState(seen.health.value), seen.reason, seen.active)


def reconcilers(
    store: Store, clock: Clock, aws: Aws, proxy: Proxy, dns: Dns, network: Network
) -> Sequence[Reconciler]:
    """The loops of traffic and health."""
    return [TrafficLoop(store, clock, aws, proxy, dns, network), HealthLoop(store, clock, proxy)]
