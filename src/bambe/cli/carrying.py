"""What releases own of a service's stack, as it is live: carried in before an update, so that none of them is
taken back and no traffic moves, whether the update ends well or CloudFormation takes it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bambe.cli.definitions import is_by_ecs, live_services
from bambe.cli.target import Target
from bambe.synth.service import WEIGHTS

RULE, GROUPS = "Rule", ("BlueTargets", "GreenTargets")
SERVICE = "Service"
Stack = Mapping[str, Any]


def live(target: Target, service: str, stack: Stack) -> dict[str, str]:
    """Values of the stack's parameters as its resources are now: the weights of its rule; the task definition
    of what ECS releases. CodeDeploy's task definition stays as the stack has it, since AWS lets no update
    of a stack name one (UpdateService: "Use AWS CodeDeploy to trigger a new deployment")."""
    ids = _ids(target.client("cloudformation"), str(stack["StackName"]))
    return {**_weights(target, ids), **_task_definition(target, service)}


def differing(stack: Stack, wanted: Mapping[str, str]) -> dict[str, str]:
    """Those of `wanted` for which the stack has a parameter with another value."""
    now = {one["ParameterKey"]: one.get("ParameterValue") for one in stack.get("Parameters", ())}
    return {key: value for key, value in wanted.items() if key in now and now[key] != value}


def lacking(stack: Stack, wanted: Mapping[str, str]) -> dict[str, str]:
    """Those of `wanted` that a stack of an earlier template has no parameter for."""
    now = {one["ParameterKey"] for one in stack.get("Parameters", ())}
    return {key: value for key, value in wanted.items() if key not in now}


def _ids(cloudformation: Any, stack: str) -> dict[str, str]:
    found = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    return {one["LogicalResourceId"]: str(one.get("PhysicalResourceId", "")) for one in found}


def _weights(target: Target, ids: Mapping[str, str]) -> dict[str, str]:
    if RULE not in ids or GROUPS[1] not in ids:
        return {}
    (rule,) = target.client("elbv2").describe_rules(RuleArns=[ids[RULE]])["Rules"]
    shares = {
        one["TargetGroupArn"]: one.get("Weight", 1)
        for action in rule["Actions"]
        for one in action.get("ForwardConfig", {}).get("TargetGroups", ())
    }
    return {name: str(shares.get(ids[group], 0)) for name, group in zip(WEIGHTS, GROUPS, strict=True)}


def _task_definition(target: Target, service: str) -> dict[str, str]:
    shown = _shown(target, service)
    return {"TaskDefinition": str(shown["taskDefinition"])} if shown and is_by_ecs(shown) else {}


def taken_over(target: Target, service: str) -> dict[str, str]:
    """The task definition that runs, where an update has ECS take a service over from CodeDeploy: from then
    on the stack's would be brought in. It cannot be carried in before."""
    shown = _shown(target, service)
    if target.project.has_codedeploy(service) or not shown or is_by_ecs(shown):
        return {}
    primary = [one for one in shown.get("taskSets", ()) if one["status"] == "PRIMARY"]
    return {"TaskDefinition": str(primary[0]["taskDefinition"])} if primary else {}


def _shown(target: Target, service: str) -> Mapping[str, Any]:
    return next(iter(live_services(target, [service])), {})
