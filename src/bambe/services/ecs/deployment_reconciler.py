"""Makes service deployments go on: shifting ones a step a pass, rolling ones when they are to end early."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from bambe.control import Key
from bambe.kernel.call import Aws, Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.ecs import baking, deploying, rolling_ends, shift_hooks, shift_moves
from bambe.services.ecs.chores import Chores
from bambe.services.ecs.diary import title
from bambe.services.ecs.model import Rollout, Service, SetStatus
from bambe.services.ecs.service_deployment import (
    DeploymentStatus,
    HookRun,
    HookStatus,
    ServiceDeployment,
    Stage,
)
from bambe.services.ecs.shift_actions import (
    Action,
    Call,
    Drain,
    End,
    Enter,
    GoBack,
    Record,
    Reweighed,
    Scale,
    Shifted,
    Weigh,
)
from bambe.services.ecs.shift_observe import Rows, World, observe, ringing, rows_of, weigh
from bambe.services.ecs.shift_planner import plan
from bambe.services.ecs.strategy import alarms
from bambe.services.ecs.tables import JUDGEMENTS, SERVICE_DEPLOYMENTS, SERVICES, TASK_SETS, TASKS, tell

NOW_AND_THEN = timedelta(seconds=2)
"""How often what sends no word is looked at: alarms, rules that others change."""


class DeploymentReconciler:
    """One key per service deployment."""

    name = "ecs.deployment"

    def __init__(self, store: Store, clock: Clock, aws: Aws) -> None:
        self._store = store
        self._clock = clock
        self._aws = aws
        self._going: dict[Key, Key] = {}
        self.chores = Chores()

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        if table == SERVICE_DEPLOYMENTS.name:
            return [key]
        if table == JUDGEMENTS.name:
            return [one for one in self._going.values() if (*one[:2], one[4]) == key]
        if table in (SERVICES.name, TASK_SETS.name, TASKS.name) and key[:4] in self._going:
            return [self._going[key[:4]]]
        return []

    async def keys(self) -> Iterable[Key]:
        rows = await self._store.read(lambda tx: SERVICE_DEPLOYMENTS.list(tx, is_over=False))
        return [SERVICE_DEPLOYMENTS.key_of(row) for row in rows]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        self.chores.wake = wake

    async def failed(self, key: Key, error: Exception) -> None:
        return

    async def reconcile(self, key: Key) -> datetime | None:
        row = await self._store.read(lambda tx: SERVICE_DEPLOYMENTS.find(tx, *key))
        if row is None or row.is_over:
            await self.chores.cancel(key)
            if self._going.get(key[:4]) == key:
                del self._going[key[:4]]
            return None
        self._going[key[:4]] = key
        if row.ignored_alarms is None:
            row = await self._meet_alarms(row)
        return await (self._shift(row) if row.is_shifting else self._roll(row))

    async def _meet_alarms(self, row: ServiceDeployment) -> ServiceDeployment:
        """An alarm that rings when a deployment begins does not fail it (ECS guide: deployment alarms); the
        others say how long a rolling deployment is watched."""
        old = list(await ringing(self._api(row), row))
        bake = (await baking.bake_time(self._api(row), row)) / self._clock.scale

        def write(tx: Tx) -> ServiceDeployment:
            target = TASK_SETS.find(tx, *row.service_key, row.target_set)
            if target is not None and target.bake is None:
                TASK_SETS.update(tx, replace(target, bake=bake.total_seconds()))
            fresh = replace(SERVICE_DEPLOYMENTS.get(tx, *SERVICE_DEPLOYMENTS.key_of(row)), ignored_alarms=old)
            SERVICE_DEPLOYMENTS.update(tx, fresh)
            return fresh

        return await self._store.write(write)

    async def _roll(self, row: ServiceDeployment) -> datetime | None:
        rings = await ringing(self._api(row), row)
        if row.asked or rings:
            now = self._clock.now()
            await self._store.write(lambda tx: rolling_ends.end(tx, row, rings, now))
        return self._clock.now() + NOW_AND_THEN if alarms(row.configuration) else None

    async def _shift(self, row: ServiceDeployment) -> datetime | None:
        rows = await self._store.read(lambda tx: rows_of(tx, row))
        world = await observe(self._api(row), rows)
        for action in plan(row, world.seen, self._clock.now()):
            await self._apply(rows, world, action)
        return self._look_again(row)

    def _look_again(self, row: ServiceDeployment) -> datetime:
        soon = self._clock.now() + NOW_AND_THEN
        moments = [row.deadline, *(run.call_at for run in row.hooks), *(run.expires_at for run in row.hooks)]
        return min((at for at in (soon, *moments) if at is not None and at > self._clock.now()), default=soon)

    async def _apply(self, rows: Rows, world: World, action: Action) -> None:
        row, now = rows.deployment, self._clock.now()
        match action:
            case Weigh(percent=percent, test=test):
                for rule in world.test_rules if test else world.rules:
                    await weigh(self._api(row), rule, percent)
                if test:
                    await self._store.write(lambda tx: _note(tx, row, test_weight=percent))
            case Call(run=run):
                key = SERVICE_DEPLOYMENTS.key_of(row)
                if self.chores.finish(key):
                    await self.chores.begin(key, run.id, self._ask(row, run))
            case Scale(task_set=name):
                await self._store.write(lambda tx: _scale(tx, row, name, now))
            case Drain(task_set=name):
                await self._store.write(lambda tx: _drain(tx, row, name, now))
            case _:
                await self._store.write(lambda tx: self._record(tx, row, action, world, now))

    def _record(self, tx: Tx, row: ServiceDeployment, action: Record, world: World, now: datetime) -> None:
        fresh = SERVICE_DEPLOYMENTS.find(tx, *SERVICE_DEPLOYMENTS.key_of(row))
        service = SERVICES.find(tx, *row.service_key)
        if fresh is None or service is None or (fresh.status, fresh.asked) != (row.status, row.asked):
            return  # a stop or a newer deployment came in meanwhile: the next pass plans anew
        moved = shift_moves.moved(fresh, action, now, self._clock.after)
        seen = world.seen
        if isinstance(action, End):
            moved = deploying.with_counts(tx, moved)
        if isinstance(action, GoBack | End):
            moved = replace(
                moved,
                failures=max(moved.failures, seen.failures),
                breaker_open=moved.breaker_open or seen.breaker_opens,
                triggered_alarms=sorted({*moved.triggered_alarms, *seen.alarms}),
            )
        SERVICE_DEPLOYMENTS.update(tx, moved)
        _told(tx, service, moved, action, now)

    async def _ask(self, row: ServiceDeployment, run: HookRun) -> None:
        answer = await shift_hooks.ask(self._api(row), row, run, _weights(row))
        now = self._clock.now()

        def write(tx: Tx) -> None:
            fresh = SERVICE_DEPLOYMENTS.find(tx, *SERVICE_DEPLOYMENTS.key_of(row))
            if fresh is None or fresh.is_over:
                return
            if answer.status is HookStatus.IN_PROGRESS:
                again = now + timedelta(seconds=answer.delay)
                hooks = [_again(one, run, again, answer.details) for one in fresh.hooks]
                SERVICE_DEPLOYMENTS.update(tx, replace(fresh, hooks=hooks))
            else:
                SERVICE_DEPLOYMENTS.update(
                    tx, shift_moves.answered(fresh, run.id, answer.status, now, answer.why)
                )

        await self._store.write(write)

    def _api(self, row: ServiceDeployment) -> Aws:
        return self._aws.within(row.account, row.region)


def _again(known: HookRun, run: HookRun, at: datetime, details: object) -> HookRun:
    if known.id != run.id:
        return known
    return replace(known, call_at=at, details=known.details if details is None else details)


def _weights(row: ServiceDeployment) -> dict[str, dict[str, float]]:
    """What each revision has, as a hook's event shows it."""
    production, test = (0.0, 0.0) if row.going_back else (row.weight, row.test_weight)
    return {
        "productionTrafficWeights": {row.source: 100 - production, row.target: production},
        "testTrafficWeights": {row.source: 100 - test, row.target: test},
    }


def _scale(tx: Tx, row: ServiceDeployment, name: str, now: datetime) -> None:
    task_set = TASK_SETS.find(tx, *row.service_key, name)
    if task_set is not None:
        TASK_SETS.update(tx, replace(task_set, scale=100.0, is_steady=False, updated_at=now))


def _drain(tx: Tx, row: ServiceDeployment, name: str, now: datetime) -> None:
    task_set = TASK_SETS.find(tx, *row.service_key, name)
    if task_set is not None and task_set.status != SetStatus.PRIMARY:
        TASK_SETS.update(tx, replace(task_set, status=SetStatus.DRAINING, is_steady=False, updated_at=now))


def _note(tx: Tx, row: ServiceDeployment, test_weight: float) -> None:
    fresh = SERVICE_DEPLOYMENTS.find(tx, *SERVICE_DEPLOYMENTS.key_of(row))
    if fresh is not None:
        SERVICE_DEPLOYMENTS.update(tx, replace(fresh, test_weight=test_weight))


def _told(tx: Tx, service: Service, row: ServiceDeployment, action: Record, now: datetime) -> None:
    """What the deployment's move means for the service, and what its events say of it."""
    head = f"{title(service)} (deployment {row.target_set})"
    match action:
        case GoBack(why=why):
            deploying.turn_back(tx, service, row, now)
            tell(tx, service, f"{head} deployment failed: {why}", now)
            tell(tx, service, f"{title(service)} rolling back to deployment {row.source_set}.", now)
        case End(status=DeploymentStatus.SUCCESSFUL):
            _complete(tx, service, row.target_set, now)
            tell(tx, service, f"{head} deployment completed.", now)
        case End(status=DeploymentStatus.STOPPED, why=why):
            _stop_target(tx, service, row, why, now)
            tell(tx, service, f"{head} deployment failed: {why}", now)
        case End(status=status, why=why):
            if status is DeploymentStatus.ROLLBACK_SUCCESSFUL:
                _complete(tx, service, row.source_set, now)
            tell(tx, service, f"{head} {why}", now)
        case Shifted(step=step):
            tell(tx, service, f"{head} shifted {step.percent:g} percent of production traffic.", now)
        case Reweighed(percent=percent):
            share = f"has {percent:.4g} percent of production traffic"
            tell(tx, service, f"{head} {share}: its listener rule was changed.", now)
        case Enter(stage=Stage.CLEAN_UP) if not row.going_back:
            tell(tx, service, f"{head} bake time is over.", now)


def _complete(tx: Tx, service: Service, name: str, now: datetime) -> None:
    """The task set is all the service runs; one that was superseded before it was complete is so now."""
    found = TASK_SETS.find(tx, *SERVICES.key_of(service), name)
    if found is not None:
        reason = f"ECS deployment {found.id} completed."
        done = replace(found, rollout=Rollout.COMPLETED, rollout_reason=reason, updated_at=now)
        TASK_SETS.update(tx, done)
        SERVICES.update(tx, replace(service, completed=done))


def _stop_target(tx: Tx, service: Service, row: ServiceDeployment, why: str, now: datetime) -> None:
    """Without a way back everything stays as it is; what has no traffic starts no more tasks."""
    if row.weight:
        return
    target = TASK_SETS.find(tx, *row.service_key, row.target_set)
    if target is not None:
        failed = replace(target, rollout=Rollout.FAILED, rollout_reason=why, updated_at=now)
        TASK_SETS.update(tx, failed)
