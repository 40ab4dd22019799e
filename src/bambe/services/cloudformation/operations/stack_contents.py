"""Looking into a stack: its events and its resources."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import ValidationError
from bambe.kernel.pages import page
from bambe.services.cloudformation.lookup import get_stack
from bambe.services.cloudformation.model import Drift, Event, Resource, Stack
from bambe.services.cloudformation.shapes import event_shape, resource_shape
from bambe.services.cloudformation.tables import DRIFTS, EVENTS, RESOURCES, STACKS, resources_of
from bambe.services.cloudformation.template import parse

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import (
        DescribeStackEventsInputTypeDef,
        DescribeStackResourceInputTypeDef,
        DescribeStackResourcesInputTypeDef,
        ListStackResourcesInputTypeDef,
    )

PAGE = 100


async def describe_stack_events(call: Call, request: DescribeStackEventsInputTypeDef) -> Answer:
    def read(tx: Tx) -> tuple[Stack, list[Event]]:
        stack = get_stack(tx, call, request["StackName"])
        return stack, EVENTS.list(tx, account=stack.account, region=stack.region, stack=stack.id)

    stack, events = await call.store.read(read)
    shown = [event_shape(stack, one) for one in reversed(events)]
    part, token = _paged(shown, request.get("NextToken"))
    return {"StackEvents": part, **({"NextToken": token} if token else {})}


async def describe_stack_resource(call: Call, request: DescribeStackResourceInputTypeDef) -> Answer:
    wanted = request["LogicalResourceId"]
    stack, rows, drifts = await _resources(call, request["StackName"])
    for row in rows:
        if row.logical_id == wanted:
            shape = resource_shape(stack, row, "LastUpdatedTimestamp", drifts.get(wanted))
            return {"StackResourceDetail": {**shape, **_metadata(stack, wanted)}}
    raise ValidationError(f"Resource {wanted} does not exist for stack {stack.name}")


async def describe_stack_resources(call: Call, request: DescribeStackResourcesInputTypeDef) -> Answer:
    name, physical = request.get("StackName"), request.get("PhysicalResourceId")
    if name is not None and physical is not None:
        raise ValidationError("Both StackName and PhysicalResourceId cannot be specified")
    if physical is not None:
        name = (await call.store.read(lambda tx: _owner(tx, call, physical))).arn
    if name is None:
        raise ValidationError("Either StackName or PhysicalResourceId must be specified")
    stack, rows, drifts = await _resources(call, name)
    wanted = request.get("LogicalResourceId")
    chosen = [row for row in rows if wanted in (None, row.logical_id)]
    return {
        "StackResources": [resource_shape(stack, row, drift=drifts.get(row.logical_id)) for row in chosen]
    }


async def list_stack_resources(call: Call, request: ListStackResourcesInputTypeDef) -> Answer:
    stack, rows, drifts = await _resources(call, request["StackName"])
    shown = []
    for row in rows:
        shape = resource_shape(stack, row, "LastUpdatedTimestamp", drifts.get(row.logical_id))
        shown.append({key: value for key, value in shape.items() if key not in ("StackName", "StackId")})
    part, token = _paged(shown, request.get("NextToken"))
    return {"StackResourceSummaries": part, **({"NextToken": token} if token else {})}


def _owner(tx: Tx, call: Call, physical_id: str) -> Stack:
    """The stack that has a resource of this physical id."""
    for row in RESOURCES.list(tx, account=call.account, region=call.region):
        if row.physical_id == physical_id and row.exists:
            return STACKS.get(tx, row.account, row.region, row.stack)
    raise ValidationError(f"Stack for {physical_id} does not exist")


def _metadata(stack: Stack, logical_id: str) -> Answer:
    said = parse(stack.goal.template).resources.get(logical_id, {}).get("Metadata")
    return {} if said is None else {"Metadata": json.dumps(said)}


async def _resources(call: Call, name: str) -> tuple[Stack, list[Resource], dict[str, Drift]]:
    def read(tx: Tx) -> tuple[Stack, list[Resource], dict[str, Drift]]:
        stack = get_stack(tx, call, name)
        drifts = DRIFTS.list(tx, account=stack.account, region=stack.region, stack=stack.id)
        return stack, resources_of(tx, stack), {one.logical_id: one for one in drifts}

    return await call.store.read(read)


def _paged(items: list[Answer], token: str | None) -> tuple[list[Answer], str | None]:
    try:
        return page(items, token, PAGE)
    except ValueError:
        raise ValidationError("Invalid NextToken") from None
