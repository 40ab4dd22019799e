"""What one task needs next: to be launched, registered, announced, withdrawn, halted or forgotten.

The order of a start: containers run, targets registered, healthy, announced in Cloud Map. The order
of an end: withdrawn from Cloud Map and target groups, quiet (no target drains, names have run out of
caches), SIGTERM, gone. So no request meets a task that is not there yet, or not there any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bambe.services.ecs.model import (
    Container,
    Desired,
    Health,
    StopCode,
    Target,
    Task,
    TaskStatus,
)
from bambe.services.ecs.ordering import given_up, merged, startable
from bambe.services.ecs.restarting import counted, restartable
from bambe.services.ecs.task_actions import (
    GONE,
    Action,
    Announce,
    Conceal,
    Condemn,
    Forget,
    Halt,
    Launch,
    Note,
    Register,
    Remove,
    Restart,
    Sight,
    TargetSight,
    Withdraw,
)

SHORT = timedelta(seconds=0.25)
"""How soon to look again at what sends no event: a target's health, a drain."""
TRIAL = timedelta(seconds=1)
"""How long a task without any health check must run to count as ready (AWS waits 40 s)."""
LOGS_SHIPPED = timedelta(seconds=5)
SHOWN = timedelta(hours=1)
NO_FIRST = "CannotStartContainerError: dependency graph: every container waits for another one"


def plan(
    task: Task, seen: Sight | None, targets: Mapping[Target, TargetSight], now: datetime
) -> tuple[Action, ...]:
    """The next steps of one task; nothing when it is where it should be."""
    if task.status == TaskStatus.STOPPED:
        return _after(task, now)
    if task.desired == Desired.STOPPED:
        return _down(task, seen, targets, now)
    if task.status in (TaskStatus.PROVISIONING, TaskStatus.PENDING):
        return _up(task, seen, now)
    return _stay(task, seen, targets, now)


def look_again(task: Task, now: datetime) -> datetime | None:
    """When to look without being woken; a ready task sends events or is left to the resync."""
    if task.status == TaskStatus.STOPPED and task.stopped_at is not None:
        return task.stopped_at + (SHOWN if task.is_removed else LOGS_SHIPPED)
    if task.desired == Desired.RUNNING and task.is_ready:
        return None
    return now + SHORT


def is_dead(containers: Sequence[Container]) -> bool:
    """Whether a container without which the task is nothing has exited."""
    return any(c.essential and c.status == "STOPPED" for c in containers)


def health_of(containers: Sequence[Container]) -> Health:
    """The task's health: that of its essential containers that have a check (ECS API, healthStatus)."""
    said = {c.health for c in containers if c.essential and c.checked}
    for health in (Health.UNHEALTHY, Health.UNKNOWN, Health.HEALTHY):
        if health in said:
            return health
    return Health.UNKNOWN


def _up(task: Task, seen: Sight | None, now: datetime) -> tuple[Action, ...]:
    if seen is None:
        fresh = [_fresh(container) for container in task.containers]
        names = startable(fresh)
        if not names:
            # Definitions of before circles were refused may hold one.
            return (Condemn(StopCode.FAILED_TO_START, NO_FIRST),)
        return (Launch(names, "the task has no containers yet"),)
    containers = given_up(merged(task.containers, seen.containers), now)
    if names := restartable(containers):
        return _again(task, containers, names)
    if is_dead(containers):
        return _died(task, containers)
    # No launch is under way when a plan is made: whoever may start was not started, or was cut short.
    if names := startable(containers):
        return (Launch(names, "not all of its containers run"),)
    changes = _changes(task, address=seen.address or task.address, containers=containers)
    if any(c.status == "PENDING" for c in containers) or not seen.address:
        return (Note(changes, "it was looked at"),) if changes else ()
    return (Note({**changes, "status": TaskStatus.ACTIVATING}, "its containers run"),)


def _fresh(container: Container) -> Container:
    """As it was before anything of it was seen: what is gone without a trace starts once more."""
    return replace(container, status="PENDING", runtime_id="", started_at=None, exit_code=None, reason="")


def _is_partial(task: Task, containers: Sequence[Container]) -> bool:
    """Whether an essential container that must have been started is not there."""
    there = {c.name for c in containers if c.runtime_id or c.status != "PENDING"}
    return any(container.name not in there for container in task.containers if container.essential)


def _stay(
    task: Task, seen: Sight | None, targets: Mapping[Target, TargetSight], now: datetime
) -> tuple[Action, ...]:
    containers = merged(task.containers, seen.containers) if seen else []
    if seen is None or _is_partial(task, containers):
        return (Condemn(StopCode.ESSENTIAL_EXITED, "The task's containers are gone"),)
    if names := restartable(containers):
        return _again(task, containers, names)
    if is_dead(containers):
        return _died(task, containers)
    lacking = _unregistered(task, targets)
    if lacking:
        return (Register(lacking, "its containers run"),)
    if task.status == TaskStatus.ACTIVATING:
        return (Note({"status": TaskStatus.RUNNING, "started_at": now}, "it is up"),)
    return _observed(task, Sight(seen.address, tuple(containers)), targets, now)


def _again(task: Task, containers: Sequence[Container], names: tuple[str, ...]) -> tuple[Action, ...]:
    noted = {"containers": counted(containers, names), "is_ready": False}
    return (
        Note(_changes(task, **noted), "they exited"),
        Restart(names, "their restart policy says so"),
    )


def _unregistered(task: Task, targets: Mapping[Target, TargetSight]) -> tuple[Target, ...]:
    if not task.is_registered:
        return tuple(task.targets)
    return tuple(t for t in task.targets if t in targets and targets[t].state == GONE)


def _observed(
    task: Task, seen: Sight, targets: Mapping[Target, TargetSight], now: datetime
) -> tuple[Action, ...]:
    health = health_of(seen.containers)
    state, reason = _worst(targets)
    is_well = _is_well(task, seen.containers, health, state, now)
    actions: list[Action] = []
    if task.registries and is_well and not task.is_announced:
        actions.append(Announce("it is healthy"))
    if task.is_announced and health == Health.UNHEALTHY:
        actions.append(Conceal("it is unhealthy"))
    changes = _changes(
        task,
        containers=list(seen.containers),
        address=seen.address or task.address,
        health=health,
        target_state=state,
        target_reason=reason,
        is_ready=is_well,
        was_ready=task.was_ready or is_well,
    )
    if changes:
        # After Announce: a task is ready only when callers can find it.
        actions.append(Note(changes, "it was looked at"))
    return tuple(actions)


def _is_well(task: Task, containers: Sequence[Container], health: Health, state: str, now: datetime) -> bool:
    if any(c.checked and c.essential for c in containers) and health != Health.HEALTHY:
        return False
    if task.targets:
        # A group that no listener uses is never checked (CodeDeploy, all at once): AWS counts it as well.
        return state in ("healthy", "unused")
    if any(c.checked for c in containers):
        return True
    return task.is_ready or (task.started_at is not None and now >= task.started_at + TRIAL)


def _worst(targets: Mapping[Target, TargetSight]) -> tuple[str, str]:
    for state in ("unhealthy", "unavailable", GONE, "draining", "initial", "unused", "healthy"):
        for sight in targets.values():
            if sight.state == state:
                return state, sight.reason
    return "", ""


def _died(task: Task, containers: Sequence[Container]) -> tuple[Action, ...]:
    note = _changes(task, containers=list(containers), is_ready=False)
    condemned = Condemn(StopCode.ESSENTIAL_EXITED, "Essential container in task exited")
    return (Note(note, "it was looked at"), condemned) if note else (condemned,)


def _down(
    task: Task, seen: Sight | None, targets: Mapping[Target, TargetSight], now: datetime
) -> tuple[Action, ...]:
    if not task.is_withdrawn:
        return (Withdraw(task.stopped_reason or "it is to stop"),)
    if seen is None or all(c.status == "STOPPED" for c in seen.containers):
        return _over(task, seen, now)
    if task.status in (TaskStatus.STOPPING, TaskStatus.DEPROVISIONING):
        return (Halt(task.stopped_reason),)
    if is_dead(seen.containers) or not _is_in_use(task, targets, now):
        return (Note({"status": TaskStatus.STOPPING, "is_ready": False}, "nobody uses it any more"),)
    if task.status != TaskStatus.DEACTIVATING:
        return (Note({"status": TaskStatus.DEACTIVATING, "is_ready": False}, "it drains"),)
    return ()


def _is_in_use(task: Task, targets: Mapping[Target, TargetSight], now: datetime) -> bool:
    draining = any(sight.state not in (GONE, "unused") for sight in targets.values())
    return draining or (task.quiet_at is not None and now < task.quiet_at)


def _over(task: Task, seen: Sight | None, now: datetime) -> tuple[Action, ...]:
    known = merged(task.containers, seen.containers) if seen else task.containers
    containers = [c if c.status == "STOPPED" else _ended(c) for c in known]
    changes = {
        "containers": containers,
        "is_ready": False,
        "status": TaskStatus.STOPPED,
        "execution_stopped_at": task.execution_stopped_at or now,
        "stopped_at": now,
    }
    return (Note(changes, "its containers have exited"),)


def _ended(container: Container) -> Container:
    return replace(container, status="STOPPED", health=Health.UNKNOWN)


def _after(task: Task, now: datetime) -> tuple[Action, ...]:
    if task.stopped_at is None or now < task.stopped_at + LOGS_SHIPPED:
        return ()
    if not task.is_removed:
        return (Remove("its logs have been shipped"),)
    if now >= task.stopped_at + SHOWN:
        return (Forget("it stopped an hour ago"),)
    return ()


def _changes(task: Task, **wanted: Any) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if getattr(task, name) != value}
