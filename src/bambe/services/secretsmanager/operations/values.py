"""Values: put, got, moved between stages, listed; and random ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import AwsError, NotImplementedByBambe
from bambe.services.secretsmanager import lookup, values
from bambe.services.secretsmanager.errors import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceNotFoundException,
)
from bambe.services.secretsmanager.filters import matches
from bambe.services.secretsmanager.model import CURRENT, Secret, Version, staged
from bambe.services.secretsmanager.passwords import password
from bambe.services.secretsmanager.tables import SECRETS, update_all, versions

if TYPE_CHECKING:
    from types_boto3_secretsmanager.type_defs import (
        BatchGetSecretValueRequestTypeDef,
        GetRandomPasswordRequestTypeDef,
        GetSecretValueRequestTypeDef,
        ListSecretVersionIdsRequestTypeDef,
        PutSecretValueRequestTypeDef,
        UpdateSecretVersionStageRequestTypeDef,
    )

Found = tuple[Secret, Version]


async def put_secret_value(call: Call, request: PutSecretValueRequestTypeDef) -> Answer:
    if request.get("RotationToken"):
        raise NotImplementedByBambe("Bambe does not rotate secrets.")
    if not values.has_value(request):
        raise InvalidRequestException("You must provide either SecretString or SecretBinary.")

    def put(tx: Tx) -> Found:
        row = lookup.get(tx, call, request["SecretId"])
        return row, values.add(tx, call, row, request, request.get("VersionStages") or [CURRENT])

    row, version = await call.store.write(put)
    return {"ARN": row.arn, "Name": row.name, "VersionId": version.id, "VersionStages": version.stages}


async def get_secret_value(call: Call, request: GetSecretValueRequestTypeDef) -> Answer:
    row, version = await call.store.read(lambda tx: _find(tx, call, request))
    return values.shown(call, row, version)


async def batch_get_secret_value(call: Call, request: BatchGetSecretValueRequestTypeDef) -> Answer:
    named, filters = request.get("SecretIdList"), request.get("Filters")
    if bool(named) == bool(filters):
        raise InvalidParameterException("Either 'SecretIdList' or 'Filters' must be provided, but not both.")

    def find(tx: Tx) -> list[str]:
        rows = SECRETS.list(tx, account=call.account, region=call.region)
        return [row.name for row in rows if row.deleted_at is None and matches(row, filters or ())]

    wanted = list(named) if named else await call.store.read(find)
    some, token = lookup.pages(wanted, request, 20)
    found: list[Answer] = []
    errors: list[Answer] = []
    for each in some:
        try:
            found.append(await get_secret_value(call, {"SecretId": each}))
        except (ResourceNotFoundException, InvalidRequestException) as error:
            errors.append(_failure(each, error))
    answer: Answer = {"SecretValues": found, "Errors": errors}
    return answer | ({"NextToken": token} if token else {})


async def list_secret_version_ids(call: Call, request: ListSecretVersionIdsRequestTypeDef) -> Answer:
    def find(tx: Tx) -> tuple[Secret, list[Version]]:
        row = lookup.get(tx, call, request["SecretId"], deleted=True)
        return row, [v for v in versions(tx, row) if v.stages or request.get("IncludeDeprecated")]

    row, rows = await call.store.read(find)
    some, token = lookup.pages(rows, request)
    shown = [_listed(version) for version in some]
    answer: Answer = {"ARN": row.arn, "Name": row.name, "Versions": shown}
    return answer | ({"NextToken": token} if token else {})


async def update_secret_version_stage(call: Call, request: UpdateSecretVersionStageRequestTypeDef) -> Answer:
    stage = request["VersionStage"]
    source, target = request.get("RemoveFromVersionId", ""), request.get("MoveToVersionId", "")

    def move(tx: Tx) -> Secret:
        row = lookup.get(tx, call, request["SecretId"])
        rows = versions(tx, row)
        holder = next((version.id for version in rows if stage in version.stages), "")
        _check_move(stage, holder, source, target)
        if target and all(version.id != target for version in rows):
            raise ResourceNotFoundException(
                f"Secrets Manager can't find the specified secret value for VersionId: {target}"
            )
        if target:
            update_all(tx, staged(rows, target, [stage]))
        else:
            update_all(tx, [replace(v, stages=[s for s in v.stages if s != stage]) for v in rows])
        SECRETS.update(tx, replace(row, changed_at=call.clock.now()))
        return row

    row = await call.store.write(move)
    return {"ARN": row.arn, "Name": row.name}


async def get_random_password(call: Call, request: GetRandomPasswordRequestTypeDef) -> Answer:
    return {"RandomPassword": password(request)}


def _find(tx: Tx, call: Call, request: Mapping[str, Any]) -> Found:
    row = lookup.get(tx, call, request["SecretId"])
    return row, lookup.version(tx, row, request.get("VersionId", ""), request.get("VersionStage", ""))


def _check_move(stage: str, holder: str, source: str, target: str) -> None:
    if stage == CURRENT and not target:
        raise InvalidParameterException(
            f"You can only move staging label {CURRENT} to a different secret version. It can’t be completely"
            " removed."
        )
    if holder and holder != target and not source:
        raise InvalidParameterException(
            f"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached"
            f" to version {holder}, so you must explicitly reference that version in RemoveFromVersionId."
        )
    if source and source != holder:
        raise InvalidParameterException(
            f"The staging label {stage} is not attached to version {source}, so it can't be removed from it."
        )
    if not source and not target:
        raise InvalidParameterException("Either RemoveFromVersionId or MoveToVersionId must be given.")


def _listed(version: Version) -> Answer:
    shown: Answer = {"VersionId": version.id, "CreatedDate": version.created_at}
    return shown | ({"VersionStages": version.stages} if version.stages else {})


def _failure(secret: str, error: AwsError) -> Answer:
    return {"SecretId": secret, "ErrorCode": error.wire_code(), "Message": error.message}
