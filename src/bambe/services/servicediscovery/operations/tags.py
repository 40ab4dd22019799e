"""Tags of namespaces and services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.tags import to_dict, to_list
from bambe.services.servicediscovery import lookup
from bambe.services.servicediscovery.errors import (
    NamespaceNotFound,
    ResourceNotFoundException,
    ServiceNotFound,
    TooManyTagsException,
)
from bambe.services.servicediscovery.model import Namespace, Service
from bambe.services.servicediscovery.tables import NAMESPACES, SERVICES

if TYPE_CHECKING:
    from types_boto3_servicediscovery.type_defs import (
        ListTagsForResourceRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

MAX_TAGS = 50


async def tag_resource(call: Call, request: TagResourceRequestTypeDef) -> Answer:
    fresh = to_dict(request["Tags"])
    await _change(call, request["ResourceARN"], lambda tags: {**tags, **fresh})
    return {}


async def untag_resource(call: Call, request: UntagResourceRequestTypeDef) -> Answer:
    gone = set(request["TagKeys"])
    await _change(
        call,
        request["ResourceARN"],
        lambda tags: {key: value for key, value in tags.items() if key not in gone},
    )
    return {}


async def list_tags_for_resource(call: Call, request: ListTagsForResourceRequestTypeDef) -> Answer:
    row = await call.store.read(lambda tx: _find(tx, call, request["ResourceARN"]))
    return {"Tags": to_list(row.tags)}


async def _change(call: Call, arn: str, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    def write(tx: Tx) -> None:
        row = _find(tx, call, arn)
        tags = change(row.tags)
        if len(tags) > MAX_TAGS:
            raise TooManyTagsException(f"A resource can have at most {MAX_TAGS} tags", ResourceName=arn)
        if isinstance(row, Namespace):
            NAMESPACES.update(tx, replace(row, tags=tags))
        else:
            SERVICES.update(tx, replace(row, tags=tags))

    await call.store.write(write)


def _find(tx: Tx, call: Call, arn: str) -> Namespace | Service:
    find = lookup.namespace if ":namespace/" in arn else lookup.service
    try:
        return find(tx, call, arn)
    except (NamespaceNotFound, ServiceNotFound) as error:
        raise ResourceNotFoundException(f"Resource not found: {arn}") from error
