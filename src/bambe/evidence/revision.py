"""What a release leaves running at the load balancer, enough to bring it back later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bambe.kernel.call import Aws

HEALTH = (
    "HealthCheckProtocol",
    "HealthCheckPort",
    "HealthCheckPath",
    "HealthCheckIntervalSeconds",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
    "Matcher",
)


def routes(rules: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rules as DescribeRules shows them, without what others change; a default rule has no route."""
    return [
        {"rule": rule["RuleArn"], "priority": rule["Priority"], "conditions": rule["Conditions"]}
        for rule in rules
        if not rule.get("IsDefault")
    ]


async def health(aws: Aws, group: str) -> dict[str, Any]:
    """The health check of a target group; empty without a group."""
    if not group:
        return {}
    (found,) = (await aws.elbv2.describe_target_groups(TargetGroupArns=[group]))["TargetGroups"]
    return {key: found[key] for key in HEALTH if key in found}
