"""DescribeSecret, ListSecrets and the tags of secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.tags import to_dict, to_list
from bambe.services.secretsmanager import lookup
from bambe.services.secretsmanager.filters import matches
from bambe.services.secretsmanager.model import Secret
from bambe.services.secretsmanager.operations.secrets import checked_tags
from bambe.services.secretsmanager.tables import SECRETS, versions

if TYPE_CHECKING:
    from types_boto3_secretsmanager.type_defs import (
        DescribeSecretRequestTypeDef,
        ListSecretsRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

Stages = dict[str, list[str]]


async def describe_secret(call: Call, request: DescribeSecretRequestTypeDef) -> Answer:
    def describe(tx: Tx) -> Answer:
        row = lookup.get(tx, call, request["SecretId"], deleted=True)
        return _shown(row) | {"VersionIdsToStages": _stages(tx, row)}

    return await call.store.read(describe)


async def list_secrets(call: Call, request: ListSecretsRequestTypeDef) -> Answer:
    by_name = request.get("SortBy", "created-date") == "name"
    by_change = request.get("SortBy") == "last-changed-date"

    def find(tx: Tx) -> list[Answer]:
        rows = [
            row
            for row in SECRETS.list(tx, account=call.account, region=call.region)
            if (row.deleted_at is None or request.get("IncludePlannedDeletion"))
            and matches(row, request.get("Filters") or ())
        ]
        if not by_name:
            rows.sort(key=lambda row: row.changed_at if by_change else row.created_at)
        if request.get("SortOrder", "desc") == "desc":
            rows.reverse()
        return [_shown(row) | {"SecretVersionsToStages": _stages(tx, row)} for row in rows]

    some, token = lookup.pages(await call.store.read(find), request)
    answer: Answer = {"SecretList": some}
    return answer | ({"NextToken": token} if token else {})


async def tag_resource(call: Call, request: TagResourceRequestTypeDef) -> Answer:
    await _change(call, request["SecretId"], to_dict(request["Tags"]), ())
    return {}


async def untag_resource(call: Call, request: UntagResourceRequestTypeDef) -> Answer:
    await _change(call, request["SecretId"], {}, request["TagKeys"])
    return {}


async def _change(call: Call, secret: str, added: Mapping[str, str], removed: Iterable[str]) -> None:
    gone = set(removed)

    def change(tx: Tx) -> None:
        row = lookup.get(tx, call, secret)
        tags = {key: value for key, value in {**row.tags, **added}.items() if key not in gone}
        SECRETS.update(tx, replace(row, tags=checked_tags(tags)))

    await call.store.write(change)


def _stages(tx: Tx, row: Secret) -> Stages:
    return {version.id: version.stages for version in versions(tx, row) if version.stages}


def _shown(row: Secret) -> Answer:
    return {
        "ARN": row.arn,
        "Name": row.name,
        "CreatedDate": row.created_at,
        "LastChangedDate": row.changed_at,
        "Tags": to_list(row.tags),
        **({"Description": row.description} if row.description else {}),
        **({"KmsKeyId": row.key_id} if row.key_id else {}),
        **({"DeletedDate": row.delete_at} if row.delete_at else {}),
    }
