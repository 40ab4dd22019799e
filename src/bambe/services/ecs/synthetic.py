"""Requests of our own while ECS shifts traffic and few come in: asked for by the tag `bambe:synthetic`."""

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
from bambe.services.ecs.service_deployment import Stage
from bambe.services.ecs.shift_observe import Rows, pairs, rows_of
from bambe.services.ecs.tables import SENT, SERVICE_DEPLOYMENTS, WATCHED

SHARED = (Stage.PRE_PRODUCTION_TRAFFIC_SHIFT, Stage.PRODUCTION_TRAFFIC_SHIFT)
"""Stages in which a part of the traffic goes to each revision."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """A deployment that wants requests through `listeners`, the test one first; `green` counts those its
    target had so far, `sent` ours."""

    paths: Sequence[str]
    listeners: Sequence[str]
    green: int
    sent: Sent


class Synthetic:
    """One key per service deployment."""

    name = "ecs.synthetic"

    def __init__(self, store: Store, clock: Clock, proxy: Proxy) -> None:
        self._store = store
        self._clock = clock
        self._proxy = proxy
        self._pace = Pace()

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return (key,) if table == SERVICE_DEPLOYMENTS.name else ()

    async def keys(self) -> Iterable[Key]:
        rows = await self._store.read(lambda tx: SERVICE_DEPLOYMENTS.list(tx, is_over=False))
        return [SERVICE_DEPLOYMENTS.key_of(row) for row in rows]

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
        sent, paths = wish.sent, following(wish.paths, wish.sent, number)
        # Written down first: a crash must not make them look like requests of others.
        more = replace(sent, test=sent.test + number, production=sent.production + number)
        await self._store.write(lambda tx: SENT.put(tx, more))
        # After a start the proxy may not have been told yet what there is: the next pass asks again.
        with contextlib.suppress(NotThere):
            await asyncio.gather(*(self._proxy.ask(one, path) for path in paths for one in wish.listeners))


def _wish(tx: Tx, key: Key) -> _Wish | None:
    """None unless the deployment is shifting, asks for requests, and has no verdict yet."""
    row = SERVICE_DEPLOYMENTS.find(tx, *key)
    if row is None or row.going_back or not 0 < row.weight < 100 or row.stage not in SHARED:
        return None
    rows = rows_of(tx, row)
    paths = (rows.service.tags if rows.service else {}).get(SYNTHETIC, "").split()
    listeners = _listeners(rows)
    if not listeners or not wants(paths, rows.judged):
        return None
    mine = (row.account, row.region, row.id)
    known = WATCHED.find(tx, *mine)
    return _Wish(
        paths, listeners, known.tally.green.requests if known else 0, SENT.find(tx, *mine) or Sent(*mine)
    )


def _listeners(rows: Rows) -> list[str]:
    """The test and the production listener as the proxy knows them; none without a test rule."""
    for advanced, _, _ in pairs(rows.target):
        rules = (advanced.get("testListenerRule"), advanced["productionListenerRule"])
        if all(rules):
            return [str(rule).rsplit("/", 2)[-2] for rule in rules]
    return []
