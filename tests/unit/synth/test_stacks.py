"""All stacks of a project: in order, every reference resolves, names are unique, all within AWS's limits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from bambe.project import Project
from bambe.synth import FirstTaskDefinition, Names, Output, Stack, problems, stacks
from bambe.synth.limits import OUTPUTS, PARAMETERS, POLICY_CHARACTERS, RESOURCES, TEMPLATE_BYTES, policy_size
from bambe.synth.names import priorities
from tests.unit.synth.projects import for_any_project

NAMES = {
    "AWS::ApplicationAutoScaling::ScalingPolicy": ("PolicyName", 256, r"[^:/|?]+"),
    "AWS::CloudWatch::Alarm": ("AlarmName", 255, r"[ -~]+"),
    "AWS::CodeBuild::Project": ("Name", 150, r"[A-Za-z0-9][A-Za-z0-9_-]+"),
    "AWS::CodeDeploy::Application": ("ApplicationName", 100, r"[A-Za-z0-9._+=,@-]+"),
    "AWS::CodeDeploy::DeploymentConfig": ("DeploymentConfigName", 100, r"(?!CodeDeployDefault)[A-Za-z0-9-]+"),
    "AWS::CodeDeploy::DeploymentGroup": ("DeploymentGroupName", 100, r"[A-Za-z0-9._+=,@-]+"),
    "AWS::ECR::Repository": ("RepositoryName", 256, r"[a-z0-9]+([._/-][a-z0-9]+)*"),
    "AWS::ECS::Cluster": ("ClusterName", 255, r"[A-Za-z0-9_-]+"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("Name", 32, r"(?!internal-)[A-Za-z0-9](.*[A-Za-z0-9])?"),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("Name", 32, r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"),
    "AWS::IAM::Role": ("RoleName", 64, r"[\w+=,.@-]+"),
    "AWS::KMS::Alias": ("AliasName", 256, r"alias/(?!aws/)[A-Za-z0-9/_-]+"),
    "AWS::Logs::LogGroup": ("LogGroupName", 512, r"[.\-_/#A-Za-z0-9]+"),
    "AWS::MSK::Cluster": ("ClusterName", 64, r"[A-Za-z0-9-]+"),
    "AWS::SecretsManager::Secret": ("Name", 512, r"AmazonMSK_[A-Za-z0-9/_+=.@-]+"),
    "AWS::SNS::Topic": ("TopicName", 256, r"[A-Za-z0-9_-]+"),
}
"""By type, what an account has once: its property, how long it may be, how it is written."""


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def exports(stack: Stack) -> list[str]:
    outputs = stack.template.get("Outputs", {}).values()
    return [one["Export"]["Name"] for one in outputs if "Export" in one]


def imports(stack: Stack) -> set[str]:
    return {value for key, value in walk(stack.template) if key == "Fn::ImportValue"}


@for_any_project
def test_every_reference_resolves(project: Project) -> None:
    for stack in stacks(project):
        template = stack.template
        known = {*template["Resources"], *template.get("Parameters", {})}
        for key, value in walk(template):
            if key == "Ref":
                assert value in known or value.startswith("AWS::")
            elif key == "Fn::If":
                assert value[0] in template["Conditions"]
            elif key == "Fn::GetAtt":
                assert value[0] in template["Resources"]
            elif key == "Fn::Sub":
                assert set(re.findall(r"\$\{(?!!)([^}]+)\}", value)) <= PSEUDO
            elif key == "DependsOn":
                assert set(value) <= set(template["Resources"])


PSEUDO = {"AWS::AccountId", "AWS::Partition", "AWS::Region"}


@for_any_project
def test_stacks_are_in_order_and_import_from_those_before_them_alone(project: Project) -> None:
    made: dict[str, Stack] = {}
    exported: set[str] = set()
    for stack in stacks(project):
        assert stack.name not in made
        assert set(stack.after) <= set(made)
        before = {one for name in stack.after for one in exports(made[name])}
        assert imports(stack) <= before <= exported
        assert not set(exports(stack)) & exported
        made[stack.name], exported = stack, exported | set(exports(stack))


@for_any_project
def test_every_parameter_has_a_value(project: Project) -> None:
    made = {stack.name: stack for stack in stacks(project)}
    for stack in made.values():
        wanted = {name for name, one in stack.template.get("Parameters", {}).items() if "Default" not in one}
        missing = wanted - set(stack.parameters)
        assert missing == ({"SourceLocation"} if stack.kind == "build" and not project.source else set())
        assert set(stack.parameters) <= set(stack.template.get("Parameters", {}))
        for value in stack.parameters.values():
            if isinstance(value, Output):
                assert value.stack in stack.after
                assert value.name in made[value.stack].template["Outputs"]
            elif isinstance(value, FirstTaskDefinition):
                assert value.service == stack.service
            else:
                assert value


@for_any_project
def test_templates_are_deterministic_and_plain_json(project: Project) -> None:
    again = Project.model_validate(project.model_dump(exclude_unset=True))
    assert [one.body for one in stacks(project)] == [one.body for one in stacks(again)]
    assert all(json.loads(one.body) == one.template for one in stacks(project))


@for_any_project
def test_names_are_unique_and_as_aws_takes_them(project: Project) -> None:
    taken: set[tuple[str, str]] = set()
    for stack in stacks(project):
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", stack.name)
        for logical, one in stack.template["Resources"].items():
            assert re.fullmatch(r"[A-Za-z0-9]{1,255}", logical)
            if one["Type"] not in NAMES:
                continue
            key, most, written = NAMES[one["Type"]]
            name = one["Properties"][key]
            assert (one["Type"], name) not in taken
            taken.add((one["Type"], name))
            assert len(name) <= most
            assert re.fullmatch(written, name)


@for_any_project
def test_rules_have_priorities_of_their_own(project: Project) -> None:
    ranks = priorities(project)
    assert len(set(ranks.values())) == len(ranks)
    assert all(1 <= rank <= 50_000 for rank in ranks.values())


@for_any_project
def test_templates_are_within_cloudformations_limits(project: Project) -> None:
    for stack in stacks(project):
        check_limits(stack)


def check_limits(stack: Stack) -> None:
    assert len(stack.body.encode()) <= TEMPLATE_BYTES
    template = stack.template
    assert len(template["Resources"]) <= RESOURCES
    assert len(template.get("Outputs", {})) <= OUTPUTS
    assert len(template.get("Parameters", {})) <= PARAMETERS
    roles = [one for one in template["Resources"].values() if one["Type"] == "AWS::IAM::Role"]
    assert all(policy_size(one) <= POLICY_CHARACTERS for one in roles)


def hundred(count: int = 100, topics: int = 30, **more: Any) -> Project:
    """So many services, all of which speak to Kafka; names are as long as they can be."""
    half = count // 2
    services = {
        f"service-number-{number:05d}": {
            "path": f"services/number-{number}",
            "port": 8080,
            "produces": ["topic-0"],
            **({"route": f"/{number}/*"} if number < half else {"release": "rolling"}),
        }
        for number in range(count)
    }
    events = {"brokers": 2, "access": "scram", "topics": {f"topic-{one}": {} for one in range(topics)}}
    source = {"repository": "https://github.com/acme/shop"}
    said = {"project": "project-of-twenty-ch", "events": events, "source": source, "services": services}
    return Project.model_validate(said | more)


def test_a_hundred_services_fit() -> None:
    project = hundred()
    made = stacks(project)
    assert len(made) == 3 + 2 * 100
    for stack in made:
        check_limits(stack)
    assert problems(project) == ()


def test_what_services_share_does_not_grow_with_them() -> None:
    few, many = ({one.kind: one.body for one in stacks(hundred(count))} for count in (2, 100))
    assert few["shared"] == many["shared"]
    assert few["network"] == many["network"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"source": None}, "`source` is missing"),
        ({"events": {"brokers": 1, "topics": {"topic-0": {}}}}, "fewer than two"),
        ({"events": {"brokers": 3, "topics": {"topic-0": {}}}}, "zones: 3"),
        ({"topics": 60}, "CloudFormation takes 51200: let some topics be"),
    ],
)
def test_what_keeps_a_project_from_aws_is_said(more: dict[str, Any], says: str) -> None:
    (said,) = problems(hundred(**more))
    assert says in said


def test_a_role_that_reads_too_many_secrets_is_named() -> None:
    secrets = {f"S{number}": f"secretsmanager:shop/{'x' * 60}-{number}" for number in range(80)}
    web = {"path": "web", "port": 80, "route": "default", "secrets": secrets}
    source = {"repository": "https://github.com/acme/shop"}
    said = problems(Project.model_validate({"project": "shop", "source": source, "services": {"web": web}}))
    assert any("the role shop-web-execution has" in one and "IAM takes 10240" in one for one in said)


def test_names_of_one_service_are_never_those_of_another() -> None:
    services = ["role", "a1", "a-1", "ab", "a-b", "build", "task", "execution", "ab-task", "ab-execution"]
    names = Names("shop")
    every = [
        name
        for one in services
        for name in (
            names.stack(one),
            names.build_stack(one),
        )
    ]
    roles = [
        made(one)
        for one in services
        for made in (
            names.execution_role,
            names.task_role,
            names.build_role,
            names.deploy_role,
            names.shift_role,
        )
    ]
    assert len(set(every)) == len(every)
    assert len(set(roles)) == len(roles)
