"""Scalable targets: register, describe, deregister, and what was done to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import AwsError
from bambe.kernel.ids import hex_id
from bambe.services.application_autoscaling import checks, shapes
from bambe.services.application_autoscaling.alarms import remove_alarms
from bambe.services.application_autoscaling.errors import ValidationException
from bambe.services.application_autoscaling.model import Policy, Target
from bambe.services.application_autoscaling.tables import (
    ACTIONS,
    POLICIES,
    TARGETS,
    actions_of,
    activities_of,
    policies_of,
)

if TYPE_CHECKING:
    from types_boto3_application_autoscaling.type_defs import (
        DeregisterScalableTargetRequestTypeDef,
        DescribeScalableTargetsRequestTypeDef,
        DescribeScalingActivitiesRequestTypeDef,
        RegisterScalableTargetRequestTypeDef,
    )

LINKED = (
    "aws-service-role/ecs.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_ECSService"
)


async def register_scalable_target(call: Call, request: RegisterScalableTargetRequestTypeDef) -> Answer:
    said = checks.resource(request)
    await _check_service(call, said)

    def register(tx: Tx) -> Target:
        known = TARGETS.find(tx, call.account, call.region, said)
        least = request.get("MinCapacity", known.least if known else None)
        most = request.get("MaxCapacity", known.most if known else None)
        if least is None or most is None:
            raise ValidationException("MinCapacity and MaxCapacity are required for a new scalable target.")
        checks.limits(least, most)
        row = known or Target(
            account=call.account, region=call.region, resource=said, id=hex_id(24), least=least, most=most,
            role=f"arn:aws:iam::{call.account}:role/{LINKED}", created=call.clock.now(),
            tags=dict(request.get("Tags") or {}),
        )  # fmt: skip
        asked = request.get("SuspendedState") or {}
        suspended = row.suspended | {name: bool(value) for name, value in asked.items()}
        row = replace(row, least=least, most=most, suspended=suspended)
        TARGETS.put(tx, row)
        return row

    return {"ScalableTargetARN": (await call.store.write(register)).arn}


async def describe_scalable_targets(call: Call, request: DescribeScalableTargetsRequestTypeDef) -> Answer:
    wanted = request.get("ResourceIds")

    def rows(tx: Tx) -> list[Target]:
        return TARGETS.list(tx, account=call.account, region=call.region)

    found = await call.store.read(rows) if request["ServiceNamespace"] == checks.NAMESPACE else []
    shown = [shapes.target(row) for row in found if not wanted or row.resource in wanted]
    return shapes.paged("ScalableTargets", shown, request)


async def deregister_scalable_target(call: Call, request: DeregisterScalableTargetRequestTypeDef) -> Answer:
    said = checks.resource(request)

    def deregister(tx: Tx) -> list[Policy]:
        row = checks.target(tx, call, said)
        policies = policies_of(tx, row)
        for policy in policies:
            POLICIES.delete(tx, *POLICIES.key_of(policy))
        for action in actions_of(tx, row):
            ACTIONS.delete(tx, *ACTIONS.key_of(action))
        TARGETS.delete(tx, *TARGETS.key_of(row))
        return policies

    for policy in await call.store.write(deregister):
        await remove_alarms(call.aws, policy)
    return {}


async def describe_scaling_activities(call: Call, request: DescribeScalingActivitiesRequestTypeDef) -> Answer:
    said = request.get("ResourceId")

    def rows(tx: Tx) -> list[Answer]:
        targets = TARGETS.list(tx, account=call.account, region=call.region)
        wanted = [said] if said else [row.resource for row in targets]
        every = [row for one in wanted for row in activities_of(tx, call.account, call.region, one)]
        return [shapes.activity(row) for row in sorted(every, key=lambda row: row.started, reverse=True)]

    found = await call.store.read(rows) if request["ServiceNamespace"] == checks.NAMESPACE else []
    return shapes.paged("ScalingActivities", found, request)


async def _check_service(call: Call, said: str) -> None:
    _, cluster, name = said.split("/")
    try:
        answer = await call.aws.ecs.describe_services(cluster=cluster, services=[name])
    except AwsError as error:
        if error.fault == "server":
            raise
        answer = {"services": []}
    if not any(one["status"] == "ACTIVE" for one in answer["services"]):
        raise ValidationException(f"ECS service doesn't exist: {said}")
