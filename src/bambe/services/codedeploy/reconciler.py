"""Makes deployments go on: one step per pass, through the APIs of ECS and the load balancer alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bambe.control import Key, Reconciler
from bambe.engines.proxy.port import Proxy
from bambe.evidence.analysis import Verdict
from bambe.evidence.wishes import ANALYSIS, ROLLBACK
from bambe.kernel.call import Aws, Store, Tx
from bambe.kernel.clock import Clock
from bambe.kernel.errors import AwsError
from bambe.services.codedeploy import moves, tables
from bambe.services.codedeploy.actions import (
    Action,
    Begin,
    CreateGreen,
    End,
    Enter,
    Expect,
    Invoke,
    Promote,
    Record,
    Reweighed,
    Seen,
    Shifted,
    Terminate,
    Watch,
    Weigh,
)
from bambe.services.codedeploy.deployment import Deployment, Phase, Status
from bambe.services.codedeploy.observe import World, is_passing, observe
from bambe.services.codedeploy.planner import plan
from bambe.services.codedeploy.queue import Queue
from bambe.services.codedeploy.requests import hook_payload, task_set, weighted
from bambe.services.codedeploy.rollback import rollback
from bambe.services.codedeploy.synthetic import Synthetic
from bambe.services.codedeploy.telling import Notices
from bambe.services.codedeploy.way_back import MOMENT, rolls_back
from bambe.services.codedeploy.witness import Witness

SOON = timedelta(seconds=0.2)
NOW_AND_THEN = timedelta(seconds=2)
EVENT_STARTS = timedelta(minutes=5)
"""After the event before; real time. AWS's limit ("CodeDeploy limits": hooks)."""
WAITS_FOR_ECS = (Phase.INSTALL, Phase.CLEAN_UP)
ECS_TABLES = ("ecs_task_sets", "ecs_tasks")
"""ECS's tables on the change feed, by name since services do not import each other."""


class Deployments:
    """One deployment per key: observe, plan, apply, and look again when something is due."""

    name = "codedeploy.deployment"

    def __init__(self, store: Store, clock: Clock, aws: Aws) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws
        self._waiting: dict[Key, Key] = {}
        self._groups: dict[Key, Key] = {}

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        if table in (tables.deployments.name, tables.judgements.name):
            return (key,)
        if table == tables.deployment_groups.name:
            return [one for one, group in self._groups.items() if group == key]
        if table in ECS_TABLES:
            return [one for one, service in self._waiting.items() if service == key[:4]]
        return ()

    async def keys(self) -> Iterable[Key]:
        def running(tx: Tx) -> list[Key]:
            return [tables.deployments.key_of(row) for row in tables.unfinished(tx)]

        return await self._store.read(running)

    async def listen(self, wake: Callable[[Key], None]) -> None:
        return

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        row, wishes, worse = await self._store.read(lambda tx: _row(tx, key))
        self._waiting.pop(key, None)
        self._groups.pop(key, None)
        if row is None or row.is_over:
            return None
        self._groups[key] = _group_key(row)
        if row.phase in WAITS_FOR_ECS:
            self._waiting[key] = _service_key(row)
        aws = self._aws.within(row.account, row.region)
        world = World(Seen()) if row.is_queued else await observe(aws, row, wishes)
        seen = replace(world.seen, worse=worse)
        for action in plan(row, seen, self._clock.now()):
            refusal = await self._apply(aws, row, world, action)
            if refusal is not None:
                await self._record(row, world, refusal)
                break
        fresh = await self._store.read(lambda tx: tables.deployments.find(tx, *key))
        return None if fresh is None else _look_again(fresh, self._clock.now())

    async def _apply(self, aws: Aws, row: Deployment, world: World, action: Action) -> End | None:
        """Do it; what AWS's API refuses for good ends the deployment."""
        try:
            await self._do(aws, row, world, action)
        except AwsError as error:
            late = isinstance(action, Invoke) and self._clock.now() >= row.entered + EVENT_STARTS
            if is_passing(error) and not late:
                raise
            return _refused(row, world, action, error)
        return None

    async def _do(self, aws: Aws, row: Deployment, world: World, action: Action) -> None:
        match action:
            case CreateGreen():
                await aws.ecs.create_task_set(**task_set(row, world))
            case Weigh(percent=percent, test=test):
                listener = row.plan.test_listener if test else row.plan.listener
                rules = world.test_rules if test else world.rules
                await _weigh(aws, row, listener, rules, percent)
            case Promote(task_set=name):
                await aws.ecs.update_service_primary_task_set(
                    cluster=row.plan.cluster, service=row.plan.service, primaryTaskSet=name
                )
            case Terminate(task_set=name):
                await aws.ecs.delete_task_set(
                    cluster=row.plan.cluster, service=row.plan.service, taskSet=name, force=True
                )
            case Invoke(run=run):
                await aws.lambda_.invoke(
                    FunctionName=run.function, InvocationType="Event", Payload=hook_payload(row, run)
                )
                await self._record(row, world, action)
            case Begin() | Expect() | Enter() | Shifted() | Reweighed() | Watch() | End():
                await self._record(row, world, action)

    async def _record(self, row: Deployment, world: World, action: Record | Invoke) -> None:
        def write(tx: Tx) -> None:
            fresh = tables.deployments.find(tx, row.account, row.region, row.id)
            if fresh is None or fresh.stop_asked != row.stop_asked:
                return  # a stop came in meanwhile: the next pass plans anew
            moved = moves.moved(fresh, action, self._clock.now(), self._clock.after)
            if isinstance(action, End) and action.rolls_back:
                blue = world.seen.blue
                lives = blue is not None and blue.is_alive
                back = rollback(moved, self._clock.now(), by_weights=lives)
                tables.save(tx, back, f"rolls back {moved.id}")
                moved = replace(moved, rollback_id=back.id, rollback_message=back.rollback_message)
            tables.save(tx, moved, action.why)
            if moved.status is Status.SUCCEEDED and not moved.is_way_back:
                tables.mark_used(tx, moved, self._clock.now())

        await self._store.write(write)


def _refused(row: Deployment, world: World, action: Action, error: AwsError) -> End:
    if isinstance(action, Weigh):
        code, what = "ELASTIC_LOAD_BALANCING_INVALID", "The ELB could not be updated"
    elif isinstance(action, Invoke):
        code = "HOOK_EXECUTION_FAILURE"
        what = f"The function {action.run.function} could not be invoked for {action.run.event}"
    else:
        code, what = "ECS_UPDATE_ERROR", "The Amazon ECS service could not be updated"
    why = f"{what} due to the following error: {error.message} (Error Code: {error.wire_code()})"
    back = not row.is_way_back and rolls_back(row, world.seen, "DEPLOYMENT_FAILURE")
    return End(Status.FAILED, why, code, back)


async def _weigh(
    aws: Aws, row: Deployment, listener: str, rules: Sequence[Mapping[str, Any]], percent: int
) -> None:
    for rule in rules:
        actions = weighted(rule["Actions"], row.blue_group, row.green_group, percent)
        if rule.get("IsDefault"):
            await aws.elbv2.modify_listener(ListenerArn=listener, DefaultActions=actions)
        else:
            await aws.elbv2.modify_rule(RuleArn=rule["RuleArn"], Actions=actions)


def _row(tx: Tx, key: Key) -> tuple[Deployment | None, Mapping[str, str], str]:
    """The deployment, the tags of its group, and why it is to end because it is worse (or "")."""
    row = tables.deployments.find(tx, *key)
    group = tables.deployment_groups.find(tx, *_group_key(row)) if row else None
    tags = group.tags if group else {}
    judged = tables.judgements.find(tx, *key)
    worse = judged is not None and judged.verdict == Verdict.WORSE and tags.get(ANALYSIS) == ROLLBACK
    return row, tags, judged.why if judged and worse else ""


def _group_key(row: Deployment) -> Key:
    return (row.account, row.region, row.application, row.group)


def _service_key(row: Deployment) -> Key:
    """The service as ECS keys it."""
    cluster, service = (name.rsplit("/", 1)[-1] for name in (row.plan.cluster, row.plan.service))
    return (row.account, row.region, cluster, service)


def _look_again(row: Deployment, now: datetime) -> datetime | None:
    """At the deadline; soon while something made by others is awaited."""
    if row.is_over:
        return None
    soon = now + SOON
    if row.is_queued:
        return None
    if row.phase is Phase.TERMINATION_WAIT and not row.end_wait:
        due = max(soon, row.entered + MOMENT, row.deadline or soon)
        return min(due, now + NOW_AND_THEN) if row.plan.alarms else due
    if row.phase is Phase.DRAIN:
        return max(soon, row.entered + MOMENT)
    if row.phase is Phase.READY:
        return max(soon, row.deadline or soon)
    if row.phase is Phase.SHIFT:
        return max(soon, min(row.deadline or soon, now + NOW_AND_THEN))
    return soon


def reconcilers(store: Store, clock: Clock, aws: Aws, proxy: Proxy) -> Sequence[Reconciler]:
    """What the daemon runs for CodeDeploy."""
    return (
        Deployments(store, clock, aws),
        Queue(store, clock),
        Witness(store, clock, aws, proxy),
        Synthetic(store, clock, proxy),
        Notices(store, aws),
    )
