"""How ELBv2's resources are read back, to see what has drifted: a released rule shows its weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties


async def _balancer(aws: Aws, made: Made, expected: Properties) -> Properties:
    arn = made.physical_id
    found = (await aws.elbv2.describe_load_balancers(LoadBalancerArns=[arn]))["LoadBalancers"][0]
    said = (await aws.elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn))["Attributes"]
    return {
        **found,
        "Name": found["LoadBalancerName"],
        "Subnets": [one["SubnetId"] for one in found["AvailabilityZones"]],
        "LoadBalancerAttributes": _named(said, expected.get("LoadBalancerAttributes", ())),
    }


async def _listener(aws: Aws, made: Made, expected: Properties) -> Properties:
    answer = await aws.elbv2.describe_listeners(ListenerArns=[made.physical_id])
    return dict(answer["Listeners"][0])


async def _rule(aws: Aws, made: Made, expected: Properties) -> Properties:
    found = (await aws.elbv2.describe_rules(RuleArns=[made.physical_id]))["Rules"][0]
    return {**found, "ListenerArn": expected.get("ListenerArn", "")}


async def _group(aws: Aws, made: Made, expected: Properties) -> Properties:
    arn = made.physical_id
    found = (await aws.elbv2.describe_target_groups(TargetGroupArns=[arn]))["TargetGroups"][0]
    said = (await aws.elbv2.describe_target_group_attributes(TargetGroupArn=arn))["Attributes"]
    return {
        **found,
        "Name": found["TargetGroupName"],
        "TargetGroupAttributes": _named(said, expected.get("TargetGroupAttributes", ())),
    }


def _named(shown: Iterable[Mapping[str, Any]], expected: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Of all attributes those that the template names: it need not say them all."""
    names = {one["Key"] for one in expected}
    return [one for one in shown if one["Key"] in names]


READS = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _balancer,
    "AWS::ElasticLoadBalancingV2::Listener": _listener,
    "AWS::ElasticLoadBalancingV2::ListenerRule": _rule,
    "AWS::ElasticLoadBalancingV2::TargetGroup": _group,
}
