"""Shares of the traffic on a listener's rule: read, and set by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def shares_of(rule: Mapping[str, Any]) -> dict[str, float]:
    """Percent of the traffic by target group of a rule that forwards; empty for one that does not."""
    for action in rule.get("Actions", []):
        forward = action.get("ForwardConfig", {}).get("TargetGroups", [])
        total = sum(one.get("Weight", 1) for one in forward)
        if forward:
            return {
                one["TargetGroupArn"]: (100.0 * one.get("Weight", 1) / total if total else 0.0)
                for one in forward
            }
    return {}


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


def group_of(task_set: Mapping[str, Any]) -> str:
    """The ARN of a task set's target group; "" without one."""
    balancers = task_set.get("loadBalancers") or [{}]
    return str(balancers[0].get("targetGroupArn", ""))
