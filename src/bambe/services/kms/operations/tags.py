"""Tags of keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bambe.kernel.call import Answer, Call
from bambe.kernel.tags import to_list
from bambe.services.kms import lookup
from bambe.services.kms.errors import TagException
from bambe.services.kms.model import TAGS


async def tag_resource(call: Call, request: Mapping[str, Any]) -> Answer:
    fresh = {one["TagKey"]: one["TagValue"] for one in request["Tags"]}
    await lookup.change(
        call, request, lookup.kept, lambda row: replace(row, tags=checked_tags({**row.tags, **fresh}))
    )
    return {}


async def untag_resource(call: Call, request: Mapping[str, Any]) -> Answer:
    gone = set(request["TagKeys"])
    await lookup.change(
        call,
        request,
        lookup.kept,
        lambda row: replace(row, tags={key: said for key, said in row.tags.items() if key not in gone}),
    )
    return {}


async def list_resource_tags(call: Call, request: Mapping[str, Any]) -> Answer:
    row = await call.store.read(lambda tx: lookup.find(tx, call, request["KeyId"]))
    return lookup.paged("Tags", to_list(row.tags, "TagKey", "TagValue"), request, 50)


def checked_tags(tags: dict[str, str]) -> dict[str, str]:
    """Tags that a key may have."""
    if len(tags) > TAGS or any(key.startswith("aws:") for key in tags):
        raise TagException(f"A key can have at most {TAGS} tags, none of which begins with aws:.")
    return tags
