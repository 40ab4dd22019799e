"""Requests of our own during a release that has too few: asked for by the tag `bambe:synthetic`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bambe.control import Key
from bambe.engines.proxy.port import Proxy
from bambe.evidence.pace import Pace, following, wants
from bambe.evidence.watched import Sent
from bambe.evidence.wishes import SYNTHETIC
from bambe.kernel.call import Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import NotThere
from bambe.services.codedeploy import tables
from bambe.services.codedeploy.deployment import Deployment, Phase


@dataclass(frozen=True, slots=True)
class _Wish:
    """A deployment that wants requests; `green` counts those green had so far, `sent` ours."""

    row: Deployment
    paths: Sequence[str]
    green: int
    sent: Sent


class Synthetic:
    """One deployment per key."""

    name = "codedeploy.synthetic"

    def __init__(self, store: Store, clock: Clock, proxy: Proxy) -> None:
        self._store = store
        self._clock = clock
        self._proxy = proxy
        self._pace = Pace()

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return (key,) if table == tables.deployments.name else ()

    async def keys(self) -> Iterable[Key]:
        rows = await self._store.read(tables.unfinished)
        return [tables.deployments.key_of(row) for row in rows]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        wish = await self._store.read(lambda tx: _wish(tx, key))
        if wish is None:
            self._pace.forget(key)
            return None
        number, again = self._pace.due(key, self._clock.now(), wish.green, wish.sent)
        if number:
            await self._send(wish, number)
        return again

    async def _send(self, wish: _Wish, number: int) -> None:
        plan, sent = wish.row.plan, wish.sent
        paths = following(wish.paths, sent, number)
        listeners = [arn.rsplit("/", 1)[-1] for arn in (plan.test_listener, plan.listener)]
        # Written down first: a crash must not make them look like requests of others.
        more = replace(sent, test=sent.test + number, production=sent.production + number)
        await self._store.write(lambda tx: tables.sent.put(tx, more))
        # After a start the proxy may not have been told yet what there is: the next pass asks again.
        with contextlib.suppress(NotThere):
            await asyncio.gather(*(self._proxy.ask(one, path) for path in paths for one in listeners))


def _wish(tx: Tx, key: Key) -> _Wish | None:
    """None unless the deployment is shifting, asks for requests, and has no verdict yet."""
    row = tables.deployments.find(tx, *key)
    if row is None or row.phase is not Phase.SHIFT or not 0 < row.weight < 100 or not row.plan.test_listener:
        return None
    group = tables.deployment_groups.find(tx, row.account, row.region, row.application, row.group)
    paths = (group.tags if group else {}).get(SYNTHETIC, "").split()
    if not wants(paths, tables.judgements.find(tx, *key)):
        return None
    known = tables.watched.find(tx, *key)
    sent = tables.sent.find(tx, *key) or Sent(*key)
    return _Wish(row, paths, known.tally.green.requests if known else 0, sent)
