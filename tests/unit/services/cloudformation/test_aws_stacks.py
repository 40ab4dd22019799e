"""The stacks that a project has on AWS, on our own CloudFormation: made in order, and deleted whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from bambe.project import Project, parse
from bambe.services import resource_types
from bambe.synth import FirstTaskDefinition, Output, Stack, stacks
from tests.support.house import House
from tests.unit.services.cloudformation.test_shop import settled
from tests.unit.synth.projects import projects

EXAMPLE = Path(__file__).parents[4] / "examples" / "shop" / "bambe.yml"
IMAGE = "localhost:4566/shop:1"


@given(projects())
def test_every_type_and_property_of_a_projects_stacks_is_known(project: Project) -> None:
    types = resource_types()
    for stack in stacks(project):
        for name, said in stack.template["Resources"].items():
            declared = types[said["Type"]]
            given_ = set(said.get("Properties", {}))
            assert given_ <= declared.properties, (stack.kind, name, given_ - declared.properties)
            assert declared.required <= given_, (stack.kind, name, declared.required - given_)


async def value(house: House, said: Any) -> str:
    """A parameter's value: what another stack has put out, or the first task definition."""
    if isinstance(said, Output):
        (there,) = (await house.aws.cloudformation.describe_stacks(StackName=said.stack))["Stacks"]
        return next(str(one["OutputValue"]) for one in there["Outputs"] if one["OutputKey"] == said.name)
    if isinstance(said, FirstTaskDefinition):
        answer = await house.aws.ecs.register_task_definition(
            family=said.service, cpu="256", memory="512", networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            containerDefinitions=[
                {"name": said.service, "image": IMAGE, "portMappings": [{"containerPort": 8080}]}
            ],
        )  # fmt: skip
        return str(answer["taskDefinition"]["taskDefinitionArn"])
    return str(said)


async def make(house: House, stack: Stack) -> None:
    given_ = {name: await value(house, said) for name, said in stack.parameters.items()}
    if "SourceLocation" in stack.template.get("Parameters", {}):
        given_.setdefault("SourceLocation", "https://github.com/acme/shop")
    await house.aws.cloudformation.create_stack(
        StackName=stack.name,
        TemplateBody=stack.body,
        Parameters=[{"ParameterKey": key, "ParameterValue": said} for key, said in given_.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert await settled(house, stack.name) == "CREATE_COMPLETE", stack.name


async def delete(house: House, stack: Stack) -> None:
    cloudformation = house.aws.cloudformation
    (there,) = (await cloudformation.describe_stacks(StackName=stack.name))["Stacks"]
    await cloudformation.delete_stack(StackName=stack.name)
    for _ in range(100):
        await house.advance(30, step=10)
        (there,) = (await cloudformation.describe_stacks(StackName=there["StackId"]))["Stacks"]
        if not there["StackStatus"].endswith("_IN_PROGRESS"):
            break
    assert there["StackStatus"] == "DELETE_COMPLETE", (stack.name, there.get("StackStatusReason"))


WHOLE = """
network: {nat: per_zone, zones: 2, endpoints: [needed], flow_logs: true}
notify: [ops@example.com]
"""


@pytest.mark.parametrize("more", ["", WHOLE], ids=["plain", "whole"])
async def test_the_shop_on_a_network_of_its_own(house: House, more: str) -> None:
    project = parse(EXAMPLE.read_text() + more)
    made = stacks(project)
    for stack in made:
        await make(house, stack)
    ec2 = house.aws.ec2
    assert [one["IsDefault"] for one in (await ec2.describe_vpcs())["Vpcs"]] == [True, False]
    for stack in reversed(made):
        await delete(house, stack)
    assert [one["IsDefault"] for one in (await ec2.describe_vpcs())["Vpcs"]] == [True]
    assert (await ec2.describe_addresses())["Addresses"] == []
    assert len((await ec2.describe_security_groups())["SecurityGroups"]) == 1


async def test_a_network_changes_under_its_name(house: House) -> None:
    """More ways out, then none but endpoints, then one: each an update of the stack that is there."""
    text, seen = EXAMPLE.read_text(), []
    for number, words in enumerate(
        (
            "{nat: single, zones: 2}",
            "{nat: per_zone, zones: 2, flow_logs: true}",
            "{nat: none, zones: 2, endpoints: [needed]}",
            "{nat: single, zones: 3}",
        )
    ):
        (stack, *_) = stacks(parse(f"{text}\nnetwork: {words}\n"))
        if number == 0:
            await make(house, stack)
        else:
            await house.aws.cloudformation.update_stack(
                StackName=stack.name, TemplateBody=stack.body, Capabilities=["CAPABILITY_NAMED_IAM"]
            )
            assert await settled(house, stack.name) == "UPDATE_COMPLETE", words
        nats = (await house.aws.ec2.describe_nat_gateways())["NatGateways"]
        endpoints = (await house.aws.ec2.describe_vpc_endpoints())["VpcEndpoints"]
        seen.append((sum(one["State"] == "available" for one in nats), bool(endpoints)))
    assert [count for count, _ in seen] == [1, 2, 0, 1]
    assert [has for _, has in seen][2]
