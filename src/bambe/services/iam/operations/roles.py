"""CreateRole, GetRole, ListRoles, UpdateRole, UpdateAssumeRolePolicy, DeleteRole, and their tags."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import ValidationError
from bambe.kernel.ids import upper_id
from bambe.kernel.pages import page
from bambe.kernel.tags import to_dict, to_list
from bambe.services.iam.documents import checked, encoded
from bambe.services.iam.errors import DeleteConflictException, EntityAlreadyExistsException
from bambe.services.iam.lookup import get_role as _get
from bambe.services.iam.model import Role
from bambe.services.iam.tables import ROLES

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateRoleRequestTypeDef,
        DeleteRoleRequestTypeDef,
        GetRoleRequestTypeDef,
        ListRolesRequestTypeDef,
        ListRoleTagsRequestTypeDef,
        TagRoleRequestTypeDef,
        UntagRoleRequestTypeDef,
        UpdateAssumeRolePolicyRequestTypeDef,
        UpdateRoleRequestTypeDef,
    )

PAGE = 100


async def create_role(call: Call, request: CreateRoleRequestTypeDef) -> Answer:
    role = Role(
        account=call.account,
        name=request["RoleName"],
        id="AROA" + upper_id(17),
        path=request.get("Path", "/"),
        trust=checked(request["AssumeRolePolicyDocument"]),
        created_at=call.clock.now(),
        description=request.get("Description", ""),
        max_session=request.get("MaxSessionDuration", 3600),
        boundary=request.get("PermissionsBoundary", ""),
        tags=to_dict(request.get("Tags", ())),
    )

    def create(tx: Tx) -> None:
        if ROLES.find(tx, role.account, role.name) is not None:
            raise EntityAlreadyExistsException(f"Role with name {role.name} already exists.")
        ROLES.insert(tx, role)

    await call.store.write(create)
    return {"Role": _shown(role)}


async def get_role(call: Call, request: GetRoleRequestTypeDef) -> Answer:
    return {"Role": _shown(await call.store.read(lambda tx: _get(tx, call.account, request["RoleName"])))}


async def list_roles(call: Call, request: ListRolesRequestTypeDef) -> Answer:
    prefix = request.get("PathPrefix", "/")
    roles = await call.store.read(lambda tx: ROLES.list(tx, account=call.account))
    return _page("Roles", [_shown(r) for r in roles if r.path.startswith(prefix)], request)


async def update_role(call: Call, request: UpdateRoleRequestTypeDef) -> Answer:
    def change(role: Role) -> Role:
        return replace(
            role,
            description=request.get("Description", role.description),
            max_session=request.get("MaxSessionDuration", role.max_session),
        )

    await _change(call, request["RoleName"], change)
    return {}


async def update_assume_role_policy(call: Call, request: UpdateAssumeRolePolicyRequestTypeDef) -> Answer:
    trust = checked(request["PolicyDocument"])
    await _change(call, request["RoleName"], lambda role: replace(role, trust=trust))
    return {}


async def delete_role(call: Call, request: DeleteRoleRequestTypeDef) -> Answer:
    def delete(tx: Tx) -> None:
        role = _get(tx, call.account, request["RoleName"])
        if role.attached:
            raise DeleteConflictException("Cannot delete entity, must detach all policies first.")
        if role.inline:
            raise DeleteConflictException("Cannot delete entity, must delete policies first.")
        ROLES.delete(tx, role.account, role.name)

    await call.store.write(delete)
    return {}


async def tag_role(call: Call, request: TagRoleRequestTypeDef) -> Answer:
    fresh = to_dict(request["Tags"])
    await _change(call, request["RoleName"], lambda role: replace(role, tags={**role.tags, **fresh}))
    return {}


async def untag_role(call: Call, request: UntagRoleRequestTypeDef) -> Answer:
    gone = set(request["TagKeys"])

    def change(role: Role) -> Role:
        return replace(role, tags={key: value for key, value in role.tags.items() if key not in gone})

    await _change(call, request["RoleName"], change)
    return {}


async def list_role_tags(call: Call, request: ListRoleTagsRequestTypeDef) -> Answer:
    role = await call.store.read(lambda tx: _get(tx, call.account, request["RoleName"]))
    return _page("Tags", to_list(role.tags), request)


async def _change(call: Call, name: str, change: Any) -> None:
    await call.store.write(lambda tx: ROLES.update(tx, change(_get(tx, call.account, name))))


def _page(member: str, items: list[Any], request: Any) -> Answer:
    try:
        part, marker = page(items, request.get("Marker"), request.get("MaxItems", PAGE))
    except ValueError:
        raise ValidationError(f"Invalid Marker: {request['Marker']}") from None
    return {member: part, "IsTruncated": marker is not None, **({"Marker": marker} if marker else {})}


def _shown(role: Role) -> Answer:
    shown: Answer = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created_at,
        "AssumeRolePolicyDocument": encoded(role.trust),
        "Description": role.description,
        "MaxSessionDuration": role.max_session,
        "Tags": to_list(role.tags),
    }
    if role.boundary:
        shown["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": role.boundary,
        }
    return shown
