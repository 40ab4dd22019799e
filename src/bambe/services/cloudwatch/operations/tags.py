"""Tags of alarms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.arn import Arn
from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.tags import to_dict, to_list
from bambe.services.cloudwatch import checks
from bambe.services.cloudwatch.errors import InvalidParameterValueException, ResourceNotFoundException
from bambe.services.cloudwatch.model import Alarm
from bambe.services.cloudwatch.tables import ALARMS

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import (
        ListTagsForResourceInputTypeDef,
        TagResourceInputTypeDef,
        UntagResourceInputTypeDef,
    )


async def tag_resource(call: Call, request: TagResourceInputTypeDef) -> Answer:
    def write(tx: Tx) -> None:
        row = _find(tx, call, request["ResourceARN"])
        ALARMS.update(tx, replace(row, tags=checks.tags({**row.tags, **to_dict(request["Tags"])})))

    await call.store.write(write)
    return {}


async def untag_resource(call: Call, request: UntagResourceInputTypeDef) -> Answer:
    def write(tx: Tx) -> None:
        row = _find(tx, call, request["ResourceARN"])
        kept = {key: value for key, value in row.tags.items() if key not in request["TagKeys"]}
        ALARMS.update(tx, replace(row, tags=kept))

    await call.store.write(write)
    return {}


async def list_tags_for_resource(call: Call, request: ListTagsForResourceInputTypeDef) -> Answer:
    row = await call.store.read(lambda tx: _find(tx, call, request["ResourceARN"]))
    return {"Tags": to_list(row.tags)}


def _find(tx: Tx, call: Call, arn: str) -> Alarm:
    try:
        resource = Arn.parse(arn).resource
    except ValueError:
        raise InvalidParameterValueException(f"{arn} is not an ARN.") from None
    kind, _, name = resource.partition(":")
    if kind != "alarm":
        raise NotImplementedByBambe("Bambe has none of CloudWatch's resources with tags but alarms.")
    row = ALARMS.find(tx, call.account, call.region, name)
    if row is None or row.arn != arn:
        raise ResourceNotFoundException(arn)
    return row
