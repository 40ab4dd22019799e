"""AWS::ApplicationAutoScaling::ScalableTarget, with its scheduled actions."""

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


RESOURCES = (
    ResourceType(
        name="AWS::ApplicationAutoScaling::ScalableTarget",
        properties=REPLACES | {"MaxCapacity", "MinCapacity", "RoleARN", "ScheduledActions", "SuspendedState"},
        replaces=REPLACES,
        create=_put,
        update=_update,
        delete=_delete,
    ),
)
