"""AWS::ApplicationAutoScaling::ScalableTarget, with its scheduled actions, and ScalingPolicy."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceType, Wish

IDENTITY = ("ResourceId", "ScalableDimension", "ServiceNamespace")
REPLACES = frozenset(IDENTITY)


async def _put(aws: Aws, wish: Wish, old: Properties | None = None) -> Made:
    """Actions that are as they were are left alone: a moment that is over is not to be said again."""
    said = wish.properties
    named = {key: said[key] for key in IDENTITY}
    optional = {key: said[key] for key in ("RoleARN", "SuspendedState") if key in said}
    answer = await aws.application_autoscaling.register_scalable_target(
        **named, **optional, MinCapacity=int(said["MinCapacity"]), MaxCapacity=int(said["MaxCapacity"])
    )
    wanted = said.get("ScheduledActions") or ()
    before = (old or {}).get("ScheduledActions") or ()
    for action in (one for one in wanted if one not in before):
        await aws.application_autoscaling.put_scheduled_action(**named, **_action(action))
    kept = {action["ScheduledActionName"] for action in wanted}
    known = await aws.application_autoscaling.describe_scheduled_actions(
        ServiceNamespace=named["ServiceNamespace"], ResourceId=named["ResourceId"]
    )
    for old in known["ScheduledActions"]:
        if old["ScheduledActionName"] not in kept:
            await aws.application_autoscaling.delete_scheduled_action(
                **named, ScheduledActionName=old["ScheduledActionName"]
            )
    return Made("|".join(str(named[key]) for key in IDENTITY), {"Id": answer["ScalableTargetARN"]})


def _action(said: Properties) -> dict[str, Any]:
    limits = said.get("ScalableTargetAction") or {}
    return {**said, "ScalableTargetAction": {key: int(value) for key, value in limits.items()}}


async def _update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    return await _put(aws, wish, old)


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    named = dict(zip(IDENTITY, made.physical_id.split("|"), strict=True))
    try:
        await aws.application_autoscaling.deregister_scalable_target(**named)
    except AwsError as error:
        if error.wire_code() != "ObjectNotFoundException":
            raise


TRACKING, STEPS = "TargetTrackingScalingPolicyConfiguration", "StepScalingPolicyConfiguration"
NUMBERS = frozenset(
    {
        "Cooldown", "MetricIntervalLowerBound", "MetricIntervalUpperBound", "MinAdjustmentMagnitude",
        "ScaleInCooldown", "ScaleOutCooldown", "ScalingAdjustment", "TargetValue",
    }
)  # fmt: skip
WHOLE = NUMBERS - {"MetricIntervalLowerBound", "MetricIntervalUpperBound", "TargetValue"}


async def _put_policy(aws: Aws, wish: Wish) -> Made:
    said = wish.properties
    answer = await aws.application_autoscaling.put_scaling_policy(
        **_identity(said),
        PolicyName=said["PolicyName"],
        PolicyType=said["PolicyType"],
        **{key: _typed(key, said[key]) for key in (TRACKING, STEPS) if key in said},
    )
    return Made(answer["PolicyARN"], {"Arn": answer["PolicyARN"]})


async def _update_policy(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    return await _put_policy(aws, wish)


async def _delete_policy(aws: Aws, made: Made, properties: Properties) -> None:
    request = {**_identity(properties), "PolicyName": properties["PolicyName"]}
    try:
        await aws.application_autoscaling.delete_scaling_policy(**request)
    except AwsError as error:
        if error.wire_code() != "ObjectNotFoundException":
            raise


def _identity(said: Properties) -> dict[str, str]:
    """What is scaled: named by the target's own Ref, or by its three parts."""
    if said.get("ScalingTargetId"):
        return dict(zip(IDENTITY, said["ScalingTargetId"].split("|"), strict=True))
    return {key: str(said[key]) for key in IDENTITY}


def _typed(key: str, value: Any) -> Any:
    """Template values as the API wants them: numbers and booleans may have been written as text."""
    if isinstance(value, dict):
        return {inner: _typed(inner, one) for inner, one in value.items()}
    if isinstance(value, list):
        return [_typed(key, one) for one in value]
    if key == "DisableScaleIn":
        return str(value).lower() == "true"
    if key in NUMBERS:
        return int(value) if key in WHOLE else float(value)
    return value


NAMED = REPLACES | {"PolicyName", "ScalingTargetId"}
RESOURCES = (
    ResourceType(
        name="AWS::ApplicationAutoScaling::ScalingPolicy",
        properties=NAMED | {"PolicyType", TRACKING, STEPS},
        required=frozenset({"PolicyName", "PolicyType"}),
        within=frozenset({"ScalingTargetId", "ResourceId", "ServiceNamespace", "ScalableDimension"}),
        replaces=NAMED | {"PolicyType"},
        create=_put_policy,
        update=_update_policy,
        delete=_delete_policy,
    ),
    ResourceType(
        name="AWS::ApplicationAutoScaling::ScalableTarget",
        properties=REPLACES | {"MaxCapacity", "MinCapacity", "RoleARN", "ScheduledActions", "SuspendedState"},
        replaces=REPLACES,
        create=_put,
        update=_update,
        delete=_delete,
    ),
)
