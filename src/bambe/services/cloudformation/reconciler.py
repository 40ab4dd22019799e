"""The loop that makes stacks true: observe, plan, apply, until nothing moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bambe.control import Key, Reconciler
from bambe.kernel.call import Aws, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import AwsError
from bambe.kernel.ids import hex_id, upper_id
from bambe.kernel.resources import ResourceType
from bambe.services.cloudformation import outputs
from bambe.services.cloudformation.intrinsics import evaluate, is_wanted
from bambe.services.cloudformation.model import (
    Leftover,
    Resource,
    ResourceStatus,
    Stack,
    StackStatus,
)
from bambe.services.cloudformation.planner import (
    CONVERGED,
    Action,
    Begin,
    Fail,
    Goal,
    Move,
    Note,
    Remove,
    Restore,
    Step,
    Sweep,
    plan,
)
from bambe.services.cloudformation.resource_steps import Steps
from bambe.services.cloudformation.scope import scope_of
from bambe.services.cloudformation.tables import (
    STACKS,
    exports,
    move_stack,
    put_resource,
    resources_of,
)
from bambe.services.cloudformation.template import EMPTY, dependencies, order, parse, retained

R, S = ResourceStatus, StackStatus
LOOK_AGAIN = timedelta(seconds=0.2)
Rows = dict[str, Resource]


class StackLoop:
    """Keys are (account, region, stack id)."""

    name = "cloudformation.stack"

    def __init__(self, store: Store, clock: Clock, aws: Aws, resources: Mapping[str, ResourceType]) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws
        self._types = resources

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        return [key] if table == STACKS.name else []

    async def keys(self) -> Iterable[Key]:
        stacks = await self._store.read(STACKS.list)
        return [one.key for one in stacks if _is_moving(one)]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        """The loop's own failures are transient (an engine away): the stack waits as it is."""

    async def reconcile(self, key: Key) -> datetime | None:
        for _ in range(1000):
            stack, rows, known = await self._store.read(partial(_observe, key=key))
            if stack is None or not _is_moving(stack):
                return None
            actions = plan(stack, rows, self._goal(stack, rows, known), self._types)
            moved = await self._apply(stack, rows, known, actions)
            if not moved:
                break
        return self._clock.now() + LOOK_AGAIN

    def _goal(self, stack: Stack, rows: Rows, known: Mapping[str, str]) -> Goal:
        version = stack.previous if stack.status in _BACK and stack.previous else stack.goal
        template = parse(version.template) if stack.status not in _GONE else EMPTY
        scope = scope_of(stack, template, version, rows.values(), known)
        names = tuple(name for name in order(template) if is_wanted(name, scope))
        return Goal(
            names=names,
            depends={name: dependencies(template, name) for name in names},
            types={name: template.resources[name]["Type"] for name in names},
            retained={name: retained(template.resources[name]) for name in names},
            resolve=lambda name: dict(evaluate(template.resources[name].get("Properties", {}), scope)),
        )

    async def _apply(
        self, stack: Stack, rows: Rows, known: Mapping[str, str], actions: Sequence[Action]
    ) -> bool:
        """Do what was planned; whether anything has changed by it."""
        written = await self._store.write(lambda tx: self._write(tx, stack, rows, known, actions))
        steps = Steps(self._aws.within(stack.account, stack.region), self._types, stack, self._clock.now())
        work = [
            steps.go_on(rows[one.logical_id]) if isinstance(one, Step) else steps.sweep(rows[one.logical_id])
            for one in actions
            if isinstance(one, Step | Sweep)
        ]
        # All must have ended before the next pass, which would repeat those still under way.
        after = await asyncio.gather(*work, return_exceptions=True)
        changed = [row for row in after if isinstance(row, Resource) and row != rows[row.logical_id]]
        if changed:
            await self._store.write(partial(_put_all, rows=changed))
        for bug in (one for one in after if isinstance(one, BaseException)):
            raise bug
        return bool(written or changed)

    def _write(
        self, tx: Tx, stack: Stack, rows: Rows, known: Mapping[str, str], actions: Sequence[Action]
    ) -> bool:
        """The part of a plan that is only writing; nothing if the stack has moved on meanwhile."""
        now = self._clock.now()
        current = STACKS.find(tx, *stack.key)
        if current is None or current.status != stack.status:
            return True
        changed = False
        for action in actions:
            row = _rewritten(stack, rows, action, now)
            if row is not None:
                put_resource(tx, row)
                changed = True
            elif isinstance(action, Move):
                self._move(tx, STACKS.get(tx, *stack.key), rows, known, action)
                changed = True
        return changed

    def _move(self, tx: Tx, stack: Stack, rows: Rows, known: Mapping[str, str], action: Move) -> None:
        now = self._clock.now()
        if stack.status in CONVERGED and action.to == CONVERGED[stack.status]:
            try:
                stack = outputs.written(tx, stack, rows, known, stack.status in _BACK)
            except AwsError as error:
                back = S.ROLLBACK_IN_PROGRESS if stack.status == S.CREATE_IN_PROGRESS else None
                back = back or (
                    S.UPDATE_ROLLBACK_IN_PROGRESS
                    if stack.status == S.UPDATE_IN_PROGRESS
                    else S.UPDATE_ROLLBACK_FAILED
                )
                move_stack(tx, stack, back, now, error.message)
                return
        if action.to in (S.UPDATE_COMPLETE, S.UPDATE_ROLLBACK_COMPLETE):
            goal = (
                stack.previous if action.to == S.UPDATE_ROLLBACK_COMPLETE and stack.previous else stack.goal
            )
            stack = replace(stack, goal=goal, previous=None)
        if action.to == S.DELETE_COMPLETE:
            stack = replace(stack, deleted_at=now, outputs=[], imports=[])
        move_stack(tx, stack, action.to, now, action.why)


_BACK = (S.UPDATE_ROLLBACK_IN_PROGRESS, S.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS)
_GONE = (S.DELETE_IN_PROGRESS, S.ROLLBACK_IN_PROGRESS)


def _put_all(tx: Tx, rows: Sequence[Resource]) -> None:
    for row in rows:
        put_resource(tx, row)


def _is_moving(stack: Stack) -> bool:
    return stack.status.endswith("_IN_PROGRESS") and stack.status != S.REVIEW_IN_PROGRESS


def _observe(tx: Tx, key: Key) -> tuple[Stack | None, Rows, dict[str, str]]:
    stack = STACKS.find(tx, *key)
    if stack is None:
        return None, {}, {}
    known = {name: value for name, (value, _) in exports(tx, stack.account, stack.region).items()}
    return stack, {row.logical_id: row for row in resources_of(tx, stack)}, known


def _rewritten(stack: Stack, rows: Rows, action: Action, now: datetime) -> Resource | None:
    """The row as an action writes it; None for actions that do more than write."""
    row = rows.get(action.logical_id) if not isinstance(action, Move) else None
    if isinstance(action, Begin):
        return _begun(stack, row, action, now)
    if row is None:
        return None
    if isinstance(action, Fail):
        to = R.CREATE_FAILED if row.status == R.CREATE_IN_PROGRESS else R.UPDATE_FAILED
        return replace(row, status=to, reason=action.why, updated_at=now) if row.status.in_progress else None
    if isinstance(action, Remove):
        to = R.DELETE_SKIPPED if row.retained else R.DELETE_IN_PROGRESS
        return replace(row, status=to, called=False, reason="", fail_after=None, updated_at=now)
    if isinstance(action, Restore):
        return _restored(row, action.leftover, now)
    if isinstance(action, Note):
        return replace(row, depends=list(action.depends), retained=action.retained)
    return None


def _begun(stack: Stack, row: Resource | None, action: Begin, now: datetime) -> Resource:
    back = stack.status in _BACK and stack.previous is not None
    version = stack.previous if back and stack.previous else stack.goal
    template = parse(version.template)
    declared = template.resources[action.logical_id]
    fresh: dict[str, Any] = {
        "type": declared["Type"],
        "depends": dependencies(template, action.logical_id),
        "retained": retained(declared),
        "wanted": action.properties,
        "called": False,
        "reason": "",
        "stale": False,
        "fail_after": None,
        "updated_at": now,
    }
    if row is None or not (row.exists and (row.physical_id or row.leftovers)):
        return Resource(
            account=stack.account,
            region=stack.region,
            stack=stack.id,
            logical_id=action.logical_id,
            status=R.CREATE_IN_PROGRESS,
            **_identity(stack, action.logical_id),
            **fresh,
        )
    if not action.replace:
        before = row.wanted if row.status == R.UPDATE_FAILED else row.properties
        fresh["depends"] = sorted({*row.depends, *fresh["depends"]})
        return replace(row, status=R.UPDATE_IN_PROGRESS, properties=before, **fresh)
    keep = retained(declared, "UpdateReplacePolicy")
    left = [_leftover(row, keep)] if row.physical_id else []
    fresh["reason"] = "Requested update requires the creation of a new physical resource"
    return replace(
        row,
        status=R.UPDATE_IN_PROGRESS,
        physical_id="",
        attributes={},
        properties={},
        leftovers=[*row.leftovers, *left],
        **_identity(stack, action.logical_id),
        **fresh,
    )


def _restored(row: Resource, leftover: Leftover, now: datetime) -> Resource:
    left = [_leftover(row, keep=False)] if row.physical_id else []
    return replace(
        row,
        type=leftover.type,
        status=R.UPDATE_COMPLETE,
        physical_id=leftover.physical_id,
        attributes=leftover.attributes,
        properties=leftover.properties,
        wanted=leftover.properties,
        depends=leftover.depends,
        leftovers=[*row.leftovers[:-1], *left],
        reason="",
        updated_at=now,
    )


def _leftover(row: Resource, keep: bool) -> Leftover:
    properties = row.properties or row.wanted
    return Leftover(row.type, row.physical_id, row.attributes, properties, keep, row.depends)


def _identity(stack: Stack, logical_id: str) -> dict[str, Any]:
    return {"token": hex_id(32), "name": f"{stack.name}-{logical_id}-{upper_id(12)}"}


def reconcilers(
    store: Store, clock: Clock, aws: Aws, resources: Mapping[str, ResourceType]
) -> Sequence[Reconciler]:
    """The loop of stacks."""
    return [StackLoop(store, clock, aws, resources)]
