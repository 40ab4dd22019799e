"""Tags of everything that is kept here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.tags import to_dict
from bambe.services.ec2.filters import filtered, paged
from bambe.services.ec2.lookup import KINDS, kind_of
from bambe.services.ec2.requests import checked_tags

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        ClientCreateTagsRequestTypeDef,
        ClientDeleteTagsRequestTypeDef,
        DescribeTagsRequestTypeDef,
    )

FIELDS: Any = {
    "key": lambda one: [one["Key"]],
    "resource-id": lambda one: [one["ResourceId"]],
    "resource-type": lambda one: [one["ResourceType"]],
    "value": lambda one: [one["Value"]],
}


async def create_tags(call: Call, request: ClientCreateTagsRequestTypeDef) -> Answer:
    fresh = to_dict(request["Tags"])

    def tag(tx: Tx) -> None:
        for id in request["Resources"]:
            kind = kind_of(id)
            row = kind.get(tx, call, id)
            kind.table.put(tx, replace(row, tags=checked_tags({**row.tags, **fresh})))

    await call.store.write(tag)
    return {}


async def delete_tags(call: Call, request: ClientDeleteTagsRequestTypeDef) -> Answer:
    """A tag that is said with a value goes only where it has that value; without tags, all go."""
    gone: Any = request.get("Tags")

    def untag(tx: Tx) -> None:
        for id in request["Resources"]:
            kind = kind_of(id)
            row = kind.get(tx, call, id)
            kept = {} if gone is None else dict(row.tags)
            for one in gone or ():
                if one.get("Value", kept.get(one["Key"])) == kept.get(one["Key"]):
                    kept.pop(one["Key"], None)
            kind.table.put(tx, replace(row, tags=kept))

    await call.store.write(untag)
    return {}


async def describe_tags(call: Call, request: DescribeTagsRequestTypeDef) -> Answer:
    def read(tx: Tx) -> list[Answer]:
        return [
            {"Key": key, "Value": value, "ResourceId": row.id, "ResourceType": kind.resource}
            for kind in KINDS
            for row in kind.rows(tx, call)
            for key, value in row.tags.items()
        ]

    found = filtered(await call.store.read(read), request.get("Filters"), FIELDS)
    return paged("Tags", found, request)
