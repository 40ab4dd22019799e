"""Finding secrets by name, ARN or an ARN without its last six characters; versions by id and stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from bambe.kernel.arn import Arn, is_arn
from bambe.kernel.call import Call, Tx
from bambe.kernel.pages import page
from bambe.services.secretsmanager.errors import (
    InvalidNextTokenException,
    InvalidRequestException,
    ResourceNotFoundException,
)
from bambe.services.secretsmanager.model import CURRENT, Secret, Version
from bambe.services.secretsmanager.tables import SECRETS, versions

Item = TypeVar("Item")
SUFFIX = 7
"""Characters of a dash and AWS's six random ones."""


def find(tx: Tx, call: Call, said: str) -> Secret | None:
    """The secret that `said` names, deleted or not."""
    if not is_arn(said):
        return SECRETS.find(tx, call.account, call.region, said)
    arn = Arn.parse(said)
    if (arn.service, arn.account, arn.region) != ("secretsmanager", call.account, call.region):
        return None
    name = arn.resource.removeprefix("secret:")
    whole = SECRETS.find(tx, call.account, call.region, name[:-SUFFIX])
    if whole is not None and whole.arn == said:
        return whole
    return SECRETS.find(tx, call.account, call.region, name)


def name_in(said: str) -> str:
    """The name in what a secret that does not exist was called."""
    return Arn.parse(said).resource.removeprefix("secret:")[:-SUFFIX] if is_arn(said) else said


def get(tx: Tx, call: Call, said: str, *, deleted: bool = False) -> Secret:
    """The secret; ResourceNotFoundException. A deleted one, unless asked for: InvalidRequestException."""
    row = find(tx, call, said)
    if row is None:
        raise ResourceNotFoundException()
    if row.deleted_at is not None and not deleted:
        raise InvalidRequestException(
            "You can't perform this operation on the secret because it was marked for deletion."
        )
    return row


def version(tx: Tx, row: Secret, version_id: str, stage: str) -> Version:
    """The version of an id, a stage, or both; the current one where neither is given."""
    rows = versions(tx, row)
    if version_id:
        found = next((one for one in rows if one.id == version_id), None)
        if found is not None and stage and stage not in found.stages:
            raise InvalidRequestException(
                "You provided a VersionStage that is not associated to the provided VersionId."
            )
        what = f"VersionId: {version_id}"
    else:
        found = next((one for one in rows if (stage or CURRENT) in one.stages), None)
        what = f"staging label: {stage or CURRENT}"
    if found is None:
        raise ResourceNotFoundException(f"Secrets Manager can't find the specified secret value for {what}")
    return found


def pages(items: list[Item], request: Mapping[str, Any], most: int = 100) -> tuple[list[Item], str | None]:
    """One page of an answer; InvalidNextTokenException."""
    try:
        return page(items, request.get("NextToken"), request.get("MaxResults") or most)
    except ValueError:
        raise InvalidNextTokenException("Invalid NextToken.") from None
