"""Lifecycle policies and repository policies: recorded as they are given."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.ecr.errors import (
    InvalidParameterException,
    LifecyclePolicyNotFoundException,
    RepositoryPolicyNotFoundException,
)
from bambe.services.ecr.lookup import get_repository
from bambe.services.ecr.model import Repository
from bambe.services.ecr.tables import REPOSITORIES

if TYPE_CHECKING:
    from types_boto3_ecr.type_defs import (
        DeleteLifecyclePolicyRequestTypeDef,
        DeleteRepositoryPolicyRequestTypeDef,
        GetLifecyclePolicyRequestTypeDef,
        GetRepositoryPolicyRequestTypeDef,
        PutLifecyclePolicyRequestTypeDef,
        SetRepositoryPolicyRequestTypeDef,
    )


async def put_lifecycle_policy(call: Call, request: PutLifecyclePolicyRequestTypeDef) -> Answer:
    text = _json(request["lifecyclePolicyText"], "lifecyclePolicyText")
    row = await _change(call, request["repositoryName"], lifecycle=text)
    return _lifecycle(row)


async def get_lifecycle_policy(call: Call, request: GetLifecyclePolicyRequestTypeDef) -> Answer:
    return _lifecycle(await _with_lifecycle(call, request["repositoryName"]))


async def delete_lifecycle_policy(call: Call, request: DeleteLifecyclePolicyRequestTypeDef) -> Answer:
    row = await _with_lifecycle(call, request["repositoryName"])
    await _change(call, row.name, lifecycle="")
    return _lifecycle(row)


async def set_repository_policy(call: Call, request: SetRepositoryPolicyRequestTypeDef) -> Answer:
    text = _json(request["policyText"], "policyText")
    return _policy(await _change(call, request["repositoryName"], policy=text))


async def get_repository_policy(call: Call, request: GetRepositoryPolicyRequestTypeDef) -> Answer:
    return _policy(await _with_policy(call, request["repositoryName"]))


async def delete_repository_policy(call: Call, request: DeleteRepositoryPolicyRequestTypeDef) -> Answer:
    row = await _with_policy(call, request["repositoryName"])
    await _change(call, row.name, policy="")
    return _policy(row)


async def _change(
    call: Call, name: str, lifecycle: str | None = None, policy: str | None = None
) -> Repository:
    def change(tx: Tx) -> Repository:
        row = get_repository(tx, call, name)
        row = row if lifecycle is None else replace(row, lifecycle=lifecycle)
        row = row if policy is None else replace(row, policy=policy)
        REPOSITORIES.update(tx, row)
        return row

    return await call.store.write(change)


async def _with_lifecycle(call: Call, name: str) -> Repository:
    row = await call.store.read(lambda tx: get_repository(tx, call, name))
    if not row.lifecycle:
        raise LifecyclePolicyNotFoundException(
            f"Lifecycle policy does not exist for the repository with name '{name}'"
            f" in the registry with id '{call.account}'"
        )
    return row


async def _with_policy(call: Call, name: str) -> Repository:
    row = await call.store.read(lambda tx: get_repository(tx, call, name))
    if not row.policy:
        raise RepositoryPolicyNotFoundException(
            f"Repository policy does not exist for the repository with name '{name}'"
            f" in the registry with id '{call.account}'"
        )
    return row


def _json(text: str, member: str) -> str:
    try:
        json.loads(text)
    except ValueError:
        raise InvalidParameterException(f"Invalid parameter at '{member}' failed to satisfy constraint:"
                                        " 'is not valid JSON'") from None  # fmt: skip
    return text


def _lifecycle(row: Repository) -> Answer:
    return {"registryId": row.account, "repositoryName": row.name, "lifecyclePolicyText": row.lifecycle}


def _policy(row: Repository) -> Answer:
    return {"registryId": row.account, "repositoryName": row.name, "policyText": row.policy}
