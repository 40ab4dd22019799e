"""What to do next for a stack: which resources to begin, to step, to remove, and where the stack goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import ResourceType
from bambe.services.cloudformation import policies
from bambe.services.cloudformation.model import Leftover, Resource, ResourceStatus, Stack, StackStatus

R, S = ResourceStatus, StackStatus
MONITORED = (StackStatus.CREATE_IN_PROGRESS, StackStatus.UPDATE_IN_PROGRESS)
KEEP = "DO_NOTHING"


@dataclass(frozen=True, slots=True)
class Begin:
    """Write down that a resource is now to be created or updated to `properties`."""

    logical_id: str
    properties: dict[str, Any]
    replace: bool
    why: str


@dataclass(frozen=True, slots=True)
class Restore:
    """Take a replacement back: the resource from before is still there."""

    logical_id: str
    leftover: Leftover
    why: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Write down that a resource is now to be deleted (or, if retained, forgotten)."""

    logical_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """Go on with a resource that is in progress."""

    logical_id: str
    why: str = "in progress"


@dataclass(frozen=True, slots=True)
class Sweep:
    """Delete what replacements left behind."""

    logical_id: str
    why: str = "a replacement left it behind"


@dataclass(frozen=True, slots=True)
class Note:
    """Write down what the template says of a resource besides its properties."""

    logical_id: str
    depends: tuple[str, ...]
    retained: bool
    why: str = "the template says so now"


@dataclass(frozen=True, slots=True)
class Fail:
    """Mark a resource as failed without calling anybody."""

    logical_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Move:
    """Change the stack's status."""

    to: StackStatus
    why: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """All resources are there: look at the alarms until `until` before the operation counts as done."""

    until: datetime
    why: str = "rollback triggers are watched for a while"


Action = Begin | Restore | Remove | Step | Sweep | Note | Fail | Watch | Move
Resolve = Callable[[str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Goal:
    """What the template wants: names in order of dependency, and who depends on whom.

    `resolve(name)` answers a resource's properties; it is asked only when all it depends on is there,
    and raises an AwsError for what cannot be evaluated. `denied(action, name, type)` is why the stack's
    policy does not allow that, `alarmed` which alarm ends the operation; `now` is for the time of watching.
    """

    names: tuple[str, ...] = ()
    depends: Mapping[str, list[str]] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    retained: Mapping[str, bool] = field(default_factory=dict)
    resolve: Resolve = lambda name: {}
    denied: Callable[[str, str, str], str] = lambda action, name, kind: ""
    alarmed: str = ""
    now: datetime | None = None


CONVERGED = {
    S.CREATE_IN_PROGRESS: S.CREATE_COMPLETE,
    S.UPDATE_IN_PROGRESS: S.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS,
    S.UPDATE_ROLLBACK_IN_PROGRESS: S.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS,
}
CLEANED = {
    S.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: S.UPDATE_COMPLETE,
    S.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS: S.UPDATE_ROLLBACK_COMPLETE,
}
REMOVED = {
    S.DELETE_IN_PROGRESS: (S.DELETE_COMPLETE, S.DELETE_FAILED),
    S.ROLLBACK_IN_PROGRESS: (S.ROLLBACK_COMPLETE, S.ROLLBACK_FAILED),
}


def plan(
    stack: Stack, rows: Mapping[str, Resource], goal: Goal, types: Mapping[str, ResourceType]
) -> tuple[Action, ...]:
    """The next actions; none when the stack waits for resources in progress or is at rest."""
    if stack.status in CONVERGED:
        return _converge(stack, rows, goal, types)
    if stack.status in CLEANED:
        return _clean(stack, rows, goal)
    if stack.status in REMOVED:
        return _remove_all(stack, rows)
    return ()


def _converge(
    stack: Stack, rows: Mapping[str, Resource], goal: Goal, types: Mapping[str, ResourceType]
) -> tuple[Action, ...]:
    if goal.alarmed:
        return _give_up(stack, rows, goal, f"Rollback trigger {goal.alarmed} is in ALARM state")
    settled: set[str] = set()
    actions: list[Action] = []
    failed = ""
    skipped = set(stack.skipped) if stack.status == S.UPDATE_ROLLBACK_IN_PROGRESS else set[str]()
    settled |= skipped
    for name in (one for one in goal.names if one not in skipped):
        if not set(goal.depends.get(name, ())) & set(goal.names) <= settled:
            continue
        try:
            wanted = goal.resolve(name)
        except AwsError as error:
            return _give_up(stack, rows, goal, f"{name}: {error.message}")
        action = _toward(rows.get(name), name, wanted, goal, types, stack)
        if isinstance(action, Begin) and (refusal := _refused(rows.get(name), action, goal)):
            return _give_up(stack, rows, goal, refusal)
        if isinstance(action, Fail):
            failed = failed or action.why
            continue
        if action is None:
            settled.add(name)
            actions += _noted(rows[name], goal)
        else:
            actions.append(action)
    # Where what was made is kept after a failure, what does not hang on it is made too.
    if failed and not (actions and stack.on_failure == KEEP):
        return _give_up(stack, rows, goal, failed)
    if actions:
        return tuple(actions)
    if refusal := _removal_refused(rows, goal):
        return _give_up(stack, rows, goal, refusal)
    return _watched(stack, goal)


def _watched(stack: Stack, goal: Goal) -> tuple[Action, ...]:
    """The stack is done, unless its alarms are to be watched for a while."""
    watches = stack.monitoring and stack.triggers and stack.status in MONITORED and goal.now is not None
    if watches and goal.now is not None:
        if stack.watched_until is None:
            return (Watch(goal.now + timedelta(minutes=stack.monitoring)),)
        if goal.now < stack.watched_until:
            return ()
    return (Move(CONVERGED[stack.status]),)


def _refused(row: Resource | None, action: Begin, goal: Goal) -> str:
    """Why the stack's policy does not allow an update that is to begin, or nothing."""
    if row is None or not row.exists:
        return ""
    verb = policies.REPLACE if action.replace else policies.MODIFY
    return goal.denied(verb, action.logical_id, row.type)


def _removal_refused(rows: Mapping[str, Resource], goal: Goal) -> str:
    """Why the stack's policy does not allow the deletion of what the template has no more, or nothing."""
    gone = [row for row in rows.values() if row.exists and row.logical_id not in goal.names]
    said = (goal.denied(policies.DELETE, row.logical_id, row.type) for row in gone)
    return next((why for why in said if why), "")


def _noted(row: Resource, goal: Goal) -> list[Action]:
    depends, kept = goal.depends.get(row.logical_id, []), goal.retained.get(row.logical_id, False)
    if (row.depends, row.retained) == (depends, kept):
        return []
    return [Note(row.logical_id, tuple(depends), kept)]


def _toward(
    row: Resource | None,
    name: str,
    wanted: dict[str, Any],
    goal: Goal,
    types: Mapping[str, ResourceType],
    stack: Stack,
) -> Action | None:
    """The action that brings one resource nearer to `wanted`; None when it is there; Fail when it failed."""
    if row is None or not row.exists:
        return Begin(name, wanted, replace=False, why="not there yet")
    is_meant = row.wanted == wanted and row.tags in (None, stack.wanted_tags)
    if row.is_unsure or (row.status.in_progress and is_meant):
        return Step(name)
    if row.status.failed and is_meant and not row.stale:
        return Fail(name, row.reason)
    leftover = row.leftovers[-1] if row.leftovers else None
    if (
        leftover is not None
        and stack.status == S.UPDATE_ROLLBACK_IN_PROGRESS
        and leftover.properties == wanted
    ):
        return Restore(name, leftover, "the update is taken back")
    if not row.status.failed and not row.status.in_progress:
        if row.properties == wanted and row.type == goal.types[name]:
            return _retagged(row, wanted, stack, types[row.type])
        return Begin(name, wanted, _must_replace(row, wanted, goal.types[name], types), "properties changed")
    return Begin(
        name, wanted, _must_replace(row, wanted, goal.types[name], types), "the update is taken back"
    )


def _retagged(row: Resource, wanted: dict[str, Any], stack: Stack, declared: ResourceType) -> Action | None:
    """The update that brings the stack's tags to a resource that can have any; None where it has them."""
    if row.tags is None or row.tags == stack.wanted_tags:
        return None
    if "Tags" not in declared.properties or declared.update is None:
        return None
    return Begin(row.logical_id, wanted, replace=False, why="the stack's tags changed")


def _must_replace(
    row: Resource, wanted: dict[str, Any], kind: str, types: Mapping[str, ResourceType]
) -> bool:
    declared = types[kind]
    if row.type != kind or declared.update is None or not row.physical_id:
        return True
    return any(row.properties.get(key) != wanted.get(key) for key in declared.replaces)


def _give_up(stack: Stack, rows: Mapping[str, Resource], goal: Goal, why: str) -> tuple[Action, ...]:
    """Cancel what is in progress, then go back."""
    word, verb = ("creation", "create") if stack.status == S.CREATE_IN_PROGRESS else ("update", "update")
    busy = [name for name in goal.names if name in rows and rows[name].status.in_progress]
    unsure = [name for name in busy if rows[name].is_unsure]
    if unsure:
        return tuple(
            Step(name, "we died while it was made: see what there is to take back") for name in unsure
        )
    if busy:
        return tuple(Fail(name, f"Resource {word} cancelled") for name in busy)
    failed = sorted(name for name in goal.names if name in rows and rows[name].status.failed)
    told = f"The following resource(s) failed to {verb}: [{', '.join(failed)}]."
    by_themselves = any(rows[name].reason != f"Resource {word} cancelled" for name in failed)
    return (Move(_after_failure(stack), told if by_themselves else why),)


def _after_failure(stack: Stack) -> StackStatus:
    keeps = stack.on_failure == KEEP
    if stack.status == S.CREATE_IN_PROGRESS:
        if stack.on_failure == "DELETE":
            return S.DELETE_IN_PROGRESS
        return S.CREATE_FAILED if keeps else S.ROLLBACK_IN_PROGRESS
    if stack.status == S.UPDATE_IN_PROGRESS:
        return S.UPDATE_FAILED if keeps else S.UPDATE_ROLLBACK_IN_PROGRESS
    return S.UPDATE_ROLLBACK_FAILED


def _clean(stack: Stack, rows: Mapping[str, Resource], goal: Goal) -> tuple[Action, ...]:
    gone = {name: row for name, row in rows.items() if name not in goal.names}
    return _removals(gone, rows) or (Move(CLEANED[stack.status]),)


def _remove_all(stack: Stack, rows: Mapping[str, Resource]) -> tuple[Action, ...]:
    done, failed = REMOVED[stack.status]
    actions = _removals(rows, rows)
    if actions:
        return actions
    stuck = sorted(name for name, row in rows.items() if row.status == R.DELETE_FAILED)
    if stuck:
        return (Move(failed, f"The following resource(s) failed to delete: [{', '.join(stuck)}]."),)
    return (Move(done),)


def _removals(gone: Mapping[str, Resource], rows: Mapping[str, Resource]) -> tuple[Action, ...]:
    """Deletions under way, and those that may begin because nothing that exists needs what they delete.

    What a replacement left behind was needed by what is to go now and by what other replacements left.
    """
    needed = {need for row in rows.values() if row.exists for need in row.depends}
    left = {need for row in rows.values() for one in row.leftovers for need in one.depends}
    wanted = {need for row in gone.values() if row.exists for need in row.depends}
    free: list[Action] = []
    blocked: list[Action] = []
    for name, row in sorted(rows.items()):
        action = _removal(row) if name in gone else None
        if action is not None:
            now = isinstance(action, Step) or name not in needed | left
            (free if now else blocked).append(action)
            if now:
                continue
        if row.leftovers:
            (free if name not in wanted | left else blocked).append(Sweep(name))
    if free or any(row.status == R.DELETE_FAILED for row in gone.values()):
        return tuple(free)
    # Needs of two versions mixed may form a circle, which only trying can break: what is older first.
    older = [one for one in blocked if isinstance(one, Sweep)]
    return tuple([one for one in older if one.logical_id not in left] or older or blocked)


def _removal(row: Resource) -> Action | None:
    if row.status == R.DELETE_IN_PROGRESS or row.is_unsure:
        return Step(row.logical_id)
    if row.exists and row.status != R.DELETE_FAILED:
        return Remove(row.logical_id, "no longer wanted")
    return None
