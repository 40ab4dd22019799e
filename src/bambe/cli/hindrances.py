"""What keeps the tasks of a version from running, as the tasks that stopped tell it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any


def hindrance(ecs: Any, cluster: str, service: Mapping[str, Any], version: str) -> str:
    """Why tasks of a version (the id of its task set or deployment) of a service, as ECS describes it, do not
    come to run; "" for no sign."""

    def of_version(desired: str) -> list[Mapping[str, Any]]:
        found = _tasks(ecs, cluster, str(service["serviceName"]), desired)
        return [task for task in found if task.get("startedBy") == version]

    for task in of_version("RUNNING"):
        if task["lastStatus"] != "RUNNING" and (why := _told(service, task)):
            return f"a task does not start: {why}"
    stopped = [task for task in of_version("STOPPED") if _tells(task)]
    if not stopped:
        return ""
    last = max(stopped, key=lambda task: str(task.get("stoppedAt") or task.get("stoppingAt") or ""))
    count = f"{len(stopped)} tasks" if len(stopped) > 1 else "a task"
    whose = ", the last one" if len(stopped) > 1 else ""
    return f"{count} stopped{whose}: {why_stopped(last)}"


def _told(service: Mapping[str, Any], task: Mapping[str, Any]) -> str:
    """What the service's newest event about one task says of it."""
    about = re.compile(rf"\(task {task['taskArn'].rsplit('/', 1)[-1]}\) (?!\()(.+)")
    found = (about.search(event["message"]) for event in service.get("events", ()))
    return next((hit[1] for hit in found if hit), "")


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


def _tasks(ecs: Any, cluster: str, service: str, desired: str) -> Iterator[Mapping[str, Any]]:
    where = {"cluster": cluster, "serviceName": service, "desiredStatus": desired}
    for page in ecs.get_paginator("list_tasks").paginate(**where):
        if page["taskArns"]:
            yield from ecs.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"]


def _tells(task: Mapping[str, Any]) -> bool:
    """Whether it stopped by itself: not by hand, nor because fewer are wanted."""
    by_others = task.get("stopCode") in ("UserInitiated", "ServiceSchedulerInitiated")
    return not by_others or "health" in str(task.get("stoppedReason", ""))
