"""Looking at what has drifted from a stack's template, and what was found."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import ValidationError
from bambe.kernel.ids import uuid_id
from bambe.kernel.pages import page
from bambe.services import resource_types
from bambe.services.cloudformation.detecting import BEGUN, seen
from bambe.services.cloudformation.drift import NOT_CHECKED
from bambe.services.cloudformation.lookup import get_stack
from bambe.services.cloudformation.masking import masked, secrets, without
from bambe.services.cloudformation.model import Detection, Drift, Resource, Stack, StackStatus
from bambe.services.cloudformation.shapes import without_empty
from bambe.services.cloudformation.tables import DETECTIONS, DRIFTS, RESOURCES, STACKS, resources_of

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import (
        DescribeStackDriftDetectionStatusInputTypeDef,
        DescribeStackResourceDriftsInputTypeDef,
        DetectStackDriftInputTypeDef,
        DetectStackResourceDriftInputTypeDef,
    )

S = StackStatus
AT_REST = (
    S.CREATE_COMPLETE,
    S.UPDATE_COMPLETE,
    S.UPDATE_FAILED,
    S.UPDATE_ROLLBACK_COMPLETE,
    S.UPDATE_ROLLBACK_FAILED,
)
PAGE = 100


async def detect_stack_drift(call: Call, request: DetectStackDriftInputTypeDef) -> Answer:
    only = request.get("LogicalResourceIds")

    def begin(tx: Tx) -> Detection:
        stack = _at_rest(get_stack(tx, call, request["StackName"]))
        running = DETECTIONS.list(tx, account=stack.account, region=stack.region, status=BEGUN)
        if any(one.stack == stack.id for one in running):
            raise ValidationError(f"Drift detection is already in progress for stack [{stack.arn}]")
        names = [row.logical_id for row in resources_of(tx, stack) if row.exists]
        _forget_others(tx, stack, names)
        detection = Detection(
            account=stack.account,
            region=stack.region,
            id=uuid_id(),
            stack=stack.id,
            status=BEGUN,
            begun_at=call.clock.now(),
            pending=[name for name in names if only is None or name in only],
        )
        DETECTIONS.insert(tx, detection)
        return detection

    return {"StackDriftDetectionId": (await call.store.write(begin)).id}


def _forget_others(tx: Tx, stack: Stack, names: Collection[str]) -> None:
    """What was seen of resources that the stack no longer has."""
    for one in DRIFTS.list(tx, account=stack.account, region=stack.region, stack=stack.id):
        if one.logical_id not in names:
            DRIFTS.delete(tx, *DRIFTS.key_of(one))


async def describe_stack_drift_detection_status(
    call: Call, request: DescribeStackDriftDetectionStatusInputTypeDef
) -> Answer:
    id = request["StackDriftDetectionId"]

    def read(tx: Tx) -> tuple[Detection | None, str]:
        found = DETECTIONS.find(tx, call.account, call.region, id)
        return found, STACKS.get(tx, call.account, call.region, found.stack).arn if found else ""

    detection, arn = await call.store.read(read)
    if detection is None:
        raise ValidationError(f"Drift detection with id {id} does not exist")
    return without_empty(
        {
            "StackId": arn,
            "StackDriftDetectionId": detection.id,
            "StackDriftStatus": detection.found,
            "DetectionStatus": detection.status,
            "DetectionStatusReason": detection.reason,
            "DriftedStackResourceCount": detection.drifted,
            "Timestamp": detection.begun_at,
        }
    )


async def describe_stack_resource_drifts(
    call: Call, request: DescribeStackResourceDriftsInputTypeDef
) -> Answer:
    wanted = set(request.get("StackResourceDriftStatusFilters", ()))

    def read(tx: Tx) -> tuple[Stack, list[Drift]]:
        stack = get_stack(tx, call, request["StackName"])
        return stack, DRIFTS.list(tx, account=stack.account, region=stack.region, stack=stack.id)

    stack, found = await call.store.read(read)
    shown = [
        _shape(stack, one)
        for one in found
        if one.status != NOT_CHECKED and (not wanted or one.status in wanted)
    ]
    try:
        part, token = page(shown, request.get("NextToken"), request.get("MaxResults") or PAGE)
    except ValueError:
        raise ValidationError("Invalid NextToken") from None
    return {"StackResourceDrifts": part, **({"NextToken": token} if token else {})}


async def detect_stack_resource_drift(call: Call, request: DetectStackResourceDriftInputTypeDef) -> Answer:
    name = request["LogicalResourceId"]

    def read(tx: Tx) -> tuple[Stack, Resource]:
        stack = _at_rest(get_stack(tx, call, request["StackName"]))
        row = RESOURCES.find(tx, stack.account, stack.region, stack.id, name)
        if row is None or not row.exists:
            raise ValidationError(f"Resource {name} does not exist for stack {stack.name}")
        return stack, row

    stack, row = await call.store.read(read)
    declared = resource_types().get(row.type)
    if declared is None or declared.read is None:
        raise ValidationError(f"Drift detection is not supported for resource type {row.type}")
    found = await seen(call.aws, row, declared, call.clock.now())
    await call.store.write(lambda tx: DRIFTS.put(tx, found))
    return {"StackResourceDrift": _shape(stack, found)}


def _at_rest(stack: Stack) -> Stack:
    if stack.status not in AT_REST:
        raise ValidationError(f"Drift detection cannot be performed on a stack in {stack.status} state")
    return stack


def _shape(stack: Stack, one: Drift) -> Answer:
    hidden = secrets(stack.goal)
    return without_empty(
        {
            "StackId": stack.arn,
            "LogicalResourceId": one.logical_id,
            "PhysicalResourceId": one.physical_id,
            "ResourceType": one.type,
            "ExpectedProperties": masked(one.expected, hidden),
            "ActualProperties": masked(one.actual, hidden),
            "PropertyDifferences": without(one.differences, hidden),
            "StackResourceDriftStatus": one.status,
            "Timestamp": one.at,
        }
    )
