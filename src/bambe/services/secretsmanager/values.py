"""Values on their way in and out: text or bytes, sealed in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.ids import uuid_id
from bambe.services.secretsmanager.errors import (
    InvalidParameterException,
    LimitExceededException,
    ResourceExistsException,
)
from bambe.services.secretsmanager.model import CURRENT, STAGES, VERSIONS_KEPT, Secret, Version, staged
from bambe.services.secretsmanager.tables import SECRETS, VERSIONS, update_all, versions
from bambe.store.sealing import seal, unseal


def has_value(request: Mapping[str, Any]) -> bool:
    """Whether the request brings a value; InvalidParameterException for two."""
    if request.get("SecretString") is not None and request.get("SecretBinary") is not None:
        raise InvalidParameterException(
            "You can't specify both a binary secret value and a string secret value in the same secret."
        )
    return request.get("SecretString") is not None or request.get("SecretBinary") is not None


def add(tx: Tx, call: Call, row: Secret, request: Mapping[str, Any], stages: Iterable[str]) -> Version:
    """A new version with the request's value; the same request again answers the same version."""
    version_id = request.get("ClientRequestToken") or uuid_id()
    before = versions(tx, row)
    known = next((one for one in before if one.id == version_id), None)
    if known is not None:
        if opened(call, known) != _bytes(request) or known.is_binary != _is_binary(request):
            raise ResourceExistsException(
                f"You can't use ClientRequestToken {version_id} because that value is already in use for a"
                f" version of secret {row.arn}."
            )
        return known
    wanted = list(dict.fromkeys([*stages, *([] if before else [CURRENT])]))
    if len(wanted) > STAGES:
        raise LimitExceededException(f"A version can have at most {STAGES} staging labels.")
    made = Version(
        account=row.account,
        region=row.region,
        name=row.name,
        id=version_id,
        sealed=seal(call.site.state, _place(row.account, row.region, row.name, version_id), _bytes(request)),
        is_binary=_is_binary(request),
        created_at=call.clock.now(),
    )
    VERSIONS.insert(tx, made)
    after = staged([*before, made], version_id, wanted)
    update_all(tx, after)
    _make_room(tx, after)
    SECRETS.update(tx, replace(row, changed_at=call.clock.now()))
    return next(one for one in after if one.id == version_id)


def opened(call: Call, row: Version) -> bytes:
    """A version's value."""
    return unseal(call.site.state, _place(row.account, row.region, row.name, row.id), row.sealed)


def shown(call: Call, row: Secret, version: Version) -> Answer:
    """The answer of GetSecretValue."""
    value = opened(call, version)
    return {
        "ARN": row.arn,
        "Name": row.name,
        "VersionId": version.id,
        "VersionStages": version.stages,
        "CreatedDate": version.created_at,
        **({"SecretBinary": value} if version.is_binary else {"SecretString": value.decode()}),
    }


def _make_room(tx: Tx, rows: list[Version]) -> None:
    """Deprecated versions go when there are too many, the oldest first."""
    surplus = len(rows) - VERSIONS_KEPT
    deprecated = [row for row in rows if not row.stages]
    if surplus > len(deprecated):
        raise LimitExceededException(
            f"A secret can have at most {VERSIONS_KEPT} versions with staging labels."
        )
    for row in deprecated[: max(0, surplus)]:
        VERSIONS.delete(tx, *VERSIONS.key_of(row))


def _is_binary(request: Mapping[str, Any]) -> bool:
    return request.get("SecretBinary") is not None


def _bytes(request: Mapping[str, Any]) -> bytes:
    if _is_binary(request):
        return bytes(request["SecretBinary"])
    return str(request["SecretString"]).encode()


def _place(account: str, region: str, name: str, version_id: str) -> str:
    return f"arn:aws:secretsmanager:{region}:{account}:secret:{name}:{version_id}"
