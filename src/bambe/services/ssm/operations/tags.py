"""Tags of parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.tags import to_dict, to_list
from bambe.services.ssm import lookup
from bambe.services.ssm.checks import checked_tags
from bambe.services.ssm.errors import InvalidResourceId
from bambe.services.ssm.model import Parameter
from bambe.services.ssm.tables import PARAMETERS

if TYPE_CHECKING:
    from types_boto3_ssm.type_defs import (
        AddTagsToResourceRequestTypeDef,
        ListTagsForResourceRequestTypeDef,
        RemoveTagsFromResourceRequestTypeDef,
    )


async def add_tags_to_resource(call: Call, request: AddTagsToResourceRequestTypeDef) -> Answer:
    _only_parameters(request["ResourceType"])
    await _change(call, request["ResourceId"], to_dict(request["Tags"]), ())
    return {}


async def remove_tags_from_resource(call: Call, request: RemoveTagsFromResourceRequestTypeDef) -> Answer:
    _only_parameters(request["ResourceType"])
    await _change(call, request["ResourceId"], {}, request["TagKeys"])
    return {}


async def list_tags_for_resource(call: Call, request: ListTagsForResourceRequestTypeDef) -> Answer:
    _only_parameters(request["ResourceType"])
    row = await call.store.read(lambda tx: _find(tx, call, request["ResourceId"]))
    return {"TagList": to_list(row.tags)}


async def _change(call: Call, name: str, added: Mapping[str, str], removed: Iterable[str]) -> None:
    gone = set(removed)

    def change(tx: Tx) -> None:
        row = _find(tx, call, name)
        tags = {key: value for key, value in {**row.tags, **added}.items() if key not in gone}
        PARAMETERS.update(tx, replace(row, tags=checked_tags(tags)))

    await call.store.write(change)


def _find(tx: Tx, call: Call, name: str) -> Parameter:
    row = lookup.find(tx, call, name)
    if row is None:
        raise InvalidResourceId("The resource ID is not valid. Verify that you entered the correct ID.")
    return row


def _only_parameters(kind: str) -> None:
    if kind != "Parameter":
        raise NotImplementedByBambe(f"Bambe has none of Systems Manager but parameters, so no {kind}.")
