"""Keeps each service's tasks, deployments and task sets as wished; its world is the store alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bambe.control import Key
from bambe.kernel.call import Store, Tx
from bambe.kernel.clock import Clock
from bambe.services.ecs import deploying, lookup, planner, rolling_ends
from bambe.services.ecs.actions import (
    Action,
    Bake,
    Complete,
    CountFailure,
    Drop,
    Fail,
    Recover,
    Retire,
    Settle,
    Start,
    Steady,
    Stop,
)
from bambe.services.ecs.births import service_task
from bambe.services.ecs.diary import blocked, is_last, is_quiet, started, steady, stopped, title, unwell
from bambe.services.ecs.model import (
    Desired,
    Rollout,
    Service,
    ServiceStatus,
    StopCode,
    Task,
    TaskSet,
)
from bambe.services.ecs.names import family_and_revision
from bambe.services.ecs.service_deployment import DeploymentStatus
from bambe.services.ecs.tables import DEFINITIONS, DIARIES, SERVICES, TASK_SETS, TASKS, of_service, tell

SHOWN = timedelta(hours=1)
"""How long an INACTIVE service can still be described."""
PASSES = 20


class ServiceReconciler:
    """One key per service: (account, region, cluster, name). A pass is one transaction."""

    name = "ecs.service"

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def concerns(self, table: str, key: Key) -> Iterable[Key]:
        if table == SERVICES.name:
            return [key]
        if table in (TASK_SETS.name, TASKS.name) and key[3]:
            return [key[:4]]
        return []

    async def keys(self) -> Iterable[Key]:
        rows = await self._store.read(SERVICES.list)
        return [SERVICES.key_of(row) for row in rows]

    async def listen(self, wake: Callable[[Key], None]) -> None:
        """Nothing to listen to: what tasks do shows in the store."""

    async def reconcile(self, key: Key) -> datetime | None:
        now = self._clock.now()
        is_due, again = await self._store.read(lambda tx: _look(tx, key, now))
        # Reading alone does not hold up the one writer.
        return await self._store.write(lambda tx: keep(tx, key, now)) if is_due else again

    async def failed(self, key: Key, error: Exception) -> None:
        """A pass only reads and writes the store; the runner logs what went wrong there."""


def keep(tx: Tx, key: Key, now: datetime) -> datetime | None:
    """One pass: plan and apply until nothing is left to do; when to look again."""
    for _ in range(PASSES):
        service = SERVICES.find(tx, *key)
        if service is None:
            return None
        if service.status == ServiceStatus.INACTIVE:
            return _forget(tx, service, now)
        sets, tasks = _world(tx, service)
        actions = planner.plan(service, sets, tasks, now)
        if not actions:
            for message in _unsaid(tx, service, sets, tasks, now):
                tell(tx, service, message, now)
            return planner.look_again(service, sets, tasks, now)
        _apply_all(tx, key, actions, now)
    return now


def _look(tx: Tx, key: Key, now: datetime) -> tuple[bool, datetime | None]:
    """Whether a pass has anything to write, and if not, when to look again."""
    service = SERVICES.find(tx, *key)
    if service is None:
        return False, None
    if service.status == ServiceStatus.INACTIVE:
        forgotten = (service.inactive_at or now) + SHOWN
        return service.inactive_at is None or now >= forgotten, forgotten
    sets, tasks = _world(tx, service)
    is_due = bool(planner.plan(service, sets, tasks, now)) or bool(_unsaid(tx, service, sets, tasks, now))
    return is_due, planner.look_again(service, sets, tasks, now)


def _unsaid(
    tx: Tx, service: Service, sets: Sequence[TaskSet], tasks: Sequence[Task], now: datetime
) -> list[str]:
    """The events of a service for which there is nothing to do."""
    if planner.is_blocked(service, sets, tasks):
        return [] if is_last(tx, service, blocked(service)) else [blocked(service)]
    return [steady(service)] if is_quiet(tx, service, now) else []


def _world(tx: Tx, service: Service) -> tuple[list[TaskSet], list[Task]]:
    return lookup.sets_of(tx, service), TASKS.list(tx, **of_service(service))


def _forget(tx: Tx, service: Service, now: datetime) -> datetime | None:
    if service.inactive_at is not None and now < service.inactive_at + SHOWN:
        return service.inactive_at + SHOWN
    SERVICES.delete(tx, *SERVICES.key_of(service))
    DIARIES.delete(tx, *SERVICES.key_of(service))
    deploying.forget(tx, service)
    return None


def _apply_all(tx: Tx, key: Key, actions: Iterable[Action], now: datetime) -> None:
    stops: dict[str, list[str]] = defaultdict(list)
    for action in actions:
        service = SERVICES.get(tx, *key)
        if isinstance(action, Stop):
            task = TASKS.get(tx, *key, action.task)
            _stop(tx, service, task, action.why, now)
            stops[task.task_set].append(task.id)
        else:
            _apply(tx, service, action, now)
    for task_set, ids in stops.items():
        tell(tx, SERVICES.get(tx, *key), stopped(SERVICES.get(tx, *key), task_set, ids), now)


def _apply(tx: Tx, service: Service, action: Action, now: datetime) -> None:
    key = SERVICES.key_of(service)
    match action:
        case Start():
            _start(tx, service, TASK_SETS.get(tx, *key, action.task_set), action.count, now)
        case CountFailure():
            _count(tx, service, action, now)
        case Recover() | Bake() | Settle():
            TASK_SETS.update(tx, _noted(TASK_SETS.get(tx, *key, action.task_set), action, now))
        case Complete():
            _complete(tx, service, TASK_SETS.get(tx, *key, action.task_set), action.why, now)
        case Fail():
            failed = TASK_SETS.get(tx, *key, action.task_set)
            rolling_ends.break_off(tx, service, failed, action.why, rolls_back=action.rolls_back, now=now)
        case Steady():
            SERVICES.update(tx, replace(service, is_steady=action.is_steady))
            if action.is_steady:
                tell(tx, service, steady(service), now)
        case Drop():
            TASK_SETS.delete(tx, *key, action.task_set)
        case Retire():
            _retire(tx, service, now)
        case Stop():
            raise AssertionError("stops are applied together")


def _noted(task_set: TaskSet, action: Recover | Bake | Settle, now: datetime) -> TaskSet:
    match action:
        case Recover():
            return replace(task_set, failures_in_row=0, retry_at=None)
        case Bake():
            return replace(task_set, bakes_until=now + timedelta(seconds=task_set.bake or 0))
        case Settle(is_steady=is_steady):
            return replace(task_set, is_steady=is_steady, steady_at=now, updated_at=now)


def _start(tx: Tx, service: Service, task_set: TaskSet, count: int, now: datetime) -> None:
    family, number = family_and_revision(task_set.task_definition)
    definition = DEFINITIONS.get(tx, service.account, service.region, family, number)
    born = [service_task(service, task_set, definition, now) for _ in range(count)]
    for task in born:
        TASKS.insert(tx, task)
    tell(tx, service, started(service, task_set.id, [task.id for task in born]), now)


def _stop(tx: Tx, service: Service, task: Task, why: str, now: datetime) -> None:
    if planner.is_failing(service, task, now):
        tell(tx, service, unwell(service, task), now)
    else:
        why = f"Scaling activity initiated by (deployment {task.task_set})"
    ended = replace(task, desired=Desired.STOPPED, stop_code=StopCode.SCHEDULER, stopped_reason=why)
    TASKS.update(tx, replace(ended, stopping_at=now, is_ready=False, version=task.version + 1))


def _count(tx: Tx, service: Service, action: CountFailure, now: datetime) -> None:
    key = SERVICES.key_of(service)
    task_set = TASK_SETS.get(tx, *key, action.task_set)
    counted = replace(
        task_set,
        failed_tasks=task_set.failed_tasks + 1,
        failures_in_row=action.failures_in_row,
        retry_at=action.retry_at,
        updated_at=now,
    )
    TASK_SETS.update(tx, counted)
    task = TASKS.get(tx, *key, action.task)
    TASKS.update(tx, replace(task, is_counted=True))
    failed = title(service, task_set.id)
    if task.stop_code != StopCode.SCHEDULER:
        tell(tx, service, f"{failed} (task {action.task}) failed: {action.why}", now)
    if action.failures_in_row == planner.INCONSISTENT_AFTER > task_set.failures_in_row:
        tell(tx, service, f"{failed} is unable to consistently start tasks successfully.", now)


def _complete(tx: Tx, service: Service, task_set: TaskSet, why: str, now: datetime) -> None:
    done = replace(task_set, rollout=Rollout.COMPLETED, rollout_reason=why, updated_at=now)
    TASK_SETS.update(tx, done)
    service = replace(service, completed=done)
    SERVICES.update(tx, service)
    rolling_ends.completed(tx, service, done, now)
    tell(tx, service, f"{title(service)} (deployment {task_set.id}) deployment completed.", now)


def _retire(tx: Tx, service: Service, now: datetime) -> None:
    for task_set in _world(tx, service)[0]:
        TASK_SETS.delete(tx, *TASK_SETS.key_of(task_set))
    row = deploying.current(tx, service)
    if row is not None:
        deploying.finish(tx, row, DeploymentStatus.STOPPED, "The service was deleted.", now)
    gone = replace(service, status=ServiceStatus.INACTIVE, inactive_at=now, is_steady=False, completed=None)
    SERVICES.update(tx, gone)
