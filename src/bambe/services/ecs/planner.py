"""Which tasks of a service to start and stop now, and how far its deployments have come.

Two shapes of the same work. In a rolling update one deployment is PRIMARY and takes over from the ACTIVE
ones, within the floor (minimumHealthyPercent, rounded up) of ready tasks and the ceiling
(maximumPercent, rounded down) of live ones. Under CODE_DEPLOY, EXTERNAL and the strategies that shift
traffic each task set is kept at its own share of the desired count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil, floor

from bambe.services.ecs import rollout, strategy
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
from bambe.services.ecs.model import (
    STARTING,
    Controller,
    Health,
    Rollout,
    Service,
    ServiceStatus,
    SetStatus,
    StopCode,
    Task,
    TaskSet,
    TaskStatus,
    primary_of,
)

FIRST_DELAY = 0.5
LAST_DELAY = 60.0
INCONSISTENT_AFTER = 3
LASTING = timedelta(seconds=10)
"""A task that was ready for less than this before it died counts as one that failed to start."""


def plan(
    service: Service, sets: Sequence[TaskSet], tasks: Sequence[Task], now: datetime
) -> tuple[Action, ...]:
    """What to do now; nothing when all is as wished. `tasks` may hold others' tasks: they are not touched."""
    ours = [t for t in tasks if _is_ours(service, t)]
    found: list[Action] = [*_failures(sets, ours, now), *_recoveries(service, sets, ours)]
    if found:
        # What counts as failed decides when to start again, so it is written before anything starts.
        return tuple(found)
    scale = _roll_out if service.is_rolling else _keep_task_sets
    return (
        *scale(service, sets, ours, now),
        *_strays(sets, ours),
        *_judge(service, sets, ours, now),
        *_steadiness(service, sets, ours),
        *_ends(service, sets, ours),
    )


def look_again(
    service: Service, sets: Sequence[TaskSet], tasks: Sequence[Task], now: datetime
) -> datetime | None:
    """The next moment at which time alone changes the plan: a back-off, bake time or grace period ends."""
    moments = [at for s in sets for at in (s.retry_at, s.bakes_until) if at is not None]
    for task in tasks:
        unwell = task.health == Health.UNHEALTHY or task.target_state == "unhealthy"
        if unwell and task.is_live and task.started_at is not None:
            moments.append(task.started_at + timedelta(seconds=service.grace))
    return min((moment for moment in moments if moment > now), default=None)


def is_failing(service: Service, task: Task, now: datetime) -> bool:
    """Whether the task runs and must be replaced: its own check, or its target's after the grace period."""
    if task.health == Health.UNHEALTHY:
        # The grace period covers container health checks too (ECS API, healthCheckGracePeriodSeconds).
        return task.was_ready or _past_grace(service, task, now)
    return task.target_state == "unhealthy" and _past_grace(service, task, now)


def ceiling(service: Service) -> int:
    """The most tasks that may be live at once in a rolling deployment."""
    return max(1, floor(service.wanted * service.maximum_percent / 100))


def least(service: Service) -> int:
    """The fewest ready tasks a rolling deployment may leave."""
    return min(service.wanted, ceil(service.wanted * service.minimum_percent / 100))


def is_blocked(service: Service, sets: Sequence[TaskSet], tasks: Sequence[Task]) -> bool:
    """Whether floor and ceiling together let no task be replaced, though all are well."""
    primary = primary_of(sets)
    if not service.is_rolling or primary is None or not service.wanted:
        return False
    live = _live([t for t in tasks if _is_ours(service, t)])
    old = [t for t in live if t.task_set != primary.id]
    return bool(old) and ceiling(service) <= len(live) <= least(service) and all(t.is_ready for t in live)


def _is_ours(service: Service, task: Task) -> bool:
    mine = (service.account, service.region, service.cluster, service.name)
    return (task.account, task.region, task.cluster, task.service) == mine


def _past_grace(service: Service, task: Task, now: datetime) -> bool:
    return task.started_at is not None and now >= task.started_at + timedelta(seconds=service.grace)


def _of(task_set: TaskSet, tasks: Sequence[Task]) -> list[Task]:
    return [t for t in tasks if t.task_set == task_set.id]


def _live(tasks: Sequence[Task]) -> list[Task]:
    return [t for t in tasks if t.is_live]


def _may_start(task_set: TaskSet, now: datetime) -> bool:
    if task_set.rollout == Rollout.FAILED:
        return False
    return task_set.retry_at is None or now >= task_set.retry_at


def _failures(sets: Sequence[TaskSet], tasks: Sequence[Task], now: datetime) -> Iterator[Action]:
    for task_set in sets:
        in_row = task_set.failures_in_row
        for task in _of(task_set, tasks):
            if not has_failed(task) or task.is_counted:
                continue
            lasted = task.was_ready and task.started_at is not None and now - task.started_at >= LASTING
            in_row = in_row if lasted else in_row + 1
            at_once = lasted or (task.was_ready and in_row == 1)
            wait = 0.0 if at_once else min(LAST_DELAY, FIRST_DELAY * 2 ** (in_row - 1))
            why = task.stopped_reason or "the task failed"
            yield CountFailure(task.id, task_set.id, in_row, now + timedelta(seconds=wait), why)


def has_failed(task: Task) -> bool:
    """Whether the task ended, or was ended, because something was wrong with it."""
    if task.stop_code in (StopCode.FAILED_TO_START, StopCode.ESSENTIAL_EXITED):
        return True
    unhealthy = task.health == Health.UNHEALTHY or task.target_state == "unhealthy"
    return task.stop_code == StopCode.SCHEDULER and unhealthy and not task.is_live


def _recoveries(service: Service, sets: Sequence[TaskSet], tasks: Sequence[Task]) -> Iterator[Action]:
    """A task begun since the last failure became ready, or none is missing. One that was ready all along
    says nothing of those that fail: they would be tried again without a pause."""
    for task_set in sets:
        ready = [t for t in _live(_of(task_set, tasks)) if t.is_ready]
        if not task_set.failures_in_row or not ready:
            continue
        since = task_set.retry_at
        tried = since is None or any(t.created_at >= since for t in ready)
        if tried or len(ready) >= _share(service, task_set):
            yield Recover(task_set.id, "a task became ready" if tried else "every task is ready")


def _keep_task_sets(
    service: Service, sets: Sequence[TaskSet], tasks: Sequence[Task], now: datetime
) -> Iterator[Action]:
    for task_set in sets:
        live = _live(_of(task_set, tasks))
        wanted = task_set.computed_count(service.wanted)
        yield from _keep(service, task_set, live, wanted, 2 * wanted - len(live), now)


def _keep(
    service: Service, task_set: TaskSet, live: Sequence[Task], wanted: int, room: int, now: datetime
) -> Iterator[Action]:
    """Hold one set at `wanted` good tasks, with `room` for more live ones than there are."""
    failing = [t for t in live if is_failing(service, t, now)]
    good = [t for t in live if t not in failing]
    missing = wanted - len(good)
    # One that never served is ended now and counted next, which decides when to try again.
    can_start = missing > 0 and _may_start(task_set, now) and all(t.was_ready for t in failing)
    if can_start and room > 0:
        yield Start(task_set.id, min(missing, room), f"{len(good)} of {wanted} tasks")
    for task in _useless(failing, wanted - sum(t.is_ready for t in good), missing - room if can_start else 0):
        yield Stop(task.id, failing_reason(task))
    for task in _dispensable(good)[: max(0, -missing)]:
        yield Stop(task.id, f"{len(good)} tasks where {wanted} are wanted")


def _useless(failing: Sequence[Task], lacking: int, in_the_way: int) -> list[Task]:
    """Failing tasks to end now. One that once served stays until a better one is ready, if there is room."""
    never = [t for t in failing if not t.was_ready]
    once = [t for t in failing if t.was_ready]
    beyond = max(len(once) - max(0, lacking), in_the_way - len(never), 0)
    return [*never, *once[:beyond]]


def failing_reason(task: Task) -> str:
    """AWS's sentence for a task that a service replaces."""
    if task.health == Health.UNHEALTHY:
        return "Task failed container health checks"
    target = task.targets[0].group if task.targets else ""
    return f"Task failed ELB health checks in (target-group {target})"


def _dispensable(tasks: Sequence[Task]) -> list[Task]:
    """Tasks in the order in which to part with them: not ready first, then the youngest."""
    return sorted(tasks, key=lambda t: (t.is_ready, -t.created_at.timestamp(), t.id))


def _roll_out(
    service: Service, sets: Sequence[TaskSet], tasks: Sequence[Task], now: datetime
) -> Iterator[Action]:
    primary = primary_of(sets)
    if primary is None:
        return
    live = _live(tasks)
    new = [t for t in live if t.task_set == primary.id]
    old = [t for t in live if t.task_set != primary.id and any(s.id == t.task_set for s in sets)]
    wanted = service.wanted
    room = ceiling(service) - len(new) - len(old) if wanted else 0
    kept = tuple(_keep(service, primary, new, wanted, room, now))
    yield from kept
    good = [t for t in new if not is_failing(service, t, now)]
    done = rollout.needs_no_others(service, primary, sum(t.is_ready for t in good), now)
    missing = wanted - len(good) if _may_start(primary, now) else 0
    for task in old if done else _replaced(service, good, old, missing - max(0, room), now):
        yield Stop(task.id, "replaced by a newer deployment")
    left = room - sum(action.count for action in kept if isinstance(action, Start))
    yield from _held(service, sets, primary, sum(t.is_ready for t in good) + len(old), left, now)


def _held(
    service: Service, sets: Sequence[TaskSet], primary: TaskSet, there: int, room: int, now: datetime
) -> Iterator[Action]:
    """While the new version fails to start, lost tasks of the version that worked are replaced."""
    lacking = min(least(service) - there, room)
    worked = [s for s in sets if s.id != primary.id and s.rollout == Rollout.COMPLETED]
    if lacking > 0 and worked and _is_troubled(primary) and _may_start(worked[-1], now):
        yield Start(worked[-1].id, lacking, f"deployment {primary.id} fails to start")


def _is_troubled(task_set: TaskSet) -> bool:
    """Whether a deployment may yet need the tasks of the one before it."""
    failing = task_set.failures_in_row > 0 and task_set.rollout == Rollout.IN_PROGRESS
    return failing or task_set.rollout == Rollout.FAILED


def _replaced(
    service: Service, new: Sequence[Task], old: Sequence[Task], places: int, now: datetime
) -> list[Task]:
    """Old tasks that may go: the surplus of ready ones, and those whose `places` new tasks need."""
    wanted = service.wanted
    ready_new = sum(t.is_ready for t in new)
    if ready_new >= wanted:
        return list(old)
    ready_old = [t for t in old if t.is_ready and not is_failing(service, t, now)]
    idle = [t for t in old if t not in ready_old]
    ready = ready_new + len(ready_old)
    surplus = max(0, ready - wanted)
    needed = max(0, places)
    for_place = max(0, min(needed - len(idle), ready - least(service)))
    return [*idle[:needed], *_dispensable(ready_old)[: max(surplus, for_place)]]


def _strays(sets: Sequence[TaskSet], tasks: Sequence[Task]) -> Iterator[Action]:
    known = {s.id for s in sets}
    for task in _live(tasks):
        if task.task_set not in known:
            yield Stop(task.id, "its deployment is gone")


def _judge(
    service: Service, sets: Sequence[TaskSet], tasks: Sequence[Task], now: datetime
) -> Iterator[Action]:
    """Move the PRIMARY deployment of a rolling service to COMPLETED or FAILED."""
    primary = primary_of(sets)
    if not service.is_rolling or primary is None or primary.rollout != Rollout.IN_PROGRESS:
        return
    active = service.status == ServiceStatus.ACTIVE
    if active and rollout.is_complete(service, primary, tasks, now):
        yield Complete(primary.id, f"ECS deployment {primary.id} completed.")
    elif service.breaker.enable and failures(service, primary) >= breaker_threshold(service):
        back = service.breaker.rollback and service.completed is not None
        yield Fail(primary.id, back, "ECS deployment circuit breaker: tasks failed to start.")
    elif primary.bake and primary.bakes_until is None and rollout.is_reached(service, primary, tasks):
        yield Bake(primary.id, "its alarms are watched")


def breaker_threshold(service: Service) -> int:
    """How many failures open the circuit breaker."""
    return strategy.threshold(service.deployment_configuration, service.desired_count)


def failures(service: Service, task_set: TaskSet) -> int:
    """What the circuit breaker counts: failures in a row, or all of them."""
    in_row = strategy.resets(service.deployment_configuration)
    return task_set.failures_in_row if in_row else task_set.failed_tasks


def _steadiness(service: Service, sets: Sequence[TaskSet], tasks: Sequence[Task]) -> Iterator[Action]:
    steady = []
    for task_set in sets:
        wanted = _share(service, task_set)
        is_steady = _is_settled(_of(task_set, tasks), wanted)
        steady.append(is_steady)
        if is_steady != task_set.is_steady:
            count = sum(t.is_ready for t in _of(task_set, tasks))
            yield Settle(task_set.id, is_steady, f"{count} of {wanted} tasks are ready")
    only = len(sets) == 1 or service.controller != Controller.ECS
    whole = bool(sets) and only and all(steady) and service.status == ServiceStatus.ACTIVE
    if whole != service.is_steady:
        yield Steady(whole, "every task is ready" if whole else "tasks are moving")


def _share(service: Service, task_set: TaskSet) -> int:
    if service.is_rolling:
        return service.wanted if task_set.status == SetStatus.PRIMARY else 0
    return task_set.computed_count(service.wanted)


def _is_settled(tasks: Sequence[Task], wanted: int) -> bool:
    there = [t for t in tasks if t.status != TaskStatus.STOPPED]
    return len(there) == wanted and all(t.is_live and t.is_ready and t.status not in STARTING for t in there)


def _ends(service: Service, sets: Sequence[TaskSet], tasks: Sequence[Task]) -> Iterator[Action]:
    going = service.status == ServiceStatus.DRAINING
    primary = primary_of(sets)
    left = 0
    for task_set in sets:
        there = [t for t in _of(task_set, tasks) if t.status != TaskStatus.STOPPED]
        left += len(there)
        replaced = service.is_rolling and task_set.status == SetStatus.ACTIVE
        if replaced and service.wanted and primary is not None and _is_troubled(primary):
            continue
        if not there and (replaced or task_set.status == SetStatus.DRAINING):
            yield Drop(task_set.id, "its last task has stopped")
    left += sum(t.status != TaskStatus.STOPPED for t in tasks if all(s.id != t.task_set for s in sets))
    if going and left == 0:
        yield Retire("its last task has stopped")
