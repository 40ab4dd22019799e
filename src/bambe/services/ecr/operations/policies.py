"""Lifecycle policies, which a loop follows, and repository policies, which are recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.ecr import lifecycle
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
    text = _checked(request["lifecyclePolicyText"])
    row = await _change(call, request["repositoryName"], lambda row: replace(row, lifecycle=text))
    return _lifecycle(row)


async def get_lifecycle_policy(call: Call, request: GetLifecyclePolicyRequestTypeDef) -> Answer:
    return _lifecycle(await _with_lifecycle(call, request["repositoryName"]))


async def delete_lifecycle_policy(call: Call, request: DeleteLifecyclePolicyRequestTypeDef) -> Answer:
    row = await _with_lifecycle(call, request["repositoryName"])
    await _change(call, row.name, lambda row: replace(row, lifecycle=""))
    return _lifecycle(row)


async def set_repository_policy(call: Call, request: SetRepositoryPolicyRequestTypeDef) -> Answer:
    text = _json(request["policyText"], "policyText")
    return _policy(await _change(call, request["repositoryName"], lambda row: replace(row, policy=text)))


async def get_repository_policy(call: Call, request: GetRepositoryPolicyRequestTypeDef) -> Answer:
    return _policy(await _with_policy(call, request["repositoryName"]))


async def delete_repository_policy(call: Call, request: DeleteRepositoryPolicyRequestTypeDef) -> Answer:
    row = await _with_policy(call, request["repositoryName"])
    await _change(call, row.name, lambda row: replace(row, policy=""))
    return _policy(row)


async def _change(call: Call, name: str, change: Callable[[Repository], Repository]) -> Repository:
    def write(tx: Tx) -> Repository:
        row = change(get_repository(tx, call, name))
        REPOSITORIES.update(tx, row)
        return row

    return await call.store.write(write)


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


def _checked(text: str) -> str:
    try:
        lifecycle.read(text)
    except lifecycle.BadPolicy as problem:
        raise InvalidParameterException(
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint:"
            f" 'Lifecycle policy validation failure: {problem}'"
        ) from None
    return text


def _lifecycle(row: Repository) -> Answer:
    return {"registryId": row.account, "repositoryName": row.name, "lifecyclePolicyText": row.lifecycle}


def _policy(row: Repository) -> Answer:
    return {"registryId": row.account, "repositoryName": row.name, "policyText": row.policy}
