"""A resource's row as an action of the plan writes it: begun, taken back, removed, failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bambe.kernel.ids import hex_id, upper_id
from bambe.services.cloudformation.model import (
    GOING_BACK,
    Leftover,
    Resource,
    ResourceStatus,
    Stack,
    StackStatus,
)
from bambe.services.cloudformation.planner import Action, Begin, Fail, Move, Note, Remove, Restore, Watch
from bambe.services.cloudformation.template import dependencies, parse, retained

R = ResourceStatus


def rewritten(stack: Stack, rows: Mapping[str, Resource], action: Action, now: datetime) -> Resource | None:
    """The row as an action writes it; None for actions that do more than write."""
    row = rows.get(action.logical_id) if not isinstance(action, Move | Watch) else None
    if isinstance(action, Begin):
        return _begun(stack, row, action, now)
    if row is None:
        return None
    if isinstance(action, Fail):
        to = R.CREATE_FAILED if row.status == R.CREATE_IN_PROGRESS else R.UPDATE_FAILED
        return replace(row, status=to, reason=action.why, updated_at=now) if row.status.in_progress else None
    if isinstance(action, Remove):
        to = R.DELETE_SKIPPED if _is_kept(stack, row) else R.DELETE_IN_PROGRESS
        return replace(row, status=to, called=False, reason="", fail_after=None, updated_at=now)
    if isinstance(action, Restore):
        return _restored(row, action.leftover, now)
    if isinstance(action, Note):
        return replace(row, depends=list(action.depends), retained=action.retained)
    return None


def _is_kept(stack: Stack, row: Resource) -> bool:
    """Whether a resource outlives its stack's interest in it (DeletionPolicy)."""
    goes_with_its_operation = row.unless_new or not stack.retains_new
    is_taken_back = stack.status in (*GOING_BACK, StackStatus.ROLLBACK_IN_PROGRESS)
    if goes_with_its_operation and is_taken_back and row.born_of == stack.token:
        return False
    return row.retained


def _begun(stack: Stack, row: Resource | None, action: Begin, now: datetime) -> Resource:
    back = stack.status in GOING_BACK and stack.previous is not None
    version = stack.previous if back and stack.previous else stack.goal
    template = parse(version.template)
    declared = template.resources[action.logical_id]
    fresh: dict[str, Any] = {
        "type": declared["Type"],
        "depends": dependencies(template, action.logical_id),
        "retained": retained(declared),
        "unless_new": declared.get("DeletionPolicy") == "RetainExceptOnCreate",
        "wanted": action.properties,
        "called": False,
        "reason": "",
        "stale": False,
        "fail_after": None,
        "updated_at": now,
        "tags": stack.wanted_tags,
    }
    if row is None or not (row.exists and (row.physical_id or row.leftovers)):
        return Resource(
            account=stack.account,
            region=stack.region,
            stack=stack.id,
            logical_id=action.logical_id,
            status=R.CREATE_IN_PROGRESS,
            born_of=stack.token,
            **_identity(stack, action.logical_id),
            **fresh,
        )
    if not action.replace:
        before = row.wanted if row.status == R.UPDATE_FAILED else row.properties
        fresh["depends"] = sorted({*row.depends, *fresh["depends"]})
        return replace(row, status=R.UPDATE_IN_PROGRESS, properties=before, **fresh)
    keep = retained(declared, "UpdateReplacePolicy")
    left = [_leftover(row, keep)] if row.physical_id else []
    fresh["reason"] = "Requested update requires the creation of a new physical resource"
    return replace(
        row,
        status=R.UPDATE_IN_PROGRESS,
        physical_id="",
        attributes={},
        properties={},
        leftovers=[*row.leftovers, *left],
        **_identity(stack, action.logical_id),
        **fresh,
    )


def _restored(row: Resource, leftover: Leftover, now: datetime) -> Resource:
    left = [_leftover(row, keep=False)] if row.physical_id else []
    return replace(
        row,
        type=leftover.type,
        status=R.UPDATE_COMPLETE,
        physical_id=leftover.physical_id,
        attributes=leftover.attributes,
        properties=leftover.properties,
        wanted=leftover.properties,
        depends=leftover.depends,
        leftovers=[*row.leftovers[:-1], *left],
        reason="",
        updated_at=now,
    )


def _leftover(row: Resource, keep: bool) -> Leftover:
    properties = row.properties or row.wanted
    return Leftover(row.type, row.physical_id, row.attributes, properties, keep, row.depends)


def _identity(stack: Stack, logical_id: str) -> dict[str, Any]:
    return {"token": hex_id(32), "name": f"{stack.name}-{logical_id}-{upper_id(12)}"}
