"""The stack of a service goes over from CodeDeploy to ECS on others, as far as they know its types."""

from __future__ import annotations

from typing import Any

from bambe.cli.stack_requests import KEEP
from bambe.project import parse
from bambe.synth.native import PRIMARY
from tests.elsewhere.judge import Judge
from tests.elsewhere.lacks import LACKS, SERVICE_CHANGES, WITHOUT_PAIRS, WITHOUT_WEIGHTS
from tests.elsewhere.projects import stacks
from tests.elsewhere.templates import Template, without
from tests.elsewhere.test_stacks import made_of, parameters, say

TEXT = """
project: over
release: {strategy: canary}
services:
  api: {path: api, port: 8080, route: "/api*"}
"""
BY_CODEDEPLOY, BY_ECS = parse(TEXT), parse(TEXT.replace("strategy:", "controller: ecs, strategy:"))
STACK = "over-api"
KEPT = ("BlueTargets", "GreenTargets", "Rule", "Service")


def known(judge: Judge, template: Any) -> Template:
    return without(template, set(LACKS[judge.name]), judge.stand_in)


def ids(judge: Judge) -> dict[str, str]:
    """What the service's stack made of KEPT, by logical id."""
    found = judge.cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    return {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for one in found
        if one["LogicalResourceId"] in KEPT
    }


def weights(judge: Judge, rule: str) -> dict[str, int]:
    """By target group."""
    (shown,) = judge.elbv2.describe_rules(RuleArns=[rule])["Rules"]
    groups = shown["Actions"][0].get("ForwardConfig", {}).get("TargetGroups", ())
    return {one["TargetGroupArn"]: int(one["Weight"]) for one in groups}


def test_a_service_goes_over_in_place(judge: Judge) -> None:
    for wanted in stacks(BY_CODEDEPLOY):
        given = parameters(judge, BY_CODEDEPLOY, wanted)
        assert judge.stacks.begin(wanted.name, known(judge, wanted.template), given)
        judge.stacks.finish([wanted.name], say)
    before = ids(judge)
    assert set(before) == set(KEPT)
    released = {before["BlueTargets"]: 0, before["GreenTargets"]: 100}
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in released.items()]
    forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    judge.elbv2.modify_rule(RuleArn=before["Rule"], Actions=[forward])
    assert weights(judge, before["Rule"]) == ({} if judge.name in WITHOUT_WEIGHTS else released)

    template = next(known(judge, one.template) for one in stacks(BY_ECS) if one.name == STACK)
    later: dict[str, Any] = {**given, "TaskDefinition": KEEP, PRIMARY: "green"}
    changes = {one.resource: one for one in judge.stacks.preview(STACK, template, later).changes}
    assert set(changes) == {"DeployRole", "Service", "ShiftRole"}
    assert changes["Service"].kind == SERVICE_CHANGES[judge.name]

    assert judge.stacks.begin(STACK, template, later)
    judge.stacks.finish([STACK], say)
    assert made_of(judge, STACK) == set(template["Resources"])
    assert ids(judge) == before
    assert weights(judge, before["Rule"]) == ({} if judge.name in WITHOUT_WEIGHTS else released)
    (shown,) = judge.ecs.describe_services(cluster="over", services=["api"])["services"]
    first = [one["targetGroupArn"] for one in shown["loadBalancers"]]
    assert first == ([] if judge.name in WITHOUT_PAIRS else [before["GreenTargets"]])
