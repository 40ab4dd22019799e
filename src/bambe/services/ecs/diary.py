"""The sentences of a service's events, in AWS's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from bambe.kernel.call import Tx
from bambe.services.ecs.model import Controller, Health, Service, Task
from bambe.services.ecs.tables import DIARIES, SERVICES, tell

STEADY_AGAIN = timedelta(hours=6)
"""How often a steady service says so again (AWS: "Amazon ECS service event messages")."""


def title(service: Service, task_set: str = "") -> str:
    """`(service S)`, or `(service S, taskSet ecs-svc/N)` where the service has task sets."""
    if task_set and service.controller != Controller.ECS:
        return f"(service {service.name}, taskSet {task_set})"
    return f"(service {service.name})"


def started(service: Service, task_set: str, ids: Sequence[str]) -> str:
    """The event of a start."""
    names = " ".join(f"(task {task_id})" for task_id in ids)
    return f"{title(service, task_set)} has started {len(ids)} tasks: {names}."


def stopped(service: Service, task_set: str, ids: Sequence[str]) -> str:
    """The event of a stop."""
    names = " ".join(f"(task {task_id})" for task_id in ids)
    return f"{title(service, task_set)} has stopped {len(ids)} running tasks: {names}."


def steady(service: Service) -> str:
    """The event of a service that is all it should be."""
    return f"{title(service)} has reached a steady state."


def blocked(service: Service) -> str:
    """The event of a deployment that cannot proceed."""
    return (
        f"{title(service)} was unable to stop or start tasks during a deployment because of the service"
        " deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
    )


def is_last(tx: Tx, service: Service, message: str) -> bool:
    """Whether the service has said nothing since `message`."""
    diary = DIARIES.find(tx, service.account, service.region, service.cluster, service.name)
    return diary is not None and bool(diary.events) and diary.events[0].message == message


def is_quiet(tx: Tx, service: Service, now: datetime) -> bool:
    """Whether a steady service has said nothing for so long that it says so again."""
    if not service.is_steady:
        return False
    diary = DIARIES.find(tx, service.account, service.region, service.cluster, service.name)
    return diary is not None and bool(diary.events) and now >= diary.events[0].at + STEADY_AGAIN


def unwell(service: Service, task: Task) -> str:
    """The event of a task that is replaced because it is unhealthy."""
    head = f"{title(service, task.task_set)} (task {task.id})"
    if task.health == Health.UNHEALTHY:
        return f"{head} failed container health checks."
    target = task.targets[0] if task.targets else None
    group, port = (target.group, target.port) if target else ("", 0)
    reason = task.target_reason or "Health checks failed"
    return f"{head} (port {port}) is unhealthy in (target-group {group}) due to (reason {reason})."


def registered(tx: Tx, task: Task, now: datetime) -> None:
    """Tell of the targets a task was registered as."""
    for group, count in Counter(target.group for target in task.targets).items():
        _tell(tx, task, f"registered {count} targets in (target-group {group})", now)


def draining(tx: Tx, task: Task, now: datetime) -> None:
    """Tell that a task's connections drain."""
    if task.is_registered:
        _tell(tx, task, "has begun draining connections on 1 tasks.", now)


def withdrawn(tx: Tx, task: Task, now: datetime) -> None:
    """Tell of the targets a task no longer is."""
    if task.is_registered:
        for group, count in Counter(target.group for target in task.targets).items():
            _tell(tx, task, f"deregistered {count} targets in (target-group {group})", now)


def told_once(tx: Tx, task: Task, message: str, now: datetime) -> None:
    """Tell `message`, unless it is the latest event already."""
    key = (task.account, task.region, task.cluster, task.service)
    diary = DIARIES.find(tx, *key)
    if diary is None or not diary.events or not diary.events[0].message.endswith(message):
        _tell(tx, task, message, now)


def _tell(tx: Tx, task: Task, message: str, now: datetime) -> None:
    service = SERVICES.find(tx, task.account, task.region, task.cluster, task.service)
    if service is not None:
        tell(tx, service, f"{title(service, task.task_set)} {message}", now)
