"""Tags of scalable targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.application_autoscaling.errors import ResourceNotFoundException
from bambe.services.application_autoscaling.model import Target
from bambe.services.application_autoscaling.tables import TARGETS

if TYPE_CHECKING:
    from types_boto3_application_autoscaling.type_defs import (
        ListTagsForResourceRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

Tags = dict[str, str]


async def tag_resource(call: Call, request: TagResourceRequestTypeDef) -> Answer:
    fresh = dict(request["Tags"])
    return await _change(call, request["ResourceARN"], lambda tags: {**tags, **fresh})


async def untag_resource(call: Call, request: UntagResourceRequestTypeDef) -> Answer:
    gone = set(request["TagKeys"])
    return await _change(
        call, request["ResourceARN"], lambda tags: {key: tags[key] for key in tags if key not in gone}
    )


async def list_tags_for_resource(call: Call, request: ListTagsForResourceRequestTypeDef) -> Answer:
    row = await call.store.read(lambda tx: _of_arn(tx, call, request["ResourceARN"]))
    return {"Tags": row.tags}


async def _change(call: Call, arn: str, change: Callable[[Tags], Tags]) -> Answer:
    def write(tx: Tx) -> None:
        row = _of_arn(tx, call, arn)
        TARGETS.update(tx, replace(row, tags=change(row.tags)))

    await call.store.write(write)
    return {}


def _of_arn(tx: Tx, call: Call, arn: str) -> Target:
    rows = TARGETS.list(tx, account=call.account, region=call.region)
    found = next((row for row in rows if row.arn == arn), None)
    if found is None:
        raise ResourceNotFoundException(f"Resource not found: {arn}")
    return found
