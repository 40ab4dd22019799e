"""The account's own managed policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.ids import upper_id
from bambe.kernel.tags import to_dict, to_list
from bambe.services.iam.documents import checked, encoded
from bambe.services.iam.errors import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    NoSuchEntityException,
)
from bambe.services.iam.lookup import get_policy as _get
from bambe.services.iam.model import Policy
from bambe.services.iam.tables import POLICIES, ROLES

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreatePolicyRequestTypeDef,
        DeletePolicyRequestTypeDef,
        GetPolicyRequestTypeDef,
        GetPolicyVersionRequestTypeDef,
        ListPoliciesRequestTypeDef,
        ListPolicyTagsRequestTypeDef,
    )

VERSION = "v1"


async def create_policy(call: Call, request: CreatePolicyRequestTypeDef) -> Answer:
    policy = Policy(
        account=call.account,
        name=request["PolicyName"],
        id="ANPA" + upper_id(17),
        path=request.get("Path", "/"),
        document=checked(request["PolicyDocument"]),
        created_at=call.clock.now(),
        description=request.get("Description", ""),
        tags=to_dict(request.get("Tags", ())),
    )

    def create(tx: Tx) -> None:
        if POLICIES.find(tx, policy.account, policy.name) is not None:
            raise EntityAlreadyExistsException(f"A policy called {policy.name} already exists.")
        POLICIES.insert(tx, policy)

    await call.store.write(create)
    return {"Policy": _shown(policy)}


async def get_policy(call: Call, request: GetPolicyRequestTypeDef) -> Answer:
    return {"Policy": _shown(await call.store.read(lambda tx: _get(tx, call.account, request["PolicyArn"])))}


async def get_policy_version(call: Call, request: GetPolicyVersionRequestTypeDef) -> Answer:
    policy = await call.store.read(lambda tx: _get(tx, call.account, request["PolicyArn"]))
    if request["VersionId"] != VERSION:
        raise NoSuchEntityException(
            f"Policy {policy.arn} version {request['VersionId']} does not exist or is not attachable."
        )
    shown = {"Document": encoded(policy.document), "VersionId": VERSION, "IsDefaultVersion": True}
    return {"PolicyVersion": {**shown, "CreateDate": policy.created_at}}


async def list_policy_tags(call: Call, request: ListPolicyTagsRequestTypeDef) -> Answer:
    policy = await call.store.read(lambda tx: _get(tx, call.account, request["PolicyArn"]))
    return {"Tags": to_list(policy.tags), "IsTruncated": False}


async def list_policies(call: Call, request: ListPoliciesRequestTypeDef) -> Answer:
    if request.get("Scope") == "AWS":
        return {"Policies": [], "IsTruncated": False}
    policies = await call.store.read(lambda tx: POLICIES.list(tx, account=call.account))
    return {"Policies": [_shown(policy) for policy in policies], "IsTruncated": False}


async def delete_policy(call: Call, request: DeletePolicyRequestTypeDef) -> Answer:
    def delete(tx: Tx) -> None:
        policy = _get(tx, call.account, request["PolicyArn"])
        if any(policy.arn in role.attached for role in ROLES.list(tx, account=call.account)):
            raise DeleteConflictException("Cannot delete a policy attached to entities.")
        POLICIES.delete(tx, policy.account, policy.name)

    await call.store.write(delete)
    return {}


def _shown(policy: Policy) -> Answer:
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": VERSION,
        "IsAttachable": True,
        "Description": policy.description,
        "CreateDate": policy.created_at,
        "UpdateDate": policy.created_at,
    }
