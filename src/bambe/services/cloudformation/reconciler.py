"""The loop that makes stacks true: observe, plan, apply, until nothing moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bambe.control import Expiry, Key, Reconciler
from bambe.kernel.call import Aws, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import ResourceType
from bambe.services.cloudformation import outputs, policies
from bambe.services.cloudformation.detecting import DriftLoop
from bambe.services.cloudformation.intrinsics import evaluate, is_wanted
from bambe.services.cloudformation.model import GOING_BACK, Resource, Stack, StackStatus
from bambe.services.cloudformation.planner import (
    CONVERGED,
    MONITORED,
    Action,
    Goal,
    Move,
    Step,
    Sweep,
    Watch,
    plan,
)
from bambe.services.cloudformation.resource_steps import Steps
from bambe.services.cloudformation.rewriting import rewritten
from bambe.services.cloudformation.scope import scope_of
from bambe.services.cloudformation.tables import (
    DETECTIONS,
    STACKS,
    delete_detection,
    exports,
    move_stack,
    put_resource,
    resources_of,
)
from bambe.services.cloudformation.template import EMPTY, dependencies, order, parse, retained

S = StackStatus
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
            goal = self._goal(stack, rows, known, await self._alarmed(stack))
            actions = plan(stack, rows, goal, self._types)
            moved = await self._apply(stack, rows, known, actions)
            if not moved:
                break
        return self._clock.now() + LOOK_AGAIN

    async def _alarmed(self, stack: Stack) -> str:
        """The first of the stack's rollback triggers that is in alarm, or nothing."""
        if not stack.triggers or stack.status not in MONITORED:
            return ""
        names = [arn.rsplit(":alarm:", 1)[-1] for arn in stack.triggers]
        aws = self._aws.within(stack.account, stack.region)
        kinds = ["MetricAlarm", "CompositeAlarm"]
        answer = await aws.cloudwatch.describe_alarms(AlarmNames=names, AlarmTypes=kinds, StateValue="ALARM")
        found = [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]
        return str(found[0]["AlarmArn"]) if found else ""

    def _goal(self, stack: Stack, rows: Rows, known: Mapping[str, str], alarmed: str) -> Goal:
        version = stack.previous if stack.status in GOING_BACK and stack.previous else stack.goal
        template = parse(version.template) if stack.status not in _GONE else EMPTY
        scope = scope_of(stack, template, version, rows.values(), known)
        names = tuple(name for name in order(template) if is_wanted(name, scope))
        return Goal(
            names=names,
            depends={name: dependencies(template, name) for name in names},
            types={name: template.resources[name]["Type"] for name in names},
            retained={name: retained(template.resources[name]) for name in names},
            resolve=lambda name: dict(evaluate(template.resources[name].get("Properties", {}), scope)),
            denied=partial(policies.denied, _policy(stack)),
            alarmed=alarmed,
            now=self._clock.now(),
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
            row = rewritten(stack, rows, action, now)
            if row is not None:
                put_resource(tx, row)
                changed = True
            elif isinstance(action, Watch):
                STACKS.update(tx, replace(STACKS.get(tx, *stack.key), watched_until=action.until))
                changed = True
            elif isinstance(action, Move):
                self._move(tx, STACKS.get(tx, *stack.key), rows, known, action)
                changed = True
        return changed

    def _move(self, tx: Tx, stack: Stack, rows: Rows, known: Mapping[str, str], action: Move) -> None:
        now = self._clock.now()
        if stack.status in CONVERGED and action.to == CONVERGED[stack.status]:
            try:
                stack = outputs.written(tx, stack, rows, known, stack.status in GOING_BACK)
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
            stack = replace(stack, goal=goal, previous=None, tags=stack.wanted_tags, previous_tags=None)
            stack = replace(stack, policy_during_update="", skipped=[])
        if action.to == S.DELETE_COMPLETE:
            stack = replace(stack, deleted_at=now, outputs=[], imports=[])
        move_stack(tx, stack, action.to, now, action.why)


_GONE = (S.DELETE_IN_PROGRESS, S.ROLLBACK_IN_PROGRESS)


def _policy(stack: Stack) -> str:
    """The policy that an update under way must keep; nothing else has to."""
    if stack.status != S.UPDATE_IN_PROGRESS:
        return ""
    return stack.policy_during_update or stack.policy


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


def reconcilers(
    store: Store, clock: Clock, aws: Aws, resources: Mapping[str, ResourceType]
) -> Sequence[Reconciler]:
    """The loops of stacks, of looking at what has drifted, and of looks that nobody asks for any more."""
    return [
        StackLoop(store, clock, aws, resources),
        DriftLoop(store, clock, aws, resources),
        Expiry("cloudformation.detections", store, clock, DETECTIONS, delete_detection),
    ]
