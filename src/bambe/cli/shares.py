"""Shares of the traffic, set on a listener's rule by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def give(elbv2: Any, rule: Mapping[str, Any], weights: Mapping[str, int]) -> None:
    """Give target groups (by ARN) these weights on `rule`; other target groups and settings of it stay."""
    actions = [_weighed(action, weights) for action in rule["Actions"]]
    if rule.get("IsDefault"):
        listener = str(rule["RuleArn"]).rpartition("/")[0].replace(":listener-rule/", ":listener/")
        elbv2.modify_listener(ListenerArn=listener, DefaultActions=actions)
    else:
        elbv2.modify_rule(RuleArn=rule["RuleArn"], Actions=actions)


def _weighed(action: Mapping[str, Any], weights: Mapping[str, int]) -> dict[str, Any]:
    if "ForwardConfig" not in action:
        return dict(action)
    groups = [
        {**one, "Weight": weights.get(one["TargetGroupArn"], one.get("Weight", 1))}
        for one in action["ForwardConfig"]["TargetGroups"]
    ]
    kept = {key: value for key, value in action.items() if key != "TargetGroupArn"}
    return {**kept, "ForwardConfig": {**action["ForwardConfig"], "TargetGroups": groups}}
