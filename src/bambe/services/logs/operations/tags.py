"""Tags of log groups, by the group's name (as it was) or ARN (as it is)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.logs.checks import find_group, group_of_arn
from bambe.services.logs.errors import TooManyTagsException
from bambe.services.logs.tables import GROUPS

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import (
        ListTagsForResourceRequestTypeDef,
        ListTagsLogGroupRequestTypeDef,
        TagLogGroupRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagLogGroupRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

MOST = 50


async def tag_log_group(call: Call, request: TagLogGroupRequestTypeDef) -> Answer:
    await _change(call, request["logGroupName"], request["tags"], ())
    return {}


async def untag_log_group(call: Call, request: UntagLogGroupRequestTypeDef) -> Answer:
    await _change(call, request["logGroupName"], {}, request["tags"])
    return {}


async def list_tags_log_group(call: Call, request: ListTagsLogGroupRequestTypeDef) -> Answer:
    return {"tags": await _tags(call, request["logGroupName"])}


async def tag_resource(call: Call, request: TagResourceRequestTypeDef) -> Answer:
    await _change(call, group_of_arn(call, request["resourceArn"]), request["tags"], ())
    return {}


async def untag_resource(call: Call, request: UntagResourceRequestTypeDef) -> Answer:
    await _change(call, group_of_arn(call, request["resourceArn"]), {}, request["tagKeys"])
    return {}


async def list_tags_for_resource(call: Call, request: ListTagsForResourceRequestTypeDef) -> Answer:
    return {"tags": await _tags(call, group_of_arn(call, request["resourceArn"]))}


async def _tags(call: Call, name: str) -> dict[str, str]:
    return await call.store.read(lambda tx: find_group(tx, call, name).tags)


async def _change(call: Call, name: str, added: Mapping[str, str], removed: Iterable[str]) -> None:
    gone = set(removed)

    def write(tx: Tx) -> None:
        group = find_group(tx, call, name)
        tags = {key: value for key, value in {**group.tags, **added}.items() if key not in gone}
        if len(tags) > MOST:
            raise TooManyTagsException(f"A resource can have at most {MOST} tags.", resourceName=group.arn)
        GROUPS.update(tx, replace(group, tags=tags))

    await call.store.write(write)
