"""Stacks, their resources, events and change sets; statuses and legal moves as AWS has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class StackStatus(StrEnum):
    """Where a stack is."""

    REVIEW_IN_PROGRESS = "REVIEW_IN_PROGRESS"
    CREATE_IN_PROGRESS = "CREATE_IN_PROGRESS"
    CREATE_COMPLETE = "CREATE_COMPLETE"
    CREATE_FAILED = "CREATE_FAILED"
    ROLLBACK_IN_PROGRESS = "ROLLBACK_IN_PROGRESS"
    ROLLBACK_COMPLETE = "ROLLBACK_COMPLETE"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"
    UPDATE_IN_PROGRESS = "UPDATE_IN_PROGRESS"
    UPDATE_COMPLETE_CLEANUP_IN_PROGRESS = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    UPDATE_COMPLETE = "UPDATE_COMPLETE"
    UPDATE_FAILED = "UPDATE_FAILED"
    UPDATE_ROLLBACK_IN_PROGRESS = "UPDATE_ROLLBACK_IN_PROGRESS"
    UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
    UPDATE_ROLLBACK_COMPLETE = "UPDATE_ROLLBACK_COMPLETE"
    UPDATE_ROLLBACK_FAILED = "UPDATE_ROLLBACK_FAILED"
    DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"
    DELETE_COMPLETE = "DELETE_COMPLETE"
    DELETE_FAILED = "DELETE_FAILED"


S = StackStatus
_DELETE = frozenset({S.DELETE_IN_PROGRESS})
_UPDATE = frozenset({S.UPDATE_IN_PROGRESS, S.DELETE_IN_PROGRESS})
MOVES: dict[StackStatus, frozenset[StackStatus]] = {
    S.REVIEW_IN_PROGRESS: frozenset({S.CREATE_IN_PROGRESS, S.DELETE_IN_PROGRESS}),
    S.CREATE_IN_PROGRESS: frozenset(
        {S.CREATE_COMPLETE, S.CREATE_FAILED, S.ROLLBACK_IN_PROGRESS, S.DELETE_IN_PROGRESS}
    ),
    S.CREATE_COMPLETE: _UPDATE,
    S.CREATE_FAILED: _UPDATE | {S.ROLLBACK_IN_PROGRESS},
    S.ROLLBACK_IN_PROGRESS: frozenset({S.ROLLBACK_COMPLETE, S.ROLLBACK_FAILED, S.DELETE_IN_PROGRESS}),
    S.ROLLBACK_COMPLETE: _DELETE,
    S.ROLLBACK_FAILED: _DELETE | {S.ROLLBACK_IN_PROGRESS},
    S.UPDATE_IN_PROGRESS: frozenset(
        {
            S.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS,
            S.UPDATE_FAILED,
            S.UPDATE_ROLLBACK_IN_PROGRESS,
            S.DELETE_IN_PROGRESS,
        }
    ),
    S.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: frozenset({S.UPDATE_COMPLETE, S.DELETE_IN_PROGRESS}),
    S.UPDATE_COMPLETE: _UPDATE,
    S.UPDATE_FAILED: _UPDATE | {S.UPDATE_ROLLBACK_IN_PROGRESS},
    S.UPDATE_ROLLBACK_IN_PROGRESS: frozenset(
        {
            S.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS,
            S.UPDATE_ROLLBACK_FAILED,
            S.DELETE_IN_PROGRESS,
        }
    ),
    S.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS: frozenset(
        {S.UPDATE_ROLLBACK_COMPLETE, S.DELETE_IN_PROGRESS}
    ),
    S.UPDATE_ROLLBACK_COMPLETE: _UPDATE,
    S.UPDATE_ROLLBACK_FAILED: _DELETE | {S.UPDATE_ROLLBACK_IN_PROGRESS},
    S.DELETE_IN_PROGRESS: frozenset({S.DELETE_COMPLETE, S.DELETE_FAILED}),
    S.DELETE_COMPLETE: frozenset(),
    S.DELETE_FAILED: _DELETE,
}
UPDATABLE = frozenset(status for status, to in MOVES.items() if S.UPDATE_IN_PROGRESS in to)
GOING_BACK = (S.UPDATE_ROLLBACK_IN_PROGRESS, S.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS)
"""A failed update is being taken back: what counts is the version before."""


class ResourceStatus(StrEnum):
    """Where a resource is."""

    CREATE_IN_PROGRESS = "CREATE_IN_PROGRESS"
    CREATE_COMPLETE = "CREATE_COMPLETE"
    CREATE_FAILED = "CREATE_FAILED"
    UPDATE_IN_PROGRESS = "UPDATE_IN_PROGRESS"
    UPDATE_COMPLETE = "UPDATE_COMPLETE"
    UPDATE_FAILED = "UPDATE_FAILED"
    DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"
    DELETE_COMPLETE = "DELETE_COMPLETE"
    DELETE_FAILED = "DELETE_FAILED"
    DELETE_SKIPPED = "DELETE_SKIPPED"

    @property
    def in_progress(self) -> bool:
        return self.value.endswith("_IN_PROGRESS")

    @property
    def failed(self) -> bool:
        return self.value.endswith("_FAILED")


@dataclass(frozen=True, slots=True)
class Version:
    """What a stack is to be: a template with its parameters.

    `template` is without loops; `original`, where that is another, is as it was given. `resolved` holds what
    parameters that name SSM's parameters stand for.
    """

    template: str
    parameters: dict[str, str] = field(default_factory=dict)
    original: str = ""
    resolved: dict[str, str] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, str]:
        """Each parameter's value as Ref gives it."""
        return {**self.parameters, **self.resolved}


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a stack."""

    key: str
    value: str
    description: str = ""
    export: str = ""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack. `goal` is what is being made true, `previous` what a failed update goes back to.

    `skipped` are resources that going back leaves as they are. `triggers` are the alarms that end an
    operation, also in the `monitoring` minutes after its last resource, which end at `watched_until`.
    """

    account: str
    region: str
    id: str
    name: str
    status: StackStatus
    created_at: datetime
    goal: Version
    previous: Version | None = None
    reason: str = ""
    token: str = ""
    on_failure: str = "ROLLBACK"
    capabilities: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    role: str = ""
    outputs: list[Output] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    updated_at: datetime | None = None
    deleted_at: datetime | None = None
    change_set: str = ""
    events: int = 0
    protected: bool = False
    policy: str = ""
    policy_during_update: str = ""
    skipped: list[str] = field(default_factory=list)
    previous_tags: dict[str, str] | None = None
    triggers: list[str] = field(default_factory=list)
    monitoring: int = 0
    watched_until: datetime | None = None
    drift: str = "NOT_CHECKED"
    drift_at: datetime | None = None
    retains_new: bool = True

    @property
    def wanted_tags(self) -> dict[str, str]:
        """The tags its resources are to have now."""
        back = self.status in GOING_BACK and self.previous_tags is not None
        return self.previous_tags if back and self.previous_tags is not None else self.tags

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudformation:{self.region}:{self.account}:stack/{self.name}/{self.id}"

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.account, self.region, self.id)


@dataclass(frozen=True, slots=True)
class Leftover:
    """What a replacement left behind, to be deleted when the update is done (or taken back).

    `fail_after` is when that is given up; it is set when the deletion has to wait.
    """

    type: str
    physical_id: str
    attributes: dict[str, Any]
    properties: dict[str, Any]
    retained: bool = False
    depends: list[str] = field(default_factory=list)
    fail_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a stack. `properties` are those in force, `wanted` those under way.

    `called` says that the call under way has been answered; `stale` that a failure is of an earlier
    operation, so that the one under way tries again. `depends` holds the needs of both while it changes.
    `fail_after` is when waiting for the resource ends; it is set when the waiting begins. `tags` are those of
    the stack that it was told last. A retained resource that is `unless_new` goes with the operation (whose
    token is in `born_of`) that made it.
    """

    account: str
    region: str
    stack: str
    logical_id: str
    type: str
    status: ResourceStatus
    updated_at: datetime
    token: str
    name: str
    physical_id: str = ""
    reason: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    wanted: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    depends: list[str] = field(default_factory=list)
    called: bool = False
    retained: bool = False
    stale: bool = False
    leftovers: list[Leftover] = field(default_factory=list)
    fail_after: datetime | None = None
    tags: dict[str, str] | None = None
    unless_new: bool = False
    born_of: str = ""

    @property
    def exists(self) -> bool:
        return self.status not in (ResourceStatus.DELETE_COMPLETE, ResourceStatus.DELETE_SKIPPED)

    @property
    def is_unsure(self) -> bool:
        """Whether a creation may have been begun whose answer we did not live to write down."""
        making = (ResourceStatus.CREATE_IN_PROGRESS, ResourceStatus.UPDATE_IN_PROGRESS)
        return self.status in making and not self.physical_id and not self.called


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a stack or to one of its resources."""

    account: str
    region: str
    stack: str
    number: int
    id: str
    logical_id: str
    physical_id: str
    type: str
    at: datetime
    status: str
    reason: str = ""
    properties: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change looked at before it is made."""

    account: str
    region: str
    stack: str
    name: str
    id: str
    kind: str
    status: str
    version: Version
    created_at: datetime
    reason: str = ""
    execution: str = "AVAILABLE"
    description: str = ""
    capabilities: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    role: str = ""
    on_failure: str = "ROLLBACK"
    changes: list[dict[str, Any]] = field(default_factory=list)
    triggers: list[str] | None = None
    monitoring: int = 0

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudformation:{self.region}:{self.account}:changeSet/{self.name}/{self.id}"


DETECTIONS_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Detection:
    """A look at how far a stack's resources have drifted; those of `pending` are still to be seen."""

    account: str
    region: str
    id: str
    stack: str
    status: str
    begun_at: datetime
    pending: list[str] = field(default_factory=list)
    reason: str = ""
    drifted: int = 0
    found: str = ""

    @property
    def delete_at(self) -> datetime | None:
        """When nobody asks for it any more; one under way stays."""
        return None if self.pending else self.begun_at + DETECTIONS_KEPT


@dataclass(frozen=True, slots=True)
class Drift:
    """What was seen of one resource when it was last compared with the template."""

    account: str
    region: str
    stack: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    at: datetime
    expected: str = ""
    actual: str = ""
    differences: list[dict[str, str]] = field(default_factory=list)
