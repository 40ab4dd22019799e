"""What keeps the tasks of a version from running, as the tasks that stopped tell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def hindrance(ecs: Any, cluster: str, service: str, version: str) -> str:
    """Why tasks of a version (the id of its task set or deployment) do not come to run; "" for no sign."""
    stopped = [
        task for task in _stopped(ecs, cluster, service) if task.get("startedBy") == version and _tells(task)
    ]
    if not stopped:
        return ""
    last = max(stopped, key=lambda task: str(task.get("stoppedAt") or task.get("stoppingAt") or ""))
    count = f"{len(stopped)} tasks" if len(stopped) > 1 else "a task"
    whose = ", the last one" if len(stopped) > 1 else ""
    return f"{count} stopped{whose}: {why_stopped(last)}"


def why_stopped(task: Mapping[str, Any]) -> str:
    """Why a task stopped, with what its containers say of it."""
    parts = [str(task.get("stoppedReason") or "")]
    for container in task.get("containers", ()):
        code, said = container.get("exitCode"), str(container.get("reason") or "")
        if code not in (None, 0):
            said = f"exit code {code}" + (f", {said}" if said else "")
        if said and said not in parts[0]:
            parts.append(f"container {container['name']}: {said}")
    return "; ".join(part for part in parts if part) or "the reason is not known"


def _stopped(ecs: Any, cluster: str, service: str) -> Iterator[Mapping[str, Any]]:
    where = {"cluster": cluster, "serviceName": service, "desiredStatus": "STOPPED"}
    for page in ecs.get_paginator("list_tasks").paginate(**where):
        if page["taskArns"]:
            yield from ecs.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"]


def _tells(task: Mapping[str, Any]) -> bool:
    """Whether it stopped by itself: not by hand, nor because fewer are wanted."""
    by_others = task.get("stopCode") in ("UserInitiated", "ServiceSchedulerInitiated")
    return not by_others or "health" in str(task.get("stoppedReason", ""))
