"""When a rolling deployment is successful; pure.

In AWS's order ("Complete Amazon ECS rolling deployments early with early success criteria"): enough healthy
tasks, then the bake time if an alarm may take the deployment back, then the tasks of earlier deployments are
gone. Enough are all of them, or what `earlySuccessCriteria` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import ceil

from bambe.services.ecs import strategy
from bambe.services.ecs.model import Rollout, Service, Task, TaskSet, TaskStatus


def is_reached(service: Service, task_set: TaskSet, tasks: Sequence[Task]) -> bool:
    """Whether the deployment has enough healthy tasks; without early success it has them alone."""
    live = [t for t in tasks if t.is_live]
    healthy = sum(t.task_set == task_set.id and t.is_ready for t in live)
    if strategy.early_success(service.deployment_configuration):
        return healthy >= required(service)
    return healthy == len(live) == service.desired_count


def required(service: Service) -> int:
    """How many healthy tasks the deployment needs, at least one of those that are wanted."""
    early = strategy.early_success(service.deployment_configuration)
    share = ceil(service.wanted * early.percent / 100) if early else service.wanted
    return min(service.wanted, max(1, share))


def is_baked(task_set: TaskSet, now: datetime) -> bool:
    """Whether the alarms have been watched for long enough."""
    if task_set.bake is None:
        return False
    return not task_set.bake or (task_set.bakes_until is not None and now >= task_set.bakes_until)


def is_complete(service: Service, task_set: TaskSet, tasks: Sequence[Task], now: datetime) -> bool:
    """Whether the deployment is successful now."""
    if not is_reached(service, task_set, tasks) or not is_baked(task_set, now):
        return False
    early = strategy.early_success(service.deployment_configuration)
    defers = early is not None and not early.blocks
    return defers or all(t.task_set == task_set.id or t.status == TaskStatus.STOPPED for t in tasks)


def needs_no_others(service: Service, task_set: TaskSet, healthy: int, now: datetime) -> bool:
    """Whether early success lets the tasks of earlier deployments go, with so many healthy ones of this."""
    early = strategy.early_success(service.deployment_configuration)
    if early is None or healthy < required(service):
        return False
    blocks = early.blocks and task_set.rollout == Rollout.IN_PROGRESS and is_baked(task_set, now)
    return blocks or task_set.rollout == Rollout.COMPLETED
