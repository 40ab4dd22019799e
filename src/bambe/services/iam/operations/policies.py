"""The account's own managed policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.ids import upper_id
from bambe.kernel.tags import to_dict
from bambe.services.iam.documents import checked
from bambe.services.iam.errors import DeleteConflictException, EntityAlreadyExistsException
from bambe.services.iam.lookup import get_policy as _get
from bambe.services.iam.model import Policy
from bambe.services.iam.tables import POLICIES, ROLES

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreatePolicyRequestTypeDef,
        DeletePolicyRequestTypeDef,
        GetPolicyRequestTypeDef,
        ListPoliciesRequestTypeDef,
    )


async def create_policy(call: Call, request: CreatePolicyRequestTypeDef) -> Answer:
    policy = Policy(
        account=call.account,
        name=request["PolicyName"],
        id="ANPA" + upper_id(17),
        path=request.get("Path", "/"),
        document=checked(request["PolicyDocument"]),
        created_at=call.clock.now(),
        description=request.get("Description", ""),
        tags=to_dict(request.get("Tags", ())),  # type: ignore[arg-type]
    )

    def create(tx: Tx) -> None:
        if POLICIES.find(tx, policy.account, policy.name) is not None:
            raise EntityAlreadyExistsException(f"A policy called {policy.name} already exists.")
        POLICIES.insert(tx, policy)

    await call.store.write(create)
    return {"Policy": _shown(policy)}


async def get_policy(call: Call, request: GetPolicyRequestTypeDef) -> Answer:
    return {"Policy": _shown(await call.store.read(lambda tx: _get(tx, call.account, request["PolicyArn"])))}


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
        "DefaultVersionId": "v1",
        "IsAttachable": True,
        "Description": policy.description,
        "CreateDate": policy.created_at,
        "UpdateDate": policy.created_at,
    }
