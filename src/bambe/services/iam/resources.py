"""IAM's CloudFormation types: Role and ManagedPolicy."""

from __future__ import annotations

import json
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceType, Wish
from bambe.kernel.tags import to_list

TOKEN = "bambe:creation"


async def _create_role(aws: Aws, wish: Wish) -> Made:
    name = wish.properties.get("RoleName") or wish.name[:64]
    tags = [*to_list(dict(wish.tags)), *wish.properties.get("Tags", []), {"Key": TOKEN, "Value": wish.token}]
    try:
        await aws.iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=_document(wish.properties["AssumeRolePolicyDocument"]),
            Tags=tags,
            **{key: wish.properties[key] for key in ("Path", "Description") if key in wish.properties},
            **_duration(wish.properties),
        )
    except AwsError as error:
        if error.wire_code() != "EntityAlreadyExists" or not await _is_ours(aws, name, wish.token):
            raise
    await _set_policies(aws, name, wish.properties, {})
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
    return await _made_role(aws, name)


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


async def _create_policy(aws: Aws, wish: Wish) -> Made:
    name = wish.properties.get("ManagedPolicyName") or wish.name[:128]
    answer = await aws.iam.create_policy(
        PolicyName=name, PolicyDocument=_document(wish.properties["PolicyDocument"])
    )
    return Made(answer["Policy"]["Arn"], {"PolicyArn": answer["Policy"]["Arn"]})


async def _delete_policy(aws: Aws, made: Made, properties: Properties) -> None:
    try:
        await aws.iam.delete_policy(PolicyArn=made.physical_id)
    except AwsError as error:
        if error.wire_code() != "NoSuchEntity":
            raise


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
                "Policies",
                "RoleName",
                "Tags",
            }
        ),
        required=frozenset({"AssumeRolePolicyDocument"}),
        replaces=frozenset({"RoleName", "Path"}),
        create=_create_role,
        update=_update_role,
        delete=_delete_role,
    ),
    ResourceType(
        name="AWS::IAM::ManagedPolicy",
        properties=frozenset({"ManagedPolicyName", "PolicyDocument"}),
        required=frozenset({"PolicyDocument"}),
        create=_create_policy,
        delete=_delete_policy,
    ),
)
