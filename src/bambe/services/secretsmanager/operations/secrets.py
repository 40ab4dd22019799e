"""Secrets: made, changed, deleted after a while, restored."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe, ValidationException
from bambe.kernel.tags import to_dict
from bambe.services.secretsmanager import lookup, values
from bambe.services.secretsmanager.errors import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceExistsException,
)
from bambe.services.secretsmanager.model import CURRENT, TAGS, Secret, Version
from bambe.services.secretsmanager.tables import SECRETS, VERSIONS, delete

if TYPE_CHECKING:
    from types_boto3_secretsmanager.type_defs import (
        CreateSecretRequestTypeDef,
        DeleteSecretRequestTypeDef,
        RestoreSecretRequestTypeDef,
        UpdateSecretRequestTypeDef,
    )

NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]{1,512}")
LETTERS = string.ascii_letters + string.digits
LEAST_DAYS, MOST_DAYS, DAYS = 7, 30, 30
ELSEWHERE = ("AddReplicaRegions", "ForceOverwriteReplicaSecret", "CrossAccountPrimaryARN", "Type")


async def create_secret(call: Call, request: CreateSecretRequestTypeDef) -> Answer:
    _check_supported(request)
    name = request["Name"]
    if not NAME.fullmatch(name):
        raise ValidationException(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following:"
            " -/_+=.@!"
        )
    with_value = values.has_value(request)
    tags = checked_tags(to_dict(request.get("Tags") or ()))

    def create(tx: Tx) -> tuple[Secret, Version | None]:
        known = SECRETS.find(tx, call.account, call.region, name)
        if known is not None:
            return known, _again(tx, call, known, request)
        row = _new(call, request, tags)
        SECRETS.insert(tx, row)
        return row, values.add(tx, call, row, request, [CURRENT]) if with_value else None

    row, version = await call.store.write(create)
    return _named(row, version)


async def update_secret(call: Call, request: UpdateSecretRequestTypeDef) -> Answer:
    _check_supported(request)
    with_value = values.has_value(request)

    def update(tx: Tx) -> tuple[Secret, Version | None]:
        row = lookup.get(tx, call, request["SecretId"])
        changed = replace(
            row,
            description=request.get("Description", row.description),
            key_id=request.get("KmsKeyId", row.key_id),
            changed_at=call.clock.now(),
        )
        SECRETS.update(tx, changed)
        return changed, values.add(tx, call, changed, request, [CURRENT]) if with_value else None

    row, version = await call.store.write(update)
    return _named(row, version)


async def delete_secret(call: Call, request: DeleteSecretRequestTypeDef) -> Answer:
    days, force = request.get("RecoveryWindowInDays"), request.get("ForceDeleteWithoutRecovery", False)
    if force and days is not None:
        raise InvalidParameterException(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
        )
    if days is not None and not LEAST_DAYS <= days <= MOST_DAYS:
        raise InvalidParameterException(
            f"The RecoveryWindowInDays value must be between {LEAST_DAYS} and {MOST_DAYS} days (inclusive)."
        )
    now = call.clock.now()

    def remove(tx: Tx) -> Secret:
        if force:
            return replace(_delete_at_once(tx, call, request["SecretId"]), delete_at=now)
        row = lookup.get(tx, call, request["SecretId"])
        gone = replace(
            row, deleted_at=now, delete_at=call.clock.after(timedelta(days=days if days else DAYS))
        )
        SECRETS.update(tx, gone)
        return gone

    row = await call.store.write(remove)
    return {"ARN": row.arn, "Name": row.name, "DeletionDate": row.delete_at}


async def restore_secret(call: Call, request: RestoreSecretRequestTypeDef) -> Answer:
    def restore(tx: Tx) -> Secret:
        row = lookup.get(tx, call, request["SecretId"], deleted=True)
        SECRETS.update(tx, replace(row, deleted_at=None, delete_at=None))
        return row

    return _named(await call.store.write(restore), None)


def _again(tx: Tx, call: Call, row: Secret, request: Mapping[str, Any]) -> Version | None:
    """The same creation once more is answered as the first; anything else finds the name taken."""
    if row.deleted_at is not None:
        raise InvalidRequestException(
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        )
    token = request.get("ClientRequestToken", "")
    version = VERSIONS.find(tx, row.account, row.region, row.name, token)
    if version is None or not values.has_value(request):
        raise ResourceExistsException(f"The operation failed because the secret {row.name} already exists.")
    return values.add(tx, call, row, request, [CURRENT])


def _delete_at_once(tx: Tx, call: Call, said: str) -> Secret:
    """Gone already is done, and so is what never was (Secrets Manager API, DeleteSecret)."""
    row = lookup.find(tx, call, said)
    if row is not None:
        delete(tx, row)
        return row
    name = lookup.name_in(said)
    return _new(call, {"Name": name}, {})


def checked_tags(tags: dict[str, str]) -> dict[str, str]:
    """Tags that a secret may have."""
    if len(tags) > TAGS:
        raise InvalidParameterException(f"The request exceeds the limit of {TAGS} tags per secret.")
    return tags


def _check_supported(request: Mapping[str, Any]) -> None:
    for member in ELSEWHERE:
        if request.get(member):
            raise NotImplementedByBambe(f"Bambe does not have {member} of secrets.")


def _new(call: Call, request: Mapping[str, Any], tags: dict[str, str]) -> Secret:
    now = call.clock.now()
    return Secret(
        account=call.account,
        region=call.region,
        name=request["Name"],
        suffix="".join(secrets.choice(LETTERS) for _ in range(6)),
        description=request.get("Description", ""),
        key_id=request.get("KmsKeyId", ""),
        tags=tags,
        created_at=now,
        changed_at=now,
    )


def _named(row: Secret, version: Version | None) -> Answer:
    answer: Answer = {"ARN": row.arn, "Name": row.name}
    return answer | ({"VersionId": version.id} if version else {})
