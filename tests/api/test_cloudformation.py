"""CloudFormation as stock clients see it: `aws cloudformation deploy`, waiters, pages, errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.api.conftest import Edge

YAML = """
AWSTemplateFormatVersion: 2010-09-09
Description: a role and a group
Parameters:
  Name: {Type: String, Default: build}
  Word: {Type: String, Default: hush, NoEcho: true}
Conditions:
  IsBuild: !Equals [!Ref Name, build]
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Sub "${AWS::StackName}-${Name}"
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - {Effect: Allow, Principal: {Service: codebuild.amazonaws.com}, Action: "sts:AssumeRole"}
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: !If [IsBuild, !GetAtt Role.Arn, another]
Outputs:
  Role: {Value: !Ref Role, Export: {Name: !Sub "${AWS::StackName}-role"}}
"""
NAMED = ["CAPABILITY_NAMED_IAM"]
BROKEN = YAML + "  Nope: {Value: !ImportValue nowhere}\n"


@contextmanager
def time_passing(edge: Edge, pause: float = 0.001) -> Iterator[None]:
    """Loops run and the clock goes on while a client waits."""

    async def pass_time() -> None:
        with suppress(asyncio.CancelledError):
            while True:
                await edge.house.advance(0.2, step=0.2)
                await asyncio.sleep(pause)

    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(pass_time())

    async def end(task: asyncio.Task[None]) -> None:
        task.cancel()
        await task

    task = edge.run(begin())
    try:
        yield
    finally:
        edge.run(end(task))


@pytest.fixture
def cloudformation(edge: Edge) -> Any:
    return edge.aws("cloudformation")


def made(edge: Edge, body: str = YAML, name: str = "shop", **more: Any) -> str:
    """A stack's ARN, once all loops have nothing to do."""
    client = edge.aws("cloudformation")
    answer = client.create_stack(StackName=name, TemplateBody=body, Capabilities=NAMED, **more)
    edge.run(edge.house.advance(2))
    return str(answer["StackId"])


def refused(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def deployed(edge: Edge, *words: str) -> str:
    """Deploy without its own wait, whose second look comes after 30 seconds; what it said.

    The CLI names a change set after the second it is made in: of two in one second AWS refuses one.
    """
    words = ("cloudformation", "deploy", "--stack-name", "shop", *words, "--no-execute-changeset")
    ran = edge.cli(*words)
    while "(AlreadyExistsException)" in ran.stderr:
        ran = edge.cli(*words)
    if "Changeset created successfully" in ran.stdout:
        arn = next(word for word in ran.stdout.split() if word.startswith("arn:"))
        ran = edge.cli("cloudformation", "execute-change-set", "--change-set-name", arn)
        assert ran.returncode == 0, ran.stderr
        edge.run(edge.house.advance(2))
        return "executed"
    return ran.stdout + ran.stderr


def test_deploy_creates_changes_and_leaves_alone(edge: Edge, tmp_path: Path) -> None:
    file = tmp_path / "template.yml"
    file.write_text(YAML)
    words = ("--template-file", str(file))
    assert "Requires capabilities : [CAPABILITY_NAMED_IAM]" in deployed(edge, *words)
    words = (*words, "--capabilities", "CAPABILITY_NAMED_IAM")
    assert deployed(edge, *words) == "executed"
    said = deployed(edge, *words, "--no-fail-on-empty-changeset")
    assert "No changes to deploy. Stack shop is up to date" in said
    assert "No changes to deploy" in deployed(edge, *words, "--fail-on-empty-changeset")
    assert deployed(edge, *words, "--parameter-overrides", "Name=other") == "executed"
    # Parameters that are not named keep their values.
    file.write_text(YAML + "  Group: {Value: !Ref Group}\n")
    assert deployed(edge, *words) == "executed"
    (stack,) = edge.aws("cloudformation").describe_stacks(StackName="shop")["Stacks"]
    assert (stack["StackStatus"], len(stack["Outputs"])) == ("UPDATE_COMPLETE", 2)
    roles = edge.aws("iam").list_roles()["Roles"]
    assert [one["RoleName"] for one in roles] == ["shop-other"]


def test_waiters(edge: Edge, cloudformation: Any) -> None:
    quick = {"Delay": 1, "MaxAttempts": 20}
    with time_passing(edge):
        cloudformation.create_stack(StackName="shop", TemplateBody=YAML, Capabilities=NAMED)
        cloudformation.get_waiter("stack_create_complete").wait(StackName="shop", WaiterConfig=quick)
        changed = [{"ParameterKey": "Name", "ParameterValue": "other"}]
        cloudformation.update_stack(
            StackName="shop", UsePreviousTemplate=True, Parameters=changed, Capabilities=NAMED
        )
        cloudformation.get_waiter("stack_update_complete").wait(StackName="shop", WaiterConfig=quick)
        cloudformation.create_stack(StackName="broken", TemplateBody=BROKEN, Capabilities=NAMED)
        with pytest.raises(WaiterError, match="ROLLBACK"):
            cloudformation.get_waiter("stack_create_complete").wait(StackName="broken", WaiterConfig=quick)
        cloudformation.delete_stack(StackName="shop")
        cloudformation.get_waiter("stack_delete_complete").wait(StackName="shop", WaiterConfig=quick)


def test_a_stack_and_what_is_in_it(edge: Edge, cloudformation: Any) -> None:
    arn = made(edge, Tags=[{"Key": "team", "Value": "a"}])
    assert arn.startswith("arn:aws:cloudformation:eu-central-1:000000000000:stack/shop/")
    (stack,) = cloudformation.describe_stacks(StackName=arn)["Stacks"]
    assert (stack["StackStatus"], stack["Description"]) == ("CREATE_COMPLETE", "a role and a group")
    assert stack["Parameters"] == [
        {"ParameterKey": "Name", "ParameterValue": "build"},
        {"ParameterKey": "Word", "ParameterValue": "****"},
    ]
    exported = {"OutputKey": "Role", "OutputValue": "shop-build", "ExportName": "shop-role"}
    assert stack["Outputs"] == [exported]
    assert stack["Tags"] == [{"Key": "team", "Value": "a"}]
    resources = cloudformation.list_stack_resources(StackName="shop")["StackResourceSummaries"]
    assert {one["LogicalResourceId"]: one["ResourceType"] for one in resources} == {
        "Role": "AWS::IAM::Role",
        "Group": "AWS::EC2::SecurityGroup",
    }
    detail = cloudformation.describe_stack_resource(StackName="shop", LogicalResourceId="Role")
    assert detail["StackResourceDetail"]["PhysicalResourceId"] == "shop-build"
    assert cloudformation.get_template(StackName="shop")["TemplateBody"] == YAML
    (export,) = cloudformation.list_exports()["Exports"]
    assert (export["Name"], export["Value"]) == ("shop-role", "shop-build")
    groups = edge.aws("ec2").describe_security_groups(Filters=[{"Name": "tag:team", "Values": ["a"]}])
    (group,) = groups["SecurityGroups"]
    assert group["GroupName"].startswith("shop-Group-")
    assert group["Description"] == "arn:aws:iam::000000000000:role/shop-build"


def test_events_are_newest_first_and_say_why(edge: Edge, cloudformation: Any) -> None:
    edge.aws("iam").create_role(
        RoleName="shop-build", AssumeRolePolicyDocument='{"Statement": [{"Effect": "Allow"}]}'
    )
    arn = made(edge)
    events = cloudformation.describe_stack_events(StackName="shop")["StackEvents"]
    told = [(one["LogicalResourceId"], one["ResourceStatus"]) for one in reversed(events)]
    assert told == [
        ("shop", "CREATE_IN_PROGRESS"),
        ("Role", "CREATE_IN_PROGRESS"),
        ("Role", "CREATE_FAILED"),
        ("shop", "ROLLBACK_IN_PROGRESS"),
        ("Role", "DELETE_IN_PROGRESS"),
        ("Role", "DELETE_COMPLETE"),
        ("shop", "ROLLBACK_COMPLETE"),
    ]
    failed = next(one for one in events if one["ResourceStatus"] == "CREATE_FAILED")
    assert failed["ResourceStatusReason"].startswith('Resource handler returned message: "Role with name')
    assert failed["ResourceStatusReason"].endswith("HandlerErrorCode: AlreadyExists)")
    update = {"StackName": "shop", "TemplateBody": YAML, "Capabilities": NAMED}
    says = refused(cloudformation.update_stack, **update)
    assert says == ("ValidationError", f"Stack:{arn} is in ROLLBACK_COMPLETE state and can not be updated.")


def test_a_template_is_described_without_being_used(edge: Edge, cloudformation: Any) -> None:
    answer = cloudformation.validate_template(TemplateBody=YAML)
    assert answer["Capabilities"] == NAMED
    assert {one["ParameterKey"]: one["NoEcho"] for one in answer["Parameters"]} == {
        "Name": False,
        "Word": True,
    }
    summary = cloudformation.get_template_summary(TemplateBody=YAML)
    assert summary["ResourceTypes"] == ["AWS::EC2::SecurityGroup", "AWS::IAM::Role"]
    says = refused(cloudformation.validate_template, TemplateBody="Resources: {A: {Type: AWS::No::Thing}}")
    assert says == (
        "ValidationError",
        "Template format error: Unrecognized resource types: [AWS::No::Thing]",
    )


def test_what_does_not_exist(edge: Edge, cloudformation: Any) -> None:
    says = refused(cloudformation.describe_stacks, StackName="nope")
    assert says == ("ValidationError", "Stack with id nope does not exist")
    assert refused(cloudformation.update_stack, StackName="nope", TemplateBody=YAML)[0] == "ValidationError"
    made(edge)
    code, _ = refused(cloudformation.describe_change_set, StackName="shop", ChangeSetName="nope")
    assert code == "ChangeSetNotFound"
    assert refused(cloudformation.create_stack, StackName="shop", TemplateBody=YAML, Capabilities=NAMED) == (
        "AlreadyExistsException",
        "Stack [shop] already exists",
    )
    cloudformation.delete_stack(StackName="nope")


def test_many_events_come_in_pages(edge: Edge, cloudformation: Any) -> None:
    group = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "d"}}
    body = json.dumps({"Resources": {f"G{number}": group for number in range(60)}})
    made(edge, body)
    pages = list(cloudformation.get_paginator("describe_stack_events").paginate(StackName="shop"))
    events = [event for page in pages for event in page["StackEvents"]]
    assert len(pages) > 1
    assert len({event["EventId"] for event in events}) == len(events) >= 122
