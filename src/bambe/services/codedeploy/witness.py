"""Counts what a release does to requests, keeps its ledger, and judges green against blue.

Beside the release, never in its way: it only looks. A pass compares what was last written with what is
now, so a record that a crash kept from being written is written by the next pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bambe.control import Key
from bambe.engines.proxy.port import GroupCounts, Proxy, ProxySeen
from bambe.evidence import analysis, counts, ledger
from bambe.kernel.call import Aws, Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.codedeploy import tables
from bambe.services.codedeploy.deployment import Deployment, Phase
from bambe.services.codedeploy.revision import describe
from bambe.services.codedeploy.shipping import ship
from bambe.services.codedeploy.watched import Entry, Judgement, Watched

CLOSELY = timedelta(seconds=1)
LOOSELY = timedelta(seconds=10)
EVERY = timedelta(seconds=5)
"""How often counts are written down while nothing else is."""


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
        row, known = await self._store.read(lambda tx: _find(tx, key))
        if row is None or row.is_queued or (known is not None and known.done):
            return None
        if known is None and not row.green_group:
            return None  # nothing was begun, so there is nothing to witness
        aws = self._aws.within(row.account, row.region)
        seen = await self._proxy.observe()
        revision = await describe(aws, row) if known is None or row.is_over else {}
        known = await self._store.write(lambda tx: self._look(tx, row, seen, revision))
        if known.shipped < known.records:
            await ship(aws, self._store, known)
            shipped = replace(known, shipped=known.records, done=known.closed)
            await self._store.write(lambda tx: tables.watched.put(tx, shipped))
        if known.closed:
            return None
        return self._clock.now() + (CLOSELY if row.phase in (Phase.INSTALL, Phase.SHIFT) else LOOSELY)

    def _look(self, tx: Tx, row: Deployment, seen: ProxySeen, revision: Mapping[str, Any]) -> Watched:
        page = _Page(tx, row, self._clock.now())
        blue, green = _of(seen, row.blue_group), _of(seen, row.green_group)
        now_blue, now_green = _counts(blue), _counts(green)
        known = tables.watched.find(tx, row.account, row.region, row.id)
        if known is None:
            tally = counts.begin(seen.epoch, now_blue, now_green)
            known = Watched(row.account, row.region, row.id, tally)
            known = page.add(known, "begin", {**_subject(row), "revision": revision})
        before = known.tally
        tally = counts.look(before, seen.epoch, now_blue, now_green)
        known = self._judge(page, replace(known, tally=tally), tally, before)
        counted = {"in_flight": {"blue": blue.active, "green": green.active}, **_totals(tally)}
        if sent := tables.sent.find(tx, row.account, row.region, row.id):
            counted["synthetic"] = {"test": sent.test, "production": sent.production}
        known = self._write(page, known, counted, revision, has_news=tally != before)
        tables.watched.put(tx, known)
        return known

    def _write(
        self,
        page: _Page,
        known: Watched,
        counted: Mapping[str, Any],
        revision: Mapping[str, Any],
        *,
        has_news: bool,
    ) -> Watched:
        """The records that are due: weight or phase have changed, it is over, or counts are old."""
        row = page.row
        if row.weight != known.weight or (row.phase != known.phase and not row.is_over):
            kind = "weight" if row.weight != known.weight else "phase"
            known = page.add(known, kind, {"phase": row.phase, "weight": row.weight, **counted})
            known = replace(known, weight=row.weight, phase=row.phase)
        elif has_news and not row.is_over and page.now >= (known.counted or page.now) + EVERY:
            known = page.add(known, "count", counted)
        if row.is_over and not known.closed:
            body = {"status": row.status, "why": row.error_message, "verdict": known.verdict}
            known = page.add(known, ledger.END, {**body, "revision": revision, **counted})
            known = replace(known, closed=True)
        return known

    def _judge(self, page: _Page, known: Watched, now: counts.Tally, before: counts.Tally) -> Watched:
        row = page.row
        if row.is_way_back or now.gaps != before.gaps or row.is_shifted:
            return known
        shared = 0 < row.weight < 100
        blue, green = now.blue - before.blue, now.green - before.green
        state = analysis.observe(known.state, blue, green if shared else counts.Counts())
        known = replace(known, state=state)
        if not shared:
            return known
        found = analysis.finding(state)
        if found.verdict == known.verdict:
            return known
        body = {"verdict": found.verdict, "why": found.why}
        tables.judgements.put(page.tx, Judgement(row.account, row.region, row.id, found.verdict, found.why))
        return replace(page.add(known, "verdict", body), verdict=found.verdict)


@dataclass(slots=True)
class _Page:
    """The ledger of one deployment, open for writing in a transaction."""

    tx: Tx
    row: Deployment
    now: datetime

    def add(self, known: Watched, kind: str, body: Mapping[str, Any]) -> Watched:
        """The row after one more record."""
        at = self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = ledger.append(self.row.id, known.records, known.head, at, kind, body)
        entry = Entry(self.row.account, self.row.region, self.row.id, known.records, record.line(), self.now)
        tables.entries.insert(self.tx, entry)
        counted = self.now if "counts" in body else known.counted
        return replace(known, records=known.records + 1, head=record.hash, counted=counted)


def _find(tx: Tx, key: Key) -> tuple[Deployment | None, Watched | None]:
    return tables.deployments.find(tx, *key), tables.watched.find(tx, *key)


def _of(seen: ProxySeen, arn: str) -> GroupCounts:
    """The counts of a target group, which the proxy knows by the last part of its ARN."""
    return seen.groups.get(arn.rsplit("/", 1)[-1], GroupCounts())


def _counts(group: GroupCounts) -> counts.Counts:
    return counts.Counts(group.total, group.by_class, group.retries, group.dropped, group.latencies)


def _subject(row: Deployment) -> dict[str, Any]:
    return {
        "cluster": row.plan.cluster.rsplit("/", 1)[-1],
        "service": row.plan.service.rsplit("/", 1)[-1],
        "creator": row.creator,
        "rolls_back": row.rolls_back,
        "releases": row.plan.appspec.task_definition,
        "steps": [[step.percent, step.minutes] for step in row.plan.steps],
    }


def _totals(tally: counts.Tally) -> dict[str, Any]:
    versions = {"blue": tally.blue, "green": tally.green}
    shown = {
        name: {
            "requests": one.requests,
            "by_class": dict(sorted(one.by_class.items())),
            "retries": one.retries,
            "dropped": one.dropped,
        }
        for name, one in versions.items()
    }
    return {"counts": shown, "gaps": tally.gaps, "zero_loss": tally.zero_loss}
