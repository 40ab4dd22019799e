"""Which share of the traffic revisions have of a service that ECS releases, while none is being released."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bambe.cli.shares import shares_of


def shares_of_revisions(ecs: Any, elbv2: Any, service: Mapping[str, Any]) -> dict[str, float]:
    """Percent by task definition, as the production rules have it. A deployment that was stopped where it was
    leaves two revisions there."""
    arns = [one["arn"] for one in service.get("currentServiceRevisions", ())]
    if not arns:
        return {}
    found: dict[str, float] = {}
    for revision in ecs.describe_service_revisions(serviceRevisionArns=arns)["serviceRevisions"]:
        for one in revision.get("resolvedConfiguration", {}).get("loadBalancers", ()):
            rule = one.get("productionListenerRule")
            if rule:
                (shown,) = elbv2.describe_rules(RuleArns=[rule])["Rules"]
                found[revision["taskDefinition"]] = shares_of(shown).get(one["targetGroupArn"], 0.0)
    return found
