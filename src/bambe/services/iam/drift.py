"""How IAM's resources are read back, to see what has drifted."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties


async def _role(aws: Aws, made: Made, expected: Properties) -> Properties:
    name = made.physical_id
    role = (await aws.iam.get_role(RoleName=name))["Role"]
    attached = (await aws.iam.list_attached_role_policies(RoleName=name))["AttachedPolicies"]
    wanted = {one["PolicyName"] for one in expected.get("Policies", ())}
    names = (await aws.iam.list_role_policies(RoleName=name))["PolicyNames"]
    inline = [await _inline(aws, name, one) for one in names]
    # Other policies of the role may be resources of their own (AWS::IAM::Policy).
    inline = [one for one in inline if one["PolicyName"] in wanted] if wanted else inline
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return {
        **role,
        "AssumeRolePolicyDocument": _document(role["AssumeRolePolicyDocument"]),
        "ManagedPolicyArns": [one["PolicyArn"] for one in attached],
        "Policies": inline,
        **({"PermissionsBoundary": boundary} if boundary else {}),
        "Tags": expected.get("Tags", []),
    }


async def _inline(aws: Aws, role: str, name: str) -> dict[str, Any]:
    found = await aws.iam.get_role_policy(RoleName=role, PolicyName=name)
    return {"PolicyName": name, "PolicyDocument": _document(found["PolicyDocument"])}


async def _policy(aws: Aws, made: Made, expected: Properties) -> Properties:
    """An inline policy, which is there once in each of its roles: what one of them shows that differs."""
    shown: dict[str, Any] = {}
    for role in expected["Roles"]:
        found = await _inline(aws, role, expected["PolicyName"])
        if found["PolicyDocument"] != shown.get("PolicyDocument"):
            shown = found
    return shown


async def _managed(aws: Aws, made: Made, expected: Properties) -> Properties:
    arn = made.physical_id
    policy = (await aws.iam.get_policy(PolicyArn=arn))["Policy"]
    version = await aws.iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])
    return {
        "ManagedPolicyName": policy["PolicyName"],
        "Path": policy["Path"],
        "PolicyDocument": _document(version["PolicyVersion"]["Document"]),
    }


def _document(shown: Any) -> Any:
    """IAM answers policies percent-encoded."""
    return unquote(shown) if isinstance(shown, str) else shown


READS = {"AWS::IAM::Role": _role, "AWS::IAM::Policy": _policy, "AWS::IAM::ManagedPolicy": _managed}
