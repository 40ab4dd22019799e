"""Containers as the Docker Engine lists and describes them, turned into what the house sees."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bambe.engines.containers.config import (
    CONTAINER,
    DEPENDS_ON,
    IMAGE,
    LOG_GROUP,
    LOG_STREAM,
    OWN,
    POSITION,
    TASK,
)
from bambe.engines.containers.connection import sentence
from bambe.engines.containers.port import ContainerSeen, Health, State, TaskSeen

STATES = {"created": State.PENDING, "exited": State.EXITED, "dead": State.EXITED, "removing": State.EXITED}
HEALTH = re.compile(r"\((?:health: )?(starting|healthy|unhealthy)\)$")
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
NEVER_STARTED = ".unstarted"
"""Suffix of the name of a container that was stopped before it ever started."""

Listed = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Details:
    """What only an inspection shows; it stays true as long as the container's state does."""

    state: State
    digest: str = ""
    exit_code: int | None = None
    reason: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


def state_of(name: str, status: str) -> State:
    """Where a container is that the Engine calls `name` and `status`."""
    return State.EXITED if name.endswith(NEVER_STARTED) else STATES.get(status, State.RUNNING)


def health_of(listed: Listed) -> Health:
    """A listed container's health; the listing says it in words: "Up 2 minutes (healthy)"."""
    match = HEALTH.search(listed["Status"])
    return Health(match[1]) if match else Health.NONE


def parse_details(inspected: Mapping[str, Any], digest: str) -> Details:
    """What an inspection adds. A start that failed leaves `created` with an error: that is an exit."""
    state = inspected["State"]
    failed = state["Status"] == "created" and bool(state["Error"])
    now = State.EXITED if failed else state_of(inspected["Name"], state["Status"])
    over = now is State.EXITED
    return Details(
        state=now,
        digest=digest,
        exit_code=state["ExitCode"] if over and (failed or _time(state["StartedAt"])) else None,
        reason=_reason(state),
        started_at=_time(state["StartedAt"]),
        finished_at=_time(state["FinishedAt"]) if over else None,
    )


def digest_in(image: Mapping[str, Any], reference: str) -> str:
    """The digest `reference` was pulled by. An image whose repository no registry knows has its id: the
    digest it was pushed by under another name finds nothing under this one. Asked for by id, any does.
    """
    digests: Iterable[str] = image.get("RepoDigests") or ()
    repository = repository_of(reference)
    by_repository = dict(digest.split("@", 1) for digest in digests if "@" in digest)
    if repository in by_repository:
        return by_repository[repository]
    by_id = reference.startswith("sha256:")
    return next(iter(by_repository.values()), str(image["Id"])) if by_id else str(image["Id"])


def repository_of(reference: str) -> str:
    """`localhost:4566/orders:v1` without its tag or digest."""
    name = reference.partition("@")[0]
    return name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name


def seen_tasks(listed: Iterable[Listed], details: Mapping[str, Details]) -> list[TaskSeen]:
    """Listed containers (oldest first) as tasks; one without details is gone or a holder."""
    tasks: dict[str, list[Listed]] = {}
    for one in listed:
        tasks.setdefault(one["Labels"][TASK], []).append(one)
    return [_task(task_id, members, details) for task_id, members in tasks.items()]


def stop_order(listed: Iterable[Listed]) -> list[list[Listed]]:
    """The containers of one task in waves: each is stopped after all that depend on it."""
    left = {one["Labels"][CONTAINER]: one for one in listed}
    waves = []
    while left:
        needed = {name for one in left.values() for name in one["Labels"].get(DEPENDS_ON, "").split(",")}
        # Among containers that depend on each other in a circle, none can be the first: all are.
        wave = [name for name in left if name not in needed] or list(left)
        waves.append([left.pop(name) for name in wave])
    return waves


def _task(task_id: str, members: list[Listed], details: Mapping[str, Details]) -> TaskSeen:
    labels = members[0]["Labels"]
    known = sorted((one for one in members if one["Id"] in details), key=_position)
    return TaskSeen(
        id=task_id,
        labels={name.removeprefix(OWN): text for name, text in labels.items() if name.startswith(OWN)},
        address=next((a for one in members if _is_up(one, details) and (a := _address(one))), ""),
        containers=tuple(_container(one, details[one["Id"]]) for one in known),
    )


def _container(listed: Listed, more: Details) -> ContainerSeen:
    labels = listed["Labels"]
    return ContainerSeen(
        name=labels[CONTAINER],
        runtime_id=listed["Id"],
        image=labels[IMAGE],
        image_digest=more.digest,
        state=more.state,
        health=health_of(listed),
        exit_code=more.exit_code,
        reason=more.reason,
        started_at=more.started_at,
        finished_at=more.finished_at,
        log_group=labels.get(LOG_GROUP, ""),
        log_stream=labels.get(LOG_STREAM, ""),
    )


def _is_up(listed: Listed, details: Mapping[str, Details]) -> bool:
    """Whether its address still counts; for a moment after its end the Engine goes on showing it."""
    known = details.get(listed["Id"])
    return listed["State"] == "running" and (known is None or known.state is State.RUNNING)


def _reason(state: Mapping[str, Any]) -> str:
    if state.get("OOMKilled"):
        return OUT_OF_MEMORY
    return sentence(state["Error"]) if state["Error"] else ""


def _position(listed: Listed) -> int:
    return int(listed["Labels"][POSITION])


def _address(listed: Listed) -> str:
    networks = (listed.get("NetworkSettings") or {}).get("Networks") or {}
    return next((n["IPAddress"] for n in networks.values() if n.get("IPAddress")), "")


def _time(text: str) -> datetime | None:
    return None if text.startswith("0001-") else datetime.fromisoformat(text)
