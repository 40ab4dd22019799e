"""Counts what a deployment that shifts traffic does to requests and events, keeps its ledger, and judges the
new revision against the old one.

Beside the deployment, never in its way: it only looks. Rolling deployments have no ledger: both revisions
are in one target group, and the proxy cannot tell them apart.

To a service without a load balancer no traffic is led. Where it consumes events, both revisions take some of
them during the bake time: that is its canary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from operator import add
from typing import Any

from bambe.control import Key
from bambe.engines.proxy.port import GroupCounts, Proxy, ProxySeen
from bambe.evidence import revision
from bambe.evidence.asking import Place, ask
from bambe.evidence.counts import Counts
from bambe.evidence.reports import Told
from bambe.evidence.shipping import ship
from bambe.evidence.watched import Watched
from bambe.evidence.wishes import CANARY, EVENTS
from bambe.evidence.witness import Look, Release, Version, look
from bambe.kernel.call import Aws, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import AwsError
from bambe.services.ecs import strategy
from bambe.services.ecs.model import primary_of
from bambe.services.ecs.service_deployment import ServiceDeployment, Stage
from bambe.services.ecs.shift_observe import Rows, pairs, rows_of
from bambe.services.ecs.tables import ENTRIES, JUDGEMENTS, SENT, SERVICE_DEPLOYMENTS, WATCHED

CLOSELY = timedelta(seconds=1)
LOOSELY = timedelta(seconds=10)
QUIET = (None, Stage.RECONCILE_SERVICE, Stage.BAKE_TIME, Stage.CLEAN_UP)
"""Stages in which nothing of the traffic changes."""


class DeploymentWitness:
    """One key per service deployment."""

    name = "ecs.witness"

    def __init__(self, store: Store, clock: Clock, aws: Aws, proxy: Proxy) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws
        self._proxy = proxy

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return (key,) if table == SERVICE_DEPLOYMENTS.name else ()

    async def keys(self) -> Iterable[Key]:
        return await self._store.read(_open)

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        rows, known = await self._store.read(lambda tx: _find(tx, key))
        if rows is None or (known is not None and known.done):
            return None
        row = rows.deployment
        if known is None and (row.stage is None or row.is_over):
            return None  # nothing was begun, so there is nothing to witness
        aws = self._aws.within(row.account, row.region)
        seen = await self._proxy.observe()
        told = await ask(aws, _place(row), known, _has_events(rows), self._clock.now())
        runs = await _revision(aws, rows) if known is None or row.is_over else {}
        known = await self._store.write(lambda tx: self._look(tx, rows, known, seen, told, runs))
        if known.shipped < known.records:
            await self._ship(aws, known)
        if known.closed:
            return None
        is_closely = row.stage not in QUIET or (known.consumers is not None and _bakes_headless(rows))
        return self._clock.now() + (CLOSELY if is_closely else LOOSELY)

    async def _ship(self, aws: Aws, known: Watched) -> None:
        where = {"account": known.account, "region": known.region, "deployment": known.id}
        waiting = await self._store.read(lambda tx: ENTRIES.list(tx, **where))
        await ship(aws, known.id, waiting)

        def shipped(tx: Tx) -> None:
            for entry in waiting:
                ENTRIES.delete(tx, *ENTRIES.key_of(entry))
            WATCHED.put(tx, replace(known, shipped=known.records, done=known.closed))

        await self._store.write(shipped)

    def _look(
        self,
        tx: Tx,
        rows: Rows,
        known: Watched | None,
        seen: ProxySeen,
        told: Told | None,
        runs: Mapping[str, Any],
    ) -> Watched:
        groups = list(pairs(rows.target))
        blue = _version(seen, [source for _, source, _ in groups])
        green = _version(seen, [target for _, _, target in groups])
        sent = SENT.find(tx, *_mine(rows.deployment))
        now = self._clock.now()
        page = look(known, _release(rows), Look(seen.epoch, blue, green, sent, told), runs, now)
        WATCHED.put(tx, page.known)
        for entry in page.entries:
            ENTRIES.insert(tx, entry)
        if page.judgement is not None:
            JUDGEMENTS.put(tx, page.judgement)
        return page.known


def _open(tx: Tx) -> list[Key]:
    """Deployments under way, and those whose ledger is not closed and read."""
    unread = {WATCHED.key_of(one) for one in WATCHED.list(tx, done=False)}
    rows = SERVICE_DEPLOYMENTS.list(tx) if unread else SERVICE_DEPLOYMENTS.list(tx, is_over=False)
    return [SERVICE_DEPLOYMENTS.key_of(row) for row in rows if not row.is_over or _mine(row) in unread]


def _find(tx: Tx, key: Key) -> tuple[Rows | None, Watched | None]:
    row = SERVICE_DEPLOYMENTS.find(tx, *key)
    if row is None or not row.is_shifting or row.is_first:
        return None, None
    return rows_of(tx, row), WATCHED.find(tx, *_mine(row))


def _place(row: ServiceDeployment) -> Place:
    """Whose reports are asked for."""
    return Place(row.cluster, row.service, row.source_set, row.target_set)


def _has_events(rows: Rows) -> bool:
    """Whether the service asks to be judged by what its consumers report."""
    return rows.service is not None and rows.service.tags.get(EVENTS) == CANARY


def _bakes_headless(rows: Rows) -> bool:
    """Whether this is the canary of a service without a load balancer."""
    return rows.deployment.stage is Stage.BAKE_TIME and not any(pairs(rows.target))


def _mine(row: ServiceDeployment) -> Key:
    """The key of what is remembered of a deployment's traffic."""
    return (row.account, row.region, row.id)


def _version(seen: ProxySeen, arns: Iterable[str]) -> Version:
    """The counts of target groups, which the proxy knows by the last part of their ARNs, together."""
    groups = [seen.groups.get(arn.rsplit("/", 1)[-1], GroupCounts()) for arn in arns]
    each = [Counts(one.total, one.by_class, one.retries, one.dropped, one.latencies) for one in groups]
    return Version(reduce(add, each, Counts()), sum(one.active for one in groups))


def _release(rows: Rows) -> Release:
    row, shares = rows.deployment, _bakes_headless(rows)
    return Release(
        account=row.account,
        region=row.region,
        id=row.id,
        phase=row.stage or "",
        weight=int(row.weight) if row.weight.is_integer() else row.weight,
        status=row.status,
        is_over=row.is_over,
        compares=not row.going_back and (row.stage not in QUIET or shares),
        subject={
            "cluster": row.cluster,
            "service": row.service,
            "creator": "ecs",
            "rolls_back": "",
            "releases": rows.target.task_definition if rows.target else "",
            "steps": [[step.percent, step.minutes] for step in strategy.steps(row.configuration)],
        },
        why=row.reason or row.rollback_reason,
        has_events=_has_events(rows),
        is_headless=not any(pairs(rows.target)),
        shares=shares,
    )


async def _revision(aws: Aws, rows: Rows) -> dict[str, Any]:
    """What the primary task set runs, whole; what cannot be read any more is left out."""
    primary = primary_of(rows.sets)
    if rows.service is None or primary is None:
        return {}
    digests = {name: image.rpartition("@")[2] for name, image in primary.images.items()}
    rules = [advanced["productionListenerRule"] for advanced, _, _ in pairs(rows.target)]
    group = primary.load_balancers[0]["targetGroupArn"] if primary.load_balancers else ""
    try:
        found = (await aws.elbv2.describe_rules(RuleArns=rules))["Rules"] if rules else []
        return {
            "task_definition": primary.task_definition,
            "images": {name: digest for name, digest in digests.items() if digest.startswith("sha256:")},
            "desired_count": rows.service.desired_count,
            "routes": revision.routes(found),
            "health_check": await revision.health(aws, group),
        }
    except AwsError as error:
        if error.fault == "server":
            raise
        return {}
