"""IAM's CloudFormation types: Role, ManagedPolicy and Policy (inline)."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceType, Wish
from bambe.kernel.tags import to_list

TOKEN = "bambe:creation"
PLAIN = ("Description", "Path", "PermissionsBoundary")


async def _create_role(aws: Aws, wish: Wish) -> Made:
    name = wish.properties.get("RoleName") or wish.name[:64]
    try:
        await aws.iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=_document(wish.properties["AssumeRolePolicyDocument"]),
            Tags=_tags(wish),
            **{key: wish.properties[key] for key in PLAIN if key in wish.properties},
            **_duration(wish.properties),
        )
    except AwsError as error:
        if error.wire_code() != "EntityAlreadyExists" or not await _is_ours(aws, name, wish.token):
            raise
    try:
        await _set_policies(aws, name, wish.properties, {})
    except AwsError:
        await _delete_role(aws, Made(name), wish.properties)
        raise
    return await _made_role(aws, name)


async def _is_ours(aws: Aws, name: str, token: str) -> bool:
    tags = (await aws.iam.list_role_tags(RoleName=name))["Tags"]
    return {"Key": TOKEN, "Value": token} in tags


async def _update_role(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    name = made.physical_id
    await aws.iam.update_assume_role_policy(
        RoleName=name, PolicyDocument=_document(wish.properties["AssumeRolePolicyDocument"])
    )
    await aws.iam.update_role(
        RoleName=name,
        Description=wish.properties.get("Description", ""),
        **_duration(wish.properties),
    )
    await _set_policies(aws, name, wish.properties, old)
    await _retag(aws, name, wish)
    return await _made_role(aws, name)


async def _retag(aws: Aws, name: str, wish: Wish) -> None:
    """Give a role the tags of the wish; the one of its creation stays."""
    had = {one["Key"] for one in (await aws.iam.list_role_tags(RoleName=name))["Tags"]}
    wanted = [one for one in _tags(wish) if one["Key"] != TOKEN]
    gone = sorted(had - {one["Key"] for one in wanted} - {TOKEN})
    if gone:
        await aws.iam.untag_role(RoleName=name, TagKeys=gone)
    if wanted:
        await aws.iam.tag_role(RoleName=name, Tags=wanted)


async def _set_policies(aws: Aws, name: str, wanted: Properties, old: Properties) -> None:
    inline = {one["PolicyName"]: _document(one["PolicyDocument"]) for one in wanted.get("Policies", [])}
    for policy, document in inline.items():
        await aws.iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=document)
    for one in old.get("Policies", []):
        if one["PolicyName"] not in inline:
            await aws.iam.delete_role_policy(RoleName=name, PolicyName=one["PolicyName"])
    attached = set(wanted.get("ManagedPolicyArns", []))
    for arn in sorted(attached):
        await aws.iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    for arn in sorted(set(old.get("ManagedPolicyArns", [])) - attached):
        await aws.iam.detach_role_policy(RoleName=name, PolicyArn=arn)


async def _made_role(aws: Aws, name: str) -> Made:
    role = (await aws.iam.get_role(RoleName=name))["Role"]
    return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


async def _delete_role(aws: Aws, made: Made, properties: Properties) -> None:
    name = made.physical_id
    try:
        for policy in (await aws.iam.list_role_policies(RoleName=name))["PolicyNames"]:
            await aws.iam.delete_role_policy(RoleName=name, PolicyName=policy)
        for one in (await aws.iam.list_attached_role_policies(RoleName=name))["AttachedPolicies"]:
            await aws.iam.detach_role_policy(RoleName=name, PolicyArn=one["PolicyArn"])
        await aws.iam.delete_role(RoleName=name)
    except AwsError as error:
        if error.wire_code() != "NoSuchEntity":
            raise


async def _create_managed(aws: Aws, wish: Wish) -> Made:
    name = wish.properties.get("ManagedPolicyName") or wish.name[:128]
    said = {key: wish.properties[key] for key in ("Description", "Path") if key in wish.properties}
    try:
        document = _document(wish.properties["PolicyDocument"])
        answer = await aws.iam.create_policy(
            PolicyName=name, PolicyDocument=document, Tags=_tags(wish), **said
        )
        arn = str(answer["Policy"]["Arn"])
    except AwsError as error:
        arn = await _managed_of(aws, name, wish.token)
        if error.wire_code() != "EntityAlreadyExists" or not arn:
            raise
    made = Made(arn, {"PolicyArn": arn})
    try:
        for role in wish.properties.get("Roles", []):
            await aws.iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    except AwsError:
        await _delete_managed(aws, made, wish.properties)
        raise
    return made


async def _managed_of(aws: Aws, name: str, token: str) -> str:
    """The policy that an earlier try with this token made, or nothing."""
    for policy in (await aws.iam.list_policies(Scope="Local"))["Policies"]:
        if policy["PolicyName"] == name:
            tags = (await aws.iam.list_policy_tags(PolicyArn=policy["Arn"]))["Tags"]
            return str(policy["Arn"]) if {"Key": TOKEN, "Value": token} in tags else ""
    return ""


async def _delete_managed(aws: Aws, made: Made, properties: Properties) -> None:
    for role in properties.get("Roles", []):
        await _unless_gone(aws.iam.detach_role_policy(RoleName=role, PolicyArn=made.physical_id))
    await _unless_gone(aws.iam.delete_policy(PolicyArn=made.physical_id))


async def _create_inline(aws: Aws, wish: Wish) -> Made:
    await _put_inline(aws, wish.properties)
    return Made(wish.name[:128])


async def _put_inline(aws: Aws, properties: Properties) -> None:
    document = _document(properties["PolicyDocument"])
    for number, role in enumerate(properties["Roles"]):
        try:
            await aws.iam.put_role_policy(
                RoleName=role, PolicyName=properties["PolicyName"], PolicyDocument=document
            )
        except AwsError:
            await _delete_inline(aws, Made(""), {**properties, "Roles": properties["Roles"][:number]})
            raise


async def _update_inline(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    await _put_inline(aws, wish.properties)
    renamed = old["PolicyName"] != wish.properties["PolicyName"]
    gone = [role for role in old["Roles"] if renamed or role not in wish.properties["Roles"]]
    await _delete_inline(aws, made, {**old, "Roles": gone})
    return made


async def _delete_inline(aws: Aws, made: Made, properties: Properties) -> None:
    for role in properties["Roles"]:
        name = properties["PolicyName"]
        await _unless_gone(aws.iam.delete_role_policy(RoleName=role, PolicyName=name))


async def _unless_gone(request: Awaitable[Any]) -> None:
    try:
        await request
    except AwsError as error:
        if error.wire_code() != "NoSuchEntity":
            raise


def _tags(wish: Wish) -> list[dict[str, str]]:
    own = {tag["Key"]: tag["Value"] for tag in wish.properties.get("Tags", [])}
    return to_list({**wish.tags, **own, TOKEN: wish.token})


def _document(policy: Any) -> str:
    return policy if isinstance(policy, str) else json.dumps(policy)


def _duration(properties: Properties) -> dict[str, int]:
    said = properties.get("MaxSessionDuration")
    return {} if said is None else {"MaxSessionDuration": int(said)}


RESOURCES = (
    ResourceType(
        name="AWS::IAM::Role",
        properties=frozenset(
            {
                "AssumeRolePolicyDocument",
                "Description",
                "ManagedPolicyArns",
                "MaxSessionDuration",
                "Path",
                "PermissionsBoundary",
                "Policies",
                "RoleName",
                "Tags",
            }
        ),
        required=frozenset({"AssumeRolePolicyDocument"}),
        replaces=frozenset({"RoleName", "Path", "PermissionsBoundary"}),
        create=_create_role,
        update=_update_role,
        delete=_delete_role,
    ),
    ResourceType(
        name="AWS::IAM::ManagedPolicy",
        properties=frozenset({"Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles"}),
        required=frozenset({"PolicyDocument"}),
        create=_create_managed,
        delete=_delete_managed,
    ),
    ResourceType(
        name="AWS::IAM::Policy",
        properties=frozenset({"PolicyDocument", "PolicyName", "Roles"}),
        required=frozenset({"PolicyDocument", "PolicyName", "Roles"}),
        create=_create_inline,
        update=_update_inline,
        delete=_delete_inline,
    ),
)
