"""What a template refers to outside itself must be there: VPCs and the like by parameters, exports, names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.support.house import House
from tests.unit.services.cloudformation.test_stacks import create, role, roles, status, template, update

VPC, SUBNET, GROUP = "AWS::EC2::VPC::Id", "AWS::EC2::Subnet::Id", "AWS::EC2::SecurityGroup::Id"


def asking(kind: str) -> dict[str, Any]:
    return {**template(), "Parameters": {**template()["Parameters"], "P": {"Type": kind}}}


def given(value: str) -> list[dict[str, str]]:
    return [{"ParameterKey": "P", "ParameterValue": value}]


async def ids(house: House) -> dict[str, str]:
    """An id of each type that is looked up, of the account's default network."""
    ec2 = house.aws.ec2
    return {
        VPC: (await ec2.describe_vpcs())["Vpcs"][0]["VpcId"],
        SUBNET: (await ec2.describe_subnets())["Subnets"][0]["SubnetId"],
        GROUP: (await ec2.describe_security_groups())["SecurityGroups"][0]["GroupId"],
    }


@pytest.mark.parametrize("kind", [VPC, SUBNET, GROUP])
async def test_what_a_parameter_names_must_be_there(house: House, kind: str) -> None:
    there = (await ids(house))[kind]
    says = "^Parameter validation failed: parameter value nope for parameter name P does not exist$"
    with pytest.raises(AwsError, match=says):
        await create(house, asking(kind), Parameters=given("nope"))
    with pytest.raises(AwsError, match=says):
        await create(house, asking(f"List<{kind}>"), Parameters=given(f"{there},nope"))
    await create(house, asking(f"List<{kind}>"), Parameters=given(there))
    assert await status(house) == "CREATE_COMPLETE"
    with pytest.raises(AwsError, match=says):
        await update(house, asking(kind), Parameters=given("nope"))


@pytest.mark.parametrize("kind", [VPC, f"List<{SUBNET}>", "AWS::EC2::KeyPair::KeyName"])
async def test_an_empty_value_names_nothing(house: House, kind: str) -> None:
    says = "^Parameter validation failed: parameter value for parameter name P does not exist$"
    with pytest.raises(AwsError, match=says):
        await create(house, asking(kind), Parameters=given(""))


async def test_all_that_is_not_there_is_told_at_once(house: House) -> None:
    with pytest.raises(AwsError, match="value a for parameter name P does not exist, parameter value b for"):
        await create(house, asking(f"List<{SUBNET}>"), Parameters=given("a,b"))


async def test_a_change_set_that_imports_nothing_has_failed(house: House) -> None:
    await create(house, template())
    body = json.dumps(template(More=role({"Fn::ImportValue": {"Fn::Sub": "${AWS::StackName}-nope"}})))
    words = {"StackName": "s", "ChangeSetName": "c"}
    await house.aws.cloudformation.create_change_set(
        **words, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    shown = await house.aws.cloudformation.describe_change_set(**words)
    assert (shown["Status"], shown["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert shown["StatusReason"] == "No export named s-nope found."


async def test_a_stack_that_imports_nothing_is_taken_back(house: House) -> None:
    await create(house, template(More=role({"Fn::ImportValue": "nope"})))
    assert await status(house) == "ROLLBACK_COMPLETE"
    events = (await house.aws.cloudformation.describe_stack_events(StackName="s"))["StackEvents"]
    assert any("No export named nope found" in one.get("ResourceStatusReason", "") for one in events)


async def test_a_resource_with_its_own_name_is_not_replaced(house: House) -> None:
    other = role("mine")
    other["Properties"]["Path"] = "/other/"
    await create(house, template(More=role("mine")))
    await update(house, template(More=other))
    assert await status(house) == "UPDATE_ROLLBACK_COMPLETE"
    events = (await house.aws.cloudformation.describe_stack_events(StackName="s"))["StackEvents"]
    (failed,) = [one for one in events if one["ResourceStatus"] == "UPDATE_FAILED"]
    assert failed["ResourceStatusReason"] == (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing."
        " Rename mine and update the stack again."
    )
    assert await roles(house) == ["mine", "r-a"]
