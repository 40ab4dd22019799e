"""Projects and builds, the phases of a build and the moves of its status."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """A build's or a phase's status, in AWS's spelling."""

    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    FAULT = "FAULT"
    TIMED_OUT = "TIMED_OUT"
    STOPPED = "STOPPED"


_OVER: frozenset[Status] = frozenset()
MOVES: dict[Status, frozenset[Status]] = {
    status: frozenset(Status) - {Status.IN_PROGRESS} if status is Status.IN_PROGRESS else _OVER
    for status in Status
}


class PhaseType(StrEnum):
    """The phases of a build in AWS's order."""

    SUBMITTED = "SUBMITTED"
    QUEUED = "QUEUED"
    PROVISIONING = "PROVISIONING"
    DOWNLOAD_SOURCE = "DOWNLOAD_SOURCE"
    INSTALL = "INSTALL"
    PRE_BUILD = "PRE_BUILD"
    BUILD = "BUILD"
    POST_BUILD = "POST_BUILD"
    UPLOAD_ARTIFACTS = "UPLOAD_ARTIFACTS"
    FINALIZING = "FINALIZING"
    COMPLETED = "COMPLETED"


IN_SCRIPT = (PhaseType.INSTALL, PhaseType.PRE_BUILD, PhaseType.BUILD, PhaseType.POST_BUILD)
"""The phases that the buildspec's commands make up."""


@dataclass(frozen=True, slots=True)
class Project:
    """A build project. What AWS gives back as it got it is kept in AWS's shapes in `settings`."""

    account: str
    region: str
    name: str
    repository: str
    created: datetime
    modified: datetime
    settings: dict[str, Any]
    next_number: int = 1
    webhook: dict[str, Any] | None = None

    @property
    def arn(self) -> str:
        return f"arn:aws:codebuild:{self.region}:{self.account}:project/{self.name}"


@dataclass(frozen=True, slots=True)
class PhaseRecord:
    """One phase of one build; `code` and `message` are its context."""

    type: PhaseType
    start: datetime
    end: datetime | None = None
    status: Status | None = None
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Build:
    """One build. `settings` are the project's with StartBuild's overrides, in AWS's shapes."""

    account: str
    region: str
    id: str
    uuid: str
    project: str
    number: int
    status: Status
    phase: PhaseType
    settings: dict[str, Any]
    created: datetime
    phases: tuple[PhaseRecord, ...]
    repository: str = ""
    source_version: str = ""
    resolved: str = ""
    initiator: str = ""
    webhook: dict[str, str] = field(default_factory=dict)
    overrides: list[dict[str, Any]] = field(default_factory=list)
    exported: dict[str, str] = field(default_factory=dict)
    queued_until: datetime | None = None
    deadline: datetime | None = None
    ended: datetime | None = None
    stop_asked: bool = False
    cleaned: bool = False
    token: str = ""

    @property
    def arn(self) -> str:
        return f"arn:aws:codebuild:{self.region}:{self.account}:build/{self.id}"

    @property
    def task(self) -> str:
        """The id of the build's task in the container engine."""
        return f"build-{self.uuid}"

    @property
    def is_over(self) -> bool:
        return not MOVES[self.status]

    @property
    def is_running(self) -> bool:
        """It was taken out of the queue and is not over."""
        return not self.is_over and self.phase is not PhaseType.QUEUED

    @property
    def log_group(self) -> str:
        return str(_cloud_watch(self.settings).get("groupName") or f"/aws/codebuild/{self.project}")

    @property
    def log_stream(self) -> str:
        prefix = _cloud_watch(self.settings).get("streamName")
        return f"{prefix}/{self.uuid}" if prefix else self.uuid


def _cloud_watch(settings: dict[str, Any]) -> dict[str, Any]:
    return (settings.get("logsConfig") or {}).get("cloudWatchLogs") or {}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to which commit the pushes to one branch have been judged."""

    account: str
    region: str
    repository: str
    ref: str
    commit: str
