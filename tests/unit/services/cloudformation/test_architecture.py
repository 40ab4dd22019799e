"""The whole architecture as AWS would be given it, network and notices included: made, unchanged, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.project import Project, parse
from bambe.synth import FirstTaskDefinition, Names, Output, Stack, stacks, task_definition
from bambe.synth.events import AUTHORITY, SERVERS, parameter
from tests.judges.matrix import BARE, CONNECTION, FULL
from tests.support.house import ACCOUNT, REGION, House
from tests.unit.services.cloudformation.test_shop import IMAGE, REPOSITORY, parameters, settled

EVERYTHING = FULL.replace("CONNECTION", CONNECTION).replace("cpu: 60, requests: 500", "cpu: 60")
"""Of blue/green requests are counted by metric math, which this machine's scaling policies do not have."""


async def words(house: House, project: Project, stack: Stack) -> dict[str, Any]:
    """CreateStack's (or UpdateStack's) words; the repository is one of this machine's."""
    here = {"SourceType": "GITHUB", "SourceLocation": REPOSITORY} if stack.kind == "build" else {}
    values = {name: await value(house, project, said) for name, said in {**stack.parameters, **here}.items()}
    return {
        "StackName": stack.name,
        "TemplateBody": stack.body,
        "Parameters": parameters(**values),
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }


async def value(house: House, project: Project, said: str | Output | FirstTaskDefinition) -> str:
    if isinstance(said, Output):
        (one,) = (await house.aws.cloudformation.describe_stacks(StackName=said.stack))["Stacks"]
        return str({out["OutputKey"]: out["OutputValue"] for out in one["Outputs"]}[said.name])
    if isinstance(said, FirstTaskDefinition):
        family = Names.of(project).family(said.service)
        return f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:1"
    return said


async def look_ups(house: House, project: Project) -> None:
    """What tasks look up when they start."""
    names = Names.of(project)
    for name in ("/shop/a", *(parameter(names, what) for what in (*SERVERS.values(), AUTHORITY))):
        await house.aws.ssm.put_parameter(Name=name, Value="there", Type="String")
    await house.aws.secretsmanager.create_secret(Name="shop/b", SecretString='{"x": "1"}')


@pytest.mark.parametrize("text", [EVERYTHING, BARE], ids=["full", "bare"])
async def test_the_architecture_is_made_unchanged_and_deleted(house: House, text: str) -> None:
    project, cloudformation = parse(text), house.aws.cloudformation
    await look_ups(house, project)
    for stack in stacks(project):
        if stack.kind == "service":
            wanted = task_definition(project, stack.service, IMAGE, ACCOUNT, REGION)
            await house.aws.ecs.register_task_definition(**wanted)
        await cloudformation.create_stack(**await words(house, project, stack))
        assert await settled(house, stack.name) == "CREATE_COMPLETE"
    for stack in stacks(project):
        with pytest.raises(Exception, match="No updates are to be performed"):
            await cloudformation.update_stack(**await words(house, project, stack))
    for stack in reversed(stacks(project)):
        arn = (await cloudformation.describe_stacks(StackName=stack.name))["Stacks"][0]["StackId"]
        await cloudformation.delete_stack(StackName=stack.name)
        assert await settled(house, arn) == "DELETE_COMPLETE"
    assert [one for one in (await house.aws.ec2.describe_vpcs())["Vpcs"] if not one["IsDefault"]] == []
    assert (await house.aws.iam.list_roles())["Roles"] == []
