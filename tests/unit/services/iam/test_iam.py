"""Roles and policies: recorded, with AWS's refusals; and their CloudFormation types."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any
from urllib.parse import unquote

import pytest

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, ResourceType, Wish
from bambe.services.iam.resources import RESOURCES
from tests.support.house import ACCOUNT, House

DOCUMENT: dict[str, Any] = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:B"}]}
TEXT = json.dumps(DOCUMENT)
MANAGED = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
TYPES: dict[str, ResourceType] = {one.name: one for one in RESOURCES}


@pytest.fixture
async def iam(house: House) -> Any:
    """IAM with the role `build`."""
    await house.aws.iam.create_role(RoleName="build", AssumeRolePolicyDocument=TEXT)
    return house.aws.iam


async def refused(request: Awaitable[Any], code: str, says: str) -> None:
    with pytest.raises(AwsError, match=says) as caught:
        await request
    assert caught.value.wire_code() == code


def wish(name: str = "s-R-1", token: str = "t", **properties: Any) -> Wish:
    return Wish("s", "arn", "R", name, token, properties, {"team": "a"})


async def test_a_role_is_given_back_as_it_was_made(iam: Any) -> None:
    role = (await iam.get_role(RoleName="build"))["Role"]
    assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/build"
    assert json.loads(unquote(role["AssumeRolePolicyDocument"])) == DOCUMENT
    assert (await iam.list_roles())["Roles"] == [role]


async def test_a_role_with_policies_is_not_deleted(iam: Any) -> None:
    await iam.put_role_policy(RoleName="build", PolicyName="p", PolicyDocument=TEXT)
    await iam.attach_role_policy(RoleName="build", PolicyArn=MANAGED)
    shown = (await iam.list_attached_role_policies(RoleName="build"))["AttachedPolicies"]
    assert shown == [{"PolicyName": "AmazonECSTaskExecutionRolePolicy", "PolicyArn": MANAGED}]
    await refused(iam.delete_role(RoleName="build"), "DeleteConflict", "must detach all policies first")
    await iam.detach_role_policy(RoleName="build", PolicyArn=MANAGED)
    await refused(iam.delete_role(RoleName="build"), "DeleteConflict", "must delete policies first")
    await iam.delete_role_policy(RoleName="build", PolicyName="p")
    await iam.delete_role(RoleName="build")
    await refused(iam.get_role(RoleName="build"), "NoSuchEntity", "The role with name build cannot be found")


async def test_names_are_taken_once(iam: Any) -> None:
    again = iam.create_role(RoleName="build", AssumeRolePolicyDocument=TEXT)
    await refused(again, "EntityAlreadyExists", "Role with name build already exists")


@pytest.mark.parametrize(
    "document", ["{", "[]", "{}", '{"Statement": [1]}', '{"Statement": {"Effect": "Perhaps"}}']
)
async def test_a_document_must_be_a_policy(iam: Any, document: str) -> None:
    put = iam.put_role_policy(RoleName="build", PolicyName="p", PolicyDocument=document)
    await refused(put, "MalformedPolicyDocument", "invalid Json|Syntax errors")


async def test_managed_policies(iam: Any) -> None:
    policy = (await iam.create_policy(PolicyName="p", PolicyDocument=TEXT))["Policy"]
    arn = policy["Arn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:policy/p"
    version = await iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])
    assert json.loads(unquote(version["PolicyVersion"]["Document"])) == DOCUMENT
    await iam.attach_role_policy(RoleName="build", PolicyArn=arn)
    await refused(iam.delete_policy(PolicyArn=arn), "DeleteConflict", "attached to entities")
    await iam.detach_role_policy(RoleName="build", PolicyArn=arn)
    await iam.delete_policy(PolicyArn=arn)
    await refused(iam.attach_role_policy(RoleName="build", PolicyArn=arn), "NoSuchEntity", "does not exist")


async def test_there_is_only_the_root(iam: Any) -> None:
    assert (await iam.get_user())["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    await refused(iam.get_user(UserName="bob"), "NoSuchEntity", "The user with name bob cannot be found")


async def test_a_role_from_a_template_is_made_once_per_token(house: House) -> None:
    role = TYPES["AWS::IAM::Role"]
    said = {
        "AssumeRolePolicyDocument": DOCUMENT,
        "ManagedPolicyArns": [MANAGED],
        "Policies": [{"PolicyName": "p", "PolicyDocument": DOCUMENT}],
    }
    made = await role.create(house.aws, wish(**said))
    assert made == await role.create(house.aws, wish(**said))
    assert made.attributes["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/s-R-1"
    with pytest.raises(AwsError, match="already exists"):
        await role.create(house.aws, wish(token="other", **said))
    assert role.update
    changed = {"AssumeRolePolicyDocument": DOCUMENT, "Description": "d"}
    await role.update(house.aws, wish(**changed), made, said)
    assert (await house.aws.iam.list_role_policies(RoleName="s-R-1"))["PolicyNames"] == []
    assert (await house.aws.iam.list_attached_role_policies(RoleName="s-R-1"))["AttachedPolicies"] == []
    await role.delete(house.aws, made, changed)
    await role.delete(house.aws, made, changed)
    assert (await house.aws.iam.list_roles())["Roles"] == []


async def test_a_role_that_cannot_have_its_policies_is_not_left_behind(house: House) -> None:
    nowhere = f"arn:aws:iam::{ACCOUNT}:policy/nowhere"
    said = {"AssumeRolePolicyDocument": DOCUMENT, "ManagedPolicyArns": [nowhere]}
    with pytest.raises(AwsError, match="does not exist"):
        await TYPES["AWS::IAM::Role"].create(house.aws, wish(**said))
    assert (await house.aws.iam.list_roles())["Roles"] == []


async def test_a_managed_policy_from_a_template(iam: Any, house: House) -> None:
    policy = TYPES["AWS::IAM::ManagedPolicy"]
    said = {"PolicyDocument": DOCUMENT, "Roles": ["build"]}
    made = await policy.create(house.aws, wish(**said))
    assert made == await policy.create(house.aws, wish(**said))
    attached = (await iam.list_attached_role_policies(RoleName="build"))["AttachedPolicies"]
    assert [one["PolicyArn"] for one in attached] == [made.physical_id]
    with pytest.raises(AwsError, match="already exists"):
        await policy.create(house.aws, wish(token="other", **said))
    await policy.delete(house.aws, made, said)
    await policy.delete(house.aws, made, said)
    assert (await iam.list_policies())["Policies"] == []


async def test_an_inline_policy_from_a_template_follows_its_roles(iam: Any, house: House) -> None:
    policy = TYPES["AWS::IAM::Policy"]
    await iam.create_role(RoleName="other", AssumeRolePolicyDocument=TEXT)

    async def holders() -> list[str]:
        roles = ("build", "other")
        return [r for r in roles if (await iam.list_role_policies(RoleName=r))["PolicyNames"] == ["p"]]

    said = {"PolicyName": "p", "PolicyDocument": DOCUMENT, "Roles": ["build"]}
    made = await policy.create(house.aws, wish(**said))
    assert await holders() == ["build"]
    assert policy.update
    moved = {**said, "Roles": ["other"]}
    await policy.update(house.aws, wish(**moved), made, said)
    assert await holders() == ["other"]
    with pytest.raises(AwsError, match="cannot be found"):
        await policy.create(house.aws, wish(**{**said, "Roles": ["build", "nobody"]}))
    assert await holders() == ["other"]
    await policy.delete(house.aws, Made(made.physical_id), moved)
    assert await holders() == []
