"""Every role: actions that IAM knows, on resources that they take, no wider than need be, and its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bambe.project import Project
from bambe.synth import Stack, stacks
from bambe.synth.limits import POLICY_CHARACTERS, policy_size
from tests.judges import iam
from tests.judges.iam import Right
from tests.judges.matrix import many, projects
from tests.unit.synth import projects as random

WIDER = {
    # IAM has no narrower resource of tasks that are listed: the cluster is a condition.
    "ecs:ListTasks": "ecs:cluster",
    # Metrics have no ARN: the namespace is a condition.
    "cloudwatch:PutMetricData": "cloudwatch:namespace",
    # Composite alarms are described to those only who may describe all (CloudWatch API: DescribeAlarms).
    "cloudwatch:DescribeAlarms": "",
}
"""Actions on "*" though IAM knows resources of them, and the condition that they have instead."""


def every_right(made: tuple[Stack, ...]) -> Iterator[Right]:
    exports = {name: value for stack in made for name, value in _exports(stack)}
    for stack in made:

        def arn(said: Any, template: Mapping[str, Any] = stack.template) -> str:
            return _arn(said, template, exports)

        for one in stack.template["Resources"].values():
            for policy in one["Properties"].get("Policies", ()) if one["Type"] == "AWS::IAM::Role" else ():
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield from iam.rights(one["Properties"]["RoleName"], statement, arn)


def _exports(stack: Stack) -> Iterator[tuple[str, tuple[Any, Mapping[str, Any]]]]:
    for output in stack.template.get("Outputs", {}).values():
        if "Export" in output:
            yield output["Export"]["Name"], (output["Value"], stack.template)


def _arn(said: Any, template: Mapping[str, Any], exports: Mapping[str, Any]) -> str:
    if isinstance(said, str):
        return said
    ((function, value),) = said.items()
    if function == "Fn::Sub":
        return iam.filled(value)
    if function == "Fn::ImportValue":
        return _arn(*exports[value], exports)
    logical, attribute = value if function == "Fn::GetAtt" else (value, "Ref")
    return iam.ARNS[template["Resources"][logical]["Type"], attribute]


def problem(right: Right) -> str:
    """What is wrong with a right; ""."""
    try:
        _, patterns = iam.known(right.action)
    except KeyError:
        return f"IAM knows no action {right.action}"
    for key in right.conditions:
        if not iam.knows_condition(right.action, key):
            return f"{key} means nothing for {right.action}"
    if not patterns:
        return "" if right.resources == ("*",) else f"{right.action} has no resources, so allows nothing"
    if right.resources == ("*",):
        wanted = WIDER.get(right.action)
        return "" if wanted == "" or wanted in right.conditions else f"{right.action} on *"
    for one in right.resources:
        if not any(pattern.match(one) for pattern in patterns):
            return f"{right.action} takes no {one}"
    return ""


@pytest.mark.parametrize("name", projects())
def test_every_right_is_one_that_iam_has_and_no_wider(name: str) -> None:
    found = list(every_right(stacks(projects()[name])))
    assert len(found) > 20
    assert {f"{one.role}: {said}" for one in found if (said := problem(one))} == set()


@random.for_any_project
def test_every_right_of_random_projects(project: Project) -> None:
    assert [said for one in every_right(stacks(project)) if (said := problem(one))] == []


@pytest.mark.parametrize(
    ("action", "resources", "conditions", "says"),
    [
        ("ecs:DestroyService", ("*",), (), "no action"),
        ("codedeploy:GetDeploymentTarget", ("arn:aws:codedeploy:x",), (), "allows nothing"),
        ("ecs:UpdateService", ("*",), (), "on *"),
        ("ecs:ListTasks", ("*",), (), "on *"),
        ("ecr:PutImage", (f"arn:aws:ecs:{iam.HERE}:service/shop/web",), (), "takes no"),
        ("ecr:PutImage", (f"arn:aws:ecr:{iam.HERE}:repository/shop/web",), ("ecs:cluster",), "means nothing"),
    ],
)
def test_the_judge_sees_what_is_wrong(
    action: str, resources: tuple[str, ...], conditions: tuple[str, ...], says: str
) -> None:
    assert says in problem(Right("role", action, resources, conditions))


def test_no_role_has_an_action_with_a_wildcard_or_a_managed_policy() -> None:
    for project in projects().values():
        for stack in stacks(project):
            assert "ManagedPolicyArns" not in stack.body
            for one in stack.template["Resources"].values():
                said = one["Properties"].get("Policies", ())
                assert not [
                    a for p in said for s in p["PolicyDocument"]["Statement"] for a in s["Action"] if "*" in a
                ]


SHARED = ("listener/", ":sns:", ":connection/", ":key/", ":cluster/", "deploymentconfig:CodeDeployDefault")
"""What services share: the listeners, the topic, the connection, the key of the secrets, the cluster."""


def own(right: Right) -> set[str]:
    """The resources of a right that are one service's own."""
    listed = right.action.partition(":")[0] not in ("ssm", "lambda", "secretsmanager")
    return {one for one in right.resources if listed and one != "*" and not any(s in one for s in SHARED)}


def test_no_role_of_a_service_reaches_into_another() -> None:
    project = many(3)
    reached = {
        service: {
            one
            for right in every_right(stacks(project))
            if right.role.startswith(f"{project.project}-{service}-")
            for one in own(right)
            if "111111111111:role/" not in one and ":targetgroup/" not in one and ":listener-rule/" not in one
        }
        for service in project.services
    }
    for service, mine in reached.items():
        others = set().union(*(found for name, found in reached.items() if name != service))
        # A repository's ARN is the template's own, by Fn::GetAtt, which stands for all here.
        assert mine & others <= {iam.ARNS["AWS::ECR::Repository", "Arn"]}
        assert any(f"/{service}" in one for one in mine)


def test_roles_are_passed_to_tasks_only_and_are_the_services_own() -> None:
    for project in projects().values():
        for stack in stacks(project):
            for name, one in stack.template["Resources"].items():
                for policy in (
                    one["Properties"].get("Policies", ()) if one["Type"] == "AWS::IAM::Role" else ()
                ):
                    for said in policy["PolicyDocument"]["Statement"]:
                        if "iam:PassRole" in said["Action"]:
                            only = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
                            assert said["Condition"] == only, name
                            text = json.dumps(said["Resource"])
                            assert "*" not in text
                            assert f"{stack.service}-" in text or "ExecutionRole" in text


def test_every_role_is_within_iams_size() -> None:
    for project in projects().values():
        for stack in stacks(project):
            for one in stack.template["Resources"].values():
                assert one["Type"] != "AWS::IAM::Role" or policy_size(one) <= POLICY_CHARACTERS
