"""What many of EC2's requests have in common: tags for what is made, and lists by ids, filters and pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.ids import hex_id
from bambe.kernel.tags import to_dict
from bambe.services.ec2.errors import InvalidParameterValue
from bambe.services.ec2.filters import Fields, filtered, paged
from bambe.services.ec2.lookup import Kind

Row = TypeVar("Row", bound=Any)
MOST_TAGS = 50


def fresh_id(kind: Kind[Any]) -> str:
    """An id for a new one."""
    return f"{kind.prefix}{hex_id(17)}"


def tags_of(request: Any, kind: Kind[Any]) -> dict[str, str]:
    """The tags that a request gives to what it makes."""
    found: dict[str, str] = {}
    for one in request.get("TagSpecifications") or ():
        if one.get("ResourceType") != kind.resource:
            raise InvalidParameterValue(
                f"'{one.get('ResourceType')}' is not a valid taggable resource type for this operation."
            )
        found |= to_dict(one.get("Tags", ()))
    return checked_tags(found)


def checked_tags(tags: dict[str, str]) -> dict[str, str]:
    """Tags that a resource may have."""
    if len(tags) > MOST_TAGS:
        raise InvalidParameterValue(f"More than {MOST_TAGS} tags cannot be set on a resource.")
    return tags


async def described(
    call: Call,
    request: Any,
    kind: Kind[Row],
    members: tuple[str, str],
    fields: Fields[Row],
    shape: Callable[[Tx, Row], Answer],
) -> Answer:
    """An answer to DescribeX: `members` are those of the wanted ids and of the answer."""

    def read(tx: Tx) -> list[Answer]:
        wanted = request.get(members[0])
        rows = [kind.get(tx, call, one) for one in dict.fromkeys(wanted)] if wanted else kind.rows(tx, call)
        filters = request.get("Filters") or request.get("Filter")
        return [shape(tx, row) for row in filtered(rows, filters, fields)]

    return paged(members[1], await call.store.read(read), request)
