"""The tables of CloudFormation, and writing a status together with its event."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from bambe.kernel.call import Tx
from bambe.kernel.ids import uuid_id
from bambe.kernel.moves import check_move
from bambe.services.cloudformation.masking import masked, secrets
from bambe.services.cloudformation.model import (
    MOVES,
    ChangeSet,
    Detection,
    Drift,
    Event,
    Resource,
    Stack,
    StackStatus,
)
from bambe.store import Migration, Table

STACKS = Table("cloudformation_stacks", Stack, ("account", "region", "id"), ("name", "status"))
RESOURCES = Table("cloudformation_resources", Resource, ("account", "region", "stack", "logical_id"))
EVENTS = Table("cloudformation_events", Event, ("account", "region", "stack", "number"))
CHANGE_SETS = Table("cloudformation_change_sets", ChangeSet, ("account", "region", "stack", "name"))
DETECTIONS = Table("cloudformation_detections", Detection, ("account", "region", "id"), ("status",))
DRIFTS = Table("cloudformation_drifts", Drift, ("account", "region", "stack", "logical_id"))
STACK_TYPE = "AWS::CloudFormation::Stack"


def _tables(tx: Tx) -> None:
    for table in (STACKS, RESOURCES, EVENTS, CHANGE_SETS):
        table.create(tx)


def _drift_tables(tx: Tx) -> None:
    DETECTIONS.create(tx)
    DRIFTS.create(tx)


MIGRATIONS = (
    Migration("cloudformation/0001_tables", _tables),
    Migration("cloudformation/0002_drift", _drift_tables),
)


def delete_detection(tx: Tx, row: Detection) -> None:
    """Forget a look; what it found stays with the resources."""
    DETECTIONS.delete(tx, *DETECTIONS.key_of(row))


def find_stack(tx: Tx, account: str, region: str, name: str) -> Stack | None:
    """A live stack by name, or any by ARN."""
    if name.startswith("arn:"):
        return STACKS.find(tx, account, region, name.rsplit("/", 1)[-1])
    stacks = STACKS.list(tx, account=account, region=region, name=name)
    return next((one for one in stacks if one.status != StackStatus.DELETE_COMPLETE), None)


def resources_of(tx: Tx, stack: Stack) -> list[Resource]:
    """All resources of a stack, deleted ones too."""
    return RESOURCES.list(tx, account=stack.account, region=stack.region, stack=stack.id)


def exports(tx: Tx, account: str, region: str) -> dict[str, tuple[str, str]]:
    """Exported values of all live stacks: name -> (value, stack's ARN)."""
    found: dict[str, tuple[str, str]] = {}
    for stack in STACKS.list(tx, account=account, region=region):
        if stack.status != StackStatus.DELETE_COMPLETE:
            found |= {one.export: (one.value, stack.arn) for one in stack.outputs if one.export}
    return found


def importers(tx: Tx, account: str, region: str, export: str) -> list[str]:
    """Names of the live stacks that import `export`."""
    stacks = STACKS.list(tx, account=account, region=region)
    return [one.name for one in stacks if export in one.imports and one.status != StackStatus.DELETE_COMPLETE]


def move_stack(tx: Tx, stack: Stack, to: StackStatus, now: datetime, reason: str = "") -> Stack:
    """Change a stack's status with its event; the same status again changes nothing."""
    if not check_move(MOVES, stack.status, to):
        return stack
    moved = replace(stack, status=to, reason=reason, events=stack.events + 1)
    STACKS.update(tx, moved)
    _tell(tx, moved, stack.name, stack.arn, STACK_TYPE, now, to.value, reason)
    return moved


def tell_stack(tx: Tx, stack: Stack, now: datetime, reason: str) -> Stack:
    """The event of a stack's beginning, whose row was just written."""
    told = replace(stack, events=stack.events + 1)
    STACKS.update(tx, told)
    _tell(tx, told, stack.name, stack.arn, STACK_TYPE, now, stack.status.value, reason)
    return told


def put_resource(tx: Tx, resource: Resource) -> None:
    """Write a resource's row; with an event where its status or reason changed."""
    key = (resource.account, resource.region, resource.stack, resource.logical_id)
    was = RESOURCES.find(tx, *key)
    if was == resource:
        return
    RESOURCES.put(tx, resource)
    if was is not None and (was.status, was.reason, was.physical_id) == (
        resource.status,
        resource.reason,
        resource.physical_id,
    ):
        return
    stack = STACKS.get(tx, resource.account, resource.region, resource.stack)
    stack = replace(stack, events=stack.events + 1)
    STACKS.update(tx, stack)
    _tell(
        tx,
        stack,
        resource.logical_id,
        resource.physical_id,
        resource.type,
        resource.updated_at,
        resource.status.value,
        resource.reason,
        _shown(stack, resource.wanted or resource.properties),
    )


def _shown(stack: Stack, properties: dict[str, Any]) -> str:
    """Properties as events show them, without what NoEcho parameters hide."""
    return masked(json.dumps(properties), secrets(stack.goal))


def _tell(
    tx: Tx,
    stack: Stack,
    logical_id: str,
    physical_id: str,
    kind: str,
    now: datetime,
    status: str,
    reason: str,
    properties: str = "",
) -> None:
    EVENTS.insert(
        tx,
        Event(
            account=stack.account,
            region=stack.region,
            stack=stack.id,
            number=stack.events,
            id=uuid_id(),
            logical_id=logical_id,
            physical_id=physical_id,
            type=kind,
            at=now,
            status=status,
            reason=reason,
            properties=properties,
            token=stack.token,
        ),
    )
