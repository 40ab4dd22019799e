"""The queue of a deployment group: builds' deployments wait in the order of their builds.

AWS has none (it answers DeploymentLimitExceededException). A group has one where its tag `bambe:queue`
says so. The newest supersedes those in between; one that comes after a newer one has no turn at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bambe.control import Key
from bambe.evidence.wishes import NEWEST, QUEUE
from bambe.kernel.call import Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.codedeploy import lifecycle, tables
from bambe.services.codedeploy.deployment import Deployment, Phase, Status

REFUSED = frozenset({Status.FAILED, Status.STOPPED})


@dataclass(frozen=True, slots=True)
class Supersede:
    """`old` has no turn: `new` is newer."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Begin:
    """The turn of `deployment` has come."""

    deployment: str


@dataclass(frozen=True, slots=True)
class EndWait:
    """`deployment` only waits to end the version before it, and a newer version is ready."""

    deployment: str


Turn = Supersede | Begin | EndWait


def turns(history: Sequence[Deployment], ends_waits: bool) -> tuple[Turn, ...]:
    """What to do about a group's queue now; `history` are its deployments in any order."""
    queued = sorted((row for row in history if row.is_queued), key=_place)
    if not queued:
        return ()
    heard = [row for row in history if row.order and row.status not in REFUSED]
    newest = max([*heard, *queued], key=_place)
    late = tuple(Supersede(row.id, newest.id) for row in queued if row.id != newest.id)
    if not newest.is_queued:
        return late
    active = next((row for row in history if not row.is_over and not row.is_queued), None)
    if active is None:
        return (*late, Begin(newest.id))
    if ends_waits and active.phase is Phase.TERMINATION_WAIT and not active.end_wait:
        return (*late, EndWait(active.id))
    return late


def _place(row: Deployment) -> tuple[int, datetime]:
    return row.order, row.created


class Queue:
    """One group per key. A pass is one transaction."""

    name = "codedeploy.queue"

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._groups: dict[Key, Key] = {}

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        if table == tables.deployment_groups.name:
            return (key,)
        if table == tables.deployments.name:
            return ((*key[:2], "", key[2]),)
        return ()

    async def keys(self) -> Iterable[Key]:
        rows = await self._store.read(tables.unfinished)
        return {(row.account, row.region, row.application, row.group) for row in rows if row.is_queued}

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        await self._store.write(lambda tx: self._pass(tx, key))
        return None

    def _pass(self, tx: Tx, key: Key) -> None:
        account, region, application, name = key
        if not application:
            row = tables.deployments.find(tx, account, region, name)
            if row is None:
                return
            application, name = row.application, row.group
        where = {"account": account, "region": region, "application": application, "group": name}
        every = tables.deployments.list(tx, **where)
        group = tables.deployment_groups.find(tx, account, region, application, name)
        ends_waits = group is not None and group.tags.get(QUEUE) == NEWEST
        # Builds of a project that was made anew count from 1 again, like a group of the same name.
        history = [row for row in every if group is None or row.is_queued or row.group_id == group.id]
        for turn in turns(history, ends_waits):
            self._apply(tx, account, region, turn)

    def _apply(self, tx: Tx, account: str, region: str, turn: Turn) -> None:
        now = self._clock.now()
        match turn:
            case Supersede(old=old, new=new):
                why = f"Superseded by the deployment {new}, which is of a newer build"
                row = tables.deployments.get(tx, account, region, old)
                ended = replace(lifecycle.end(row, Status.STOPPED, now, why), superseded_by=new)
                tables.save(tx, replace(ended, error_code="MANUAL_STOP", error_message=why), why)
            case Begin(deployment=id):
                row = tables.deployments.get(tx, account, region, id)
                tables.save(tx, replace(row, status=Status.CREATED, entered=now), "its turn has come")
            case EndWait(deployment=id):
                row = tables.deployments.get(tx, account, region, id)
                tables.save(tx, replace(row, end_wait=True), "a newer version is ready")
