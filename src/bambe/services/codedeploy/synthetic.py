"""Requests of our own during a release that has too few: asked for by the tag `bambe:synthetic`.

Each second the test listener, which leads to green, and the production listener, which leads mostly to
blue, get the same few GET requests, until the comparison of the two has found something. They are
counted at the proxy like any other; the ledger says how many they were.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bambe.control import Key
from bambe.engines.proxy.port import Proxy
from bambe.evidence.analysis import Verdict
from bambe.evidence.wishes import SYNTHETIC
from bambe.kernel.call import Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import NotThere
from bambe.services.codedeploy import tables
from bambe.services.codedeploy.deployment import Deployment, Phase
from bambe.services.codedeploy.watched import Sent

EVERY = timedelta(seconds=1)
ENOUGH = 5
"""Requests to green in a pass: so many, real ones included."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """A deployment that wants requests; `green` counts those green had so far, `sent` ours."""

    row: Deployment
    paths: Sequence[str]
    green: int
    sent: Sent


@dataclass(frozen=True, slots=True)
class _Look:
    """Requests that green had until a moment, and how many of them were ours."""

    at: datetime
    green: int
    sent: int

    @property
    def others(self) -> int:
        return self.green - self.sent


class Synthetic:
    """One deployment per key."""

    name = "codedeploy.synthetic"

    def __init__(self, store: Store, clock: Clock, proxy: Proxy) -> None:
        self._store = store
        self._clock = clock
        self._proxy = proxy
        self._looks: dict[Key, _Look] = {}

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
            self._looks.pop(key, None)
            return None
        now = _Look(self._clock.now(), wish.green, wish.sent.test)
        before = self._looks.setdefault(key, now)
        if now.at < before.at + EVERY:
            return before.at + EVERY
        self._looks[key] = now
        wanted = ENOUGH - max(0, now.others - before.others)
        if wanted > 0:
            await self._send(wish, wanted)
        return now.at + EVERY

    async def _send(self, wish: _Wish, number: int) -> None:
        first, plan = wish.sent.test, wish.row.plan
        paths = [wish.paths[n % len(wish.paths)] for n in range(first, first + number)]
        listeners = [arn.rsplit("/", 1)[-1] for arn in (plan.test_listener, plan.listener)]
        # Written down first: a crash must not make them look like requests of others.
        sent = replace(wish.sent, test=first + number, production=wish.sent.production + number)
        await self._store.write(lambda tx: tables.sent.put(tx, sent))
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
    judged = tables.judgements.find(tx, *key)
    if not paths or (judged is not None and judged.verdict != Verdict.INCONCLUSIVE):
        return None
    known = tables.watched.find(tx, *key)
    sent = tables.sent.find(tx, *key) or Sent(*key)
    return _Wish(row, paths, known.tally.green.requests if known else 0, sent)
