"""Tags of topics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.tags import to_dict, to_list
from bambe.services.sns import lookup
from bambe.services.sns.errors import ResourceNotFoundException, TagLimitExceededException
from bambe.services.sns.tables import TOPICS

MOST = 50


async def tag_resource(call: Call, request: Mapping[str, Any]) -> Answer:
    def write(tx: Tx) -> None:
        row = lookup.topic(tx, call, request["ResourceArn"], ResourceNotFoundException)
        tags = {**row.tags, **to_dict(request["Tags"])}
        if len(tags) > MOST:
            raise TagLimitExceededException("Could not complete request: tag quota of per resource exceeded")
        TOPICS.update(tx, replace(row, tags=tags))

    await call.store.write(write)
    return {}


async def untag_resource(call: Call, request: Mapping[str, Any]) -> Answer:
    gone = set(request["TagKeys"])

    def write(tx: Tx) -> None:
        row = lookup.topic(tx, call, request["ResourceArn"], ResourceNotFoundException)
        kept = {key: value for key, value in row.tags.items() if key not in gone}
        TOPICS.update(tx, replace(row, tags=kept))

    await call.store.write(write)
    return {}


async def list_tags_for_resource(call: Call, request: Mapping[str, Any]) -> Answer:
    row = await call.store.read(
        lambda tx: lookup.topic(tx, call, request["ResourceArn"], ResourceNotFoundException)
    )
    return {"Tags": to_list(row.tags)}
