"""Counts what a release does to requests and events, keeps its ledger, and judges green against blue.

Beside the release, never in its way: it only looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bambe.control import Key
from bambe.engines.proxy.port import GroupCounts, Proxy, ProxySeen
from bambe.evidence.asking import Place, ask
from bambe.evidence.counts import Counts
from bambe.evidence.reports import Told
from bambe.evidence.shipping import ship
from bambe.evidence.watched import Watched
from bambe.evidence.wishes import CANARY, EVENTS
from bambe.evidence.witness import Look, Release, Version, look
from bambe.kernel.call import Aws, Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.codedeploy import tables
from bambe.services.codedeploy.deployment import Deployment, Phase
from bambe.services.codedeploy.observe import find_service
from bambe.services.codedeploy.revision import describe

CLOSELY = timedelta(seconds=1)
LOOSELY = timedelta(seconds=10)


class Witness:
    """One deployment per key."""

    name = "codedeploy.witness"

    def __init__(self, store: Store, clock: Clock, aws: Aws, proxy: Proxy) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws
        self._proxy = proxy

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return (key,) if table == tables.deployments.name else ()

    async def keys(self) -> Iterable[Key]:
        def open_ones(tx: Tx) -> set[Key]:
            going = {tables.deployments.key_of(row) for row in tables.unfinished(tx)}
            return going | {tables.watched.key_of(row) for row in tables.watched.list(tx, done=False)}

        return await self._store.read(open_ones)

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        row, known, has_events = await self._store.read(lambda tx: _find(tx, key))
        if row is None or row.is_queued or (known is not None and known.done):
            return None
        if known is None and not row.green_group:
            return None  # nothing was begun, so there is nothing to witness
        aws = self._aws.within(row.account, row.region)
        seen = await self._proxy.observe()
        told = await self._hear(aws, row, known, has_events)
        revision = await describe(aws, row) if known is None or row.is_over else {}
        release = _release(row, has_events)
        known = await self._store.write(lambda tx: self._look(tx, row, release, seen, told, revision))
        if known.shipped < known.records:
            await self._ship(aws, known)
        if known.closed:
            return None
        return self._clock.now() + (CLOSELY if row.phase in (Phase.INSTALL, Phase.SHIFT) else LOOSELY)

    async def _hear(self, aws: Aws, row: Deployment, known: Watched | None, asked: bool) -> Told | None:
        """What the consumers of both versions report, where the release is judged by it."""
        if not (asked if known is None else known.consumers):
            return None
        green = known.consumers.green.version if known and known.consumers else ""
        cluster, service = (name.rsplit("/", 1)[-1] for name in (row.plan.cluster, row.plan.service))
        place = Place(cluster, service, row.blue, green or await _green(aws, row))
        return await ask(aws, place, known, asked, self._clock.now())

    async def _ship(self, aws: Aws, known: Watched) -> None:
        where = {"account": known.account, "region": known.region, "deployment": known.id}
        waiting = await self._store.read(lambda tx: tables.entries.list(tx, **where))
        await ship(aws, known.id, waiting)

        def shipped(tx: Tx) -> None:
            for entry in waiting:
                tables.entries.delete(tx, *tables.entries.key_of(entry))
            tables.watched.put(tx, replace(known, shipped=known.records, done=known.closed))

        await self._store.write(shipped)

    def _look(
        self,
        tx: Tx,
        row: Deployment,
        release: Release,
        seen: ProxySeen,
        told: Told | None,
        revision: Mapping[str, Any],
    ) -> Watched:
        blue, green = (_version(seen, arn) for arn in (row.blue_group, row.green_group))
        sent = tables.sent.find(tx, row.account, row.region, row.id)
        known = tables.watched.find(tx, row.account, row.region, row.id)
        page = look(known, release, Look(seen.epoch, blue, green, sent, told), revision, self._clock.now())
        tables.watched.put(tx, page.known)
        for entry in page.entries:
            tables.entries.insert(tx, entry)
        if page.judgement is not None:
            tables.judgements.put(tx, page.judgement)
        return page.known


def _find(tx: Tx, key: Key) -> tuple[Deployment | None, Watched | None, bool]:
    """The deployment, what is known of it, and whether its group asks for it to be judged by events."""
    row = tables.deployments.find(tx, *key)
    name = (row.account, row.region, row.application, row.group) if row else ()
    group = tables.deployment_groups.find(tx, *name) if row else None
    return row, tables.watched.find(tx, *key), group is not None and group.tags.get(EVENTS) == CANARY


async def _green(aws: Aws, row: Deployment) -> str:
    """The replacement task set, or "" before there is one."""
    service, _ = await find_service(aws, row.plan.cluster, row.plan.service)
    sets = service.get("taskSets", ())
    return next((str(one["id"]) for one in sets if one.get("externalId") == row.external_id), "")


def _version(seen: ProxySeen, arn: str) -> Version:
    """The counts of a target group, which the proxy knows by the last part of its ARN."""
    group = seen.groups.get(arn.rsplit("/", 1)[-1], GroupCounts())
    said = Counts(group.total, group.by_class, group.retries, group.dropped, group.latencies)
    return Version(said, group.active)


def _release(row: Deployment, has_events: bool) -> Release:
    return Release(
        account=row.account,
        region=row.region,
        id=row.id,
        phase=row.phase,
        weight=row.weight,
        status=row.status,
        is_over=row.is_over,
        compares=not row.is_way_back and not row.is_shifted,
        subject=_subject(row),
        why=row.error_message,
        has_events=has_events,
    )


def _subject(row: Deployment) -> dict[str, Any]:
    return {
        "cluster": row.plan.cluster.rsplit("/", 1)[-1],
        "service": row.plan.service.rsplit("/", 1)[-1],
        "creator": row.creator,
        "rolls_back": row.rolls_back,
        "releases": row.plan.appspec.task_definition,
        "steps": [[step.percent, step.minutes] for step in row.plan.steps],
    }
