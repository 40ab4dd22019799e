"""Inline policies of roles, and policies attached to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.iam.documents import checked, encoded
from bambe.services.iam.errors import NoSuchEntityException
from bambe.services.iam.lookup import get_policy, get_role, is_aws_managed
from bambe.services.iam.model import Role
from bambe.services.iam.tables import ROLES

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        AttachRolePolicyRequestTypeDef,
        DeleteRolePolicyRequestTypeDef,
        DetachRolePolicyRequestTypeDef,
        GetRolePolicyRequestTypeDef,
        ListAttachedRolePoliciesRequestTypeDef,
        ListRolePoliciesRequestTypeDef,
        PutRolePolicyRequestTypeDef,
    )


async def put_role_policy(call: Call, request: PutRolePolicyRequestTypeDef) -> Answer:
    name, document = request["PolicyName"], checked(request["PolicyDocument"])

    def put(tx: Tx) -> None:
        role = get_role(tx, call.account, request["RoleName"])
        ROLES.update(tx, replace(role, inline={**role.inline, name: document}))

    await call.store.write(put)
    return {}


async def get_role_policy(call: Call, request: GetRolePolicyRequestTypeDef) -> Answer:
    role, name = await _read(call, request["RoleName"]), request["PolicyName"]
    _check_inline(role, name)
    document = encoded(role.inline[name])
    return {"RoleName": role.name, "PolicyName": name, "PolicyDocument": document}


async def list_role_policies(call: Call, request: ListRolePoliciesRequestTypeDef) -> Answer:
    role = await _read(call, request["RoleName"])
    return {"PolicyNames": sorted(role.inline), "IsTruncated": False}


async def delete_role_policy(call: Call, request: DeleteRolePolicyRequestTypeDef) -> Answer:
    name = request["PolicyName"]

    def delete(tx: Tx) -> None:
        role = get_role(tx, call.account, request["RoleName"])
        _check_inline(role, name)
        ROLES.update(tx, replace(role, inline={k: v for k, v in role.inline.items() if k != name}))

    await call.store.write(delete)
    return {}


async def attach_role_policy(call: Call, request: AttachRolePolicyRequestTypeDef) -> Answer:
    arn = request["PolicyArn"]

    def attach(tx: Tx) -> None:
        role = get_role(tx, call.account, request["RoleName"])
        if not is_aws_managed(arn):
            get_policy(tx, call.account, arn)
        ROLES.update(tx, replace(role, attached=sorted({*role.attached, arn})))

    await call.store.write(attach)
    return {}


async def detach_role_policy(call: Call, request: DetachRolePolicyRequestTypeDef) -> Answer:
    arn = request["PolicyArn"]

    def detach(tx: Tx) -> None:
        role = get_role(tx, call.account, request["RoleName"])
        if arn not in role.attached:
            raise NoSuchEntityException(f"Policy {arn} was not found.")
        ROLES.update(tx, replace(role, attached=[one for one in role.attached if one != arn]))

    await call.store.write(detach)
    return {}


async def list_attached_role_policies(call: Call, request: ListAttachedRolePoliciesRequestTypeDef) -> Answer:
    role = await _read(call, request["RoleName"])
    attached = [{"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn} for arn in role.attached]
    return {"AttachedPolicies": attached, "IsTruncated": False}


async def _read(call: Call, name: str) -> Role:
    return await call.store.read(lambda tx: get_role(tx, call.account, name))


def _check_inline(role: Role, name: str) -> None:
    if name not in role.inline:
        raise NoSuchEntityException(f"The role policy with name {name} cannot be found.")
