"""How scalable targets are read back, to see what has drifted."""

from __future__ import annotations

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties


async def _target(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    resource, dimension, namespace = made.physical_id.split("|")
    answer = await aws.application_autoscaling.describe_scalable_targets(
        ServiceNamespace=namespace, ResourceIds=[resource], ScalableDimension=dimension
    )
    found = answer["ScalableTargets"]
    return dict(found[0]) if found else None


READS = {"AWS::ApplicationAutoScaling::ScalableTarget": _target}
