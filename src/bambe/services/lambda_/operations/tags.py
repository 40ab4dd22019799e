"""Tags of functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.lambda_ import lookup, tables


async def tag_resource(call: Call, request: Mapping[str, Any]) -> Answer:
    def write(tx: Tx) -> None:
        row = lookup.function(tx, call, request["Resource"])
        tables.functions.update(tx, replace(row, tags={**row.tags, **request["Tags"]}))

    await call.store.write(write)
    return {}


async def untag_resource(call: Call, request: Mapping[str, Any]) -> Answer:
    def write(tx: Tx) -> None:
        row = lookup.function(tx, call, request["Resource"])
        left = {key: value for key, value in row.tags.items() if key not in request["TagKeys"]}
        tables.functions.update(tx, replace(row, tags=left))

    await call.store.write(write)
    return {}


async def list_tags(call: Call, request: Mapping[str, Any]) -> Answer:
    row = await call.store.read(lambda tx: lookup.function(tx, call, request["Resource"]))
    return {"Tags": row.tags}
