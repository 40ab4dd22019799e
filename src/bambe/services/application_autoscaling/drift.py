"""How scalable targets and their policies are read back, to see what has drifted."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties

MOMENTS = ("StartTime", "EndTime")


async def _target(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    resource, dimension, namespace = made.physical_id.split("|")
    answer = await aws.application_autoscaling.describe_scalable_targets(
        ServiceNamespace=namespace, ResourceIds=[resource], ScalableDimension=dimension
    )
    if not answer["ScalableTargets"]:
        return None
    actions = await aws.application_autoscaling.describe_scheduled_actions(
        ServiceNamespace=namespace, ResourceId=resource, ScalableDimension=dimension
    )
    said = {one["ScheduledActionName"]: one for one in expected.get("ScheduledActions") or ()}
    shown = [_action(one, said) for one in actions["ScheduledActions"]]
    return {**answer["ScalableTargets"][0], "ScheduledActions": shown}


def _action(shown: Properties, said: Properties) -> dict[str, Any]:
    """An action; its moments, of which there are many spellings, are not compared."""
    expected = said.get(shown["ScheduledActionName"], {})
    return {**shown, **{name: expected[name] for name in MOMENTS if name in expected}}


async def _policy(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    target = str(expected.get("ScalingTargetId") or "||")
    resource, _, namespace = target.split("|")
    answer = await aws.application_autoscaling.describe_scaling_policies(
        ServiceNamespace=namespace or expected["ServiceNamespace"],
        ResourceId=resource or expected["ResourceId"],
        PolicyNames=[expected["PolicyName"]],
    )
    found = answer["ScalingPolicies"]
    return dict(found[0]) if found else None


READS = {
    "AWS::ApplicationAutoScaling::ScalableTarget": _target,
    "AWS::ApplicationAutoScaling::ScalingPolicy": _policy,
}
