"""Tasks that somebody has run beside the services (RunTask), without whose end no cluster is deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Say = Callable[[str], None]
AT_ONCE = 100


def stop_lone_tasks(ecs: Any, say: Say) -> None:
    """Stop those of every cluster, and wait until they are."""
    for page in ecs.get_paginator("list_clusters").paginate():
        for cluster in page["clusterArns"]:
            stop_lone_tasks_of(ecs, cluster, say)


def stop_lone_tasks_of(ecs: Any, cluster: str, say: Say) -> None:
    """Stop those of a cluster, and wait until they are."""
    arns = _lone(ecs, cluster)
    for arn in arns:
        ecs.stop_task(cluster=cluster, task=arn, reason="The platform ends")
    if arns:
        say(f"stopping {len(arns)} {'tasks' if len(arns) > 1 else 'task'} run in {_name(cluster)}")
    for start in range(0, len(arns), AT_ONCE):
        waiter = ecs.get_waiter("tasks_stopped")
        some = arns[start : start + AT_ONCE]
        waiter.wait(cluster=cluster, tasks=some, WaiterConfig={"Delay": 1, "MaxAttempts": 150})


def _lone(ecs: Any, cluster: str) -> list[str]:
    found = []
    for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster):
        arns = page["taskArns"]
        for task in ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else ():
            if not str(task.get("group", "")).startswith("service:"):
                found.append(str(task["taskArn"]))
    return found


def _name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
