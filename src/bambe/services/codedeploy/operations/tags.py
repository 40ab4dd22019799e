"""Tags of applications and deployment groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel import tags
from bambe.kernel.arn import Arn
from bambe.kernel.call import Answer, Call, Tx
from bambe.services.codedeploy import lookups, tables
from bambe.services.codedeploy.errors import ArnNotSupportedException, InvalidArnException

if TYPE_CHECKING:
    from types_boto3_codedeploy.type_defs import (
        ListTagsForResourceInputTypeDef,
        TagResourceInputTypeDef,
        UntagResourceInputTypeDef,
    )

Tags = dict[str, str]


async def list_tags_for_resource(call: Call, request: ListTagsForResourceInputTypeDef) -> Answer:
    found = await call.store.read(lambda tx: _change(tx, call, request["ResourceArn"], None))
    return {"Tags": tags.to_list(found)}


async def tag_resource(call: Call, request: TagResourceInputTypeDef) -> Answer:
    new = tags.to_dict(request["Tags"])
    await call.store.write(lambda tx: _change(tx, call, request["ResourceArn"], lambda old: old | new))
    return {}


async def untag_resource(call: Call, request: UntagResourceInputTypeDef) -> Answer:
    gone = set(request["TagKeys"])

    def change(old: Tags) -> Tags:
        return {key: value for key, value in old.items() if key not in gone}

    await call.store.write(lambda tx: _change(tx, call, request["ResourceArn"], change))
    return {}


def _change(tx: Tx, call: Call, text: str, change: Callable[[Tags], Tags] | None) -> Tags:
    """The tags of what `text` names, after `change`."""
    try:
        arn = Arn.parse(text)
    except ValueError:
        raise InvalidArnException(text) from None
    kind, _, name = arn.resource.partition(":")
    if kind == "application" and name:
        row = lookups.application(tx, call, name)
        new = change(row.tags) if change else row.tags
        if change:
            tables.applications.update(tx, replace(row, tags=new))
        return new
    application, _, group = name.partition("/")
    if kind == "deploymentgroup" and group:
        found = lookups.group(tx, call, application, group)
        new = change(found.tags) if change else found.tags
        if change:
            tables.deployment_groups.update(tx, replace(found, tags=new))
        return new
    raise ArnNotSupportedException(text)
