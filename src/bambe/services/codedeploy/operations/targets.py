"""The one target of a deployment on ECS: `<cluster>:<service>`, its events and task sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call
from bambe.kernel.errors import AwsError
from bambe.services.codedeploy import lookups, shapes
from bambe.services.codedeploy.deployment import Deployment
from bambe.services.codedeploy.errors import DeploymentTargetDoesNotExistException
from bambe.services.codedeploy.observe import find_service

if TYPE_CHECKING:
    from types_boto3_codedeploy.type_defs import (
        BatchGetDeploymentTargetsInputTypeDef,
        GetDeploymentTargetInputTypeDef,
        ListDeploymentTargetsInputTypeDef,
    )


async def list_deployment_targets(call: Call, request: ListDeploymentTargetsInputTypeDef) -> Answer:
    row = await call.store.read(lambda tx: lookups.deployment(tx, call, request["deploymentId"]))
    wanted = (request.get("targetFilters") or {}).get("TargetStatus")
    matches = not wanted or shapes.target_status(row) in wanted
    return {"targetIds": [shapes.target_id(row)] if matches else []}


async def get_deployment_target(call: Call, request: GetDeploymentTargetInputTypeDef) -> Answer:
    row = await call.store.read(lambda tx: lookups.deployment(tx, call, request["deploymentId"]))
    return {"deploymentTarget": await _target(call, row, request["targetId"])}


async def batch_get_deployment_targets(call: Call, request: BatchGetDeploymentTargetsInputTypeDef) -> Answer:
    row = await call.store.read(lambda tx: lookups.deployment(tx, call, request["deploymentId"]))
    return {"deploymentTargets": [await _target(call, row, target) for target in request["targetIds"]]}


async def _target(call: Call, row: Deployment, target: str) -> Answer:
    if target != shapes.target_id(row):
        raise DeploymentTargetDoesNotExistException(row.id, target)
    return shapes.target(row, await _task_sets(call, row), await _names(call, row))


async def _task_sets(call: Call, row: Deployment) -> list[Any]:
    try:
        service, _ = await find_service(call.aws, row.plan.cluster, row.plan.service)
    except AwsError:
        return []
    return list(service.get("taskSets", []))


async def _names(call: Call, row: Deployment) -> dict[str, str]:
    try:
        answer = await call.aws.elbv2.describe_target_groups(Names=list(row.plan.pair))
    except AwsError:
        return {}
    return {group["TargetGroupArn"]: group["TargetGroupName"] for group in answer["TargetGroups"]}
