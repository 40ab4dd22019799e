"""In which order a task's containers start: which may start now, and which never will.

Conditions are AWS's: START (it has started), COMPLETE (it has exited), SUCCESS (with 0) and HEALTHY. The
container that is waited for has its `startTimeout` to get there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bambe.services.ecs.model import Container, Dependency, Health

TIMEOUT = timedelta(minutes=3)
"""Fargate's, where a container has no startTimeout (ECS API, ContainerDefinition)."""
TERMINATED = 143
"""The exit code AWS gives a container that was never started because another failed it."""


def merged(rows: Iterable[Container], seen: Iterable[Container]) -> list[Container]:
    """The containers as seen, and those that wait for their turn as they are known."""
    found = {container.name: container for container in seen}
    return [found.get(row.name, row) for row in rows if row.name in found or not row.runtime_id]


def startable(containers: Sequence[Container]) -> tuple[str, ...]:
    """The containers that are not running yet and for which nothing is left to wait."""
    known = {container.name: container for container in containers}
    return tuple(
        c.name
        for c in containers
        if c.status == "PENDING" and all(_is_fulfilled(known, on) for on in c.depends_on)
    )


def given_up(containers: Sequence[Container], now: datetime) -> list[Container]:
    """The containers, those that can never start marked as stopped with the reason."""
    known = {container.name: container for container in containers}
    return [_given_up(known, container, now) for container in containers]


def _given_up(known: Mapping[str, Container], container: Container, now: datetime) -> Container:
    if container.status != "PENDING" or container.runtime_id:
        return container
    for on in container.depends_on:
        dependency = known.get(on.name)
        if why := _failure(dependency, on, container.name, now):
            reason = f"CannotStartContainerError: dependency graph: {why}"
            return replace(container, status="STOPPED", exit_code=TERMINATED, reason=reason)
    return container


def _is_fulfilled(known: Mapping[str, Container], on: Dependency) -> bool:
    dependency = known.get(on.name)
    if dependency is None or dependency.started_at is None:
        return False
    if on.condition == "START":
        return True
    if on.condition == "HEALTHY":
        return dependency.status == "RUNNING" and dependency.health == Health.HEALTHY
    over = dependency.status == "STOPPED" and dependency.exit_code is not None
    return over and (on.condition == "COMPLETE" or dependency.exit_code == 0)


def _failure(dependency: Container | None, on: Dependency, target: str, now: datetime) -> str:
    """Why the condition can never come true; "" while it can."""
    if dependency is None:
        return f"container ordering dependency [{on.name}] for target [{target}] does not exist."
    over = dependency.status == "STOPPED"
    shown = f"[{dependency.name} ({dependency.image}) - {dependency.status}"
    shown += f", Exit: {dependency.exit_code}]" if dependency.exit_code is not None else "]"
    failed = f"failed to resolve container ordering dependency {shown} for target [{target}]"
    if over and dependency.started_at is None:
        return f"{failed} because dependency will never start"
    if over and on.condition == "SUCCESS" and dependency.exit_code != 0:
        return f"{failed} as dependency did not exit successfully."
    if over and on.condition == "HEALTHY":
        return f"{failed} as dependency exited before it was healthy."
    if not over and on.condition != "START" and _is_late(dependency, now):
        return f"container ordering dependency {shown} for target [{target}] has timed out."
    return ""


def _is_late(dependency: Container, now: datetime) -> bool:
    if dependency.started_at is None:
        return False
    given = timedelta(seconds=dependency.start_timeout) if dependency.start_timeout else TIMEOUT
    return now >= dependency.started_at + given
