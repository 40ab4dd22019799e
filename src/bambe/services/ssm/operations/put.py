"""PutParameter: a new parameter, or a new version of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import ValidationException
from bambe.kernel.tags import to_dict
from bambe.services.ssm import checks
from bambe.services.ssm.errors import (
    HierarchyTypeMismatchException,
    ParameterAlreadyExists,
    ParameterMaxVersionLimitExceeded,
)
from bambe.services.ssm.model import DEFAULT_KEY, SECURE, VERSIONS_KEPT, Parameter, Version
from bambe.services.ssm.tables import PARAMETERS, VERSIONS, latest, versions
from bambe.services.ssm.values import sealed

if TYPE_CHECKING:
    from types_boto3_ssm.type_defs import PutParameterRequestTypeDef


async def put_parameter(call: Call, request: PutParameterRequestTypeDef) -> Answer:
    checks.check_name(request["Name"])
    checks.check_kind(request)

    def put(tx: Tx) -> Version:
        row = PARAMETERS.find(tx, call.account, call.region, request["Name"])
        if row is None:
            return _create(tx, call, request)
        if not request.get("Overwrite"):
            raise ParameterAlreadyExists()
        return _overwrite(tx, call, request, row)

    made = await call.store.write(put)
    return {"Version": made.version, "Tier": made.tier}


def _create(tx: Tx, call: Call, request: Mapping[str, Any]) -> Version:
    if not request.get("Type"):
        raise ValidationException("A parameter type is required when you create a parameter.")
    tags = checks.checked_tags(to_dict(request.get("Tags") or ()))
    made = _version(call, request, None)
    PARAMETERS.insert(
        tx, Parameter(account=call.account, region=call.region, name=made.name, version=1, tags=tags)
    )
    VERSIONS.insert(tx, made)
    return made


def _overwrite(tx: Tx, call: Call, request: Mapping[str, Any], row: Parameter) -> Version:
    before = latest(tx, row)
    if request.get("Type", before.type) != before.type:
        raise HierarchyTypeMismatchException(
            f"The parameter {row.name} is of type {before.type}, and a parameter's type can't be changed."
        )
    made = _version(call, request, before)
    kept = versions(tx, row)
    for oldest in kept[: max(0, len(kept) + 1 - VERSIONS_KEPT)]:
        if oldest.labels:
            raise ParameterMaxVersionLimitExceeded(
                f"You attempted to create a new version of {row.name} by calling the PutParameter API with"
                f" the overwrite flag. Version {oldest.version}, the oldest version, can't be deleted because"
                " it has a label associated with it. Move the label to another version of the parameter, and"
                " try again."
            )
        VERSIONS.delete(tx, *VERSIONS.key_of(oldest))
    VERSIONS.insert(tx, made)
    PARAMETERS.update(
        tx,
        Parameter(account=row.account, region=row.region, name=row.name, version=made.version, tags=row.tags),
    )
    return made


def _version(call: Call, request: Mapping[str, Any], before: Version | None) -> Version:
    """The version that the request makes; description and pattern stay where it says nothing of them."""
    name, value = request["Name"], request["Value"]
    kind = request.get("Type") or (before.type if before else "")
    checks.check_type(kind, value, request.get("KeyId", ""))
    pattern = request.get("AllowedPattern", before.pattern if before else "")
    checks.check_pattern(pattern, value)
    number = before.version + 1 if before else 1
    key_id = request.get("KeyId") or (before.key_id if before else "") or DEFAULT_KEY
    return Version(
        account=call.account,
        region=call.region,
        name=name,
        version=number,
        type=kind,
        sealed=sealed(call, name, number, value),
        description=request.get("Description", before.description if before else ""),
        key_id=key_id if kind == SECURE else "",
        pattern=pattern,
        tier=checks.tier_of(request.get("Tier", ""), before.tier if before else "", value),
        modified_at=call.clock.now(),
        modified_by=call.caller.principal,
    )
