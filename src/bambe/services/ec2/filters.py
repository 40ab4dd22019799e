"""EC2's Filters and pages: every filter must match, any of its values, with `*` and `?`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from bambe.kernel.call import Answer
from bambe.kernel.pages import page
from bambe.services.ec2.errors import InvalidPaginationToken, InvalidParameterValue

Item = TypeVar("Item")
Fields = Mapping[str, Callable[[Item], Iterable[str]]]
TAG = "tag:"


def filtered(items: Iterable[Item], filters: Any, fields: Fields[Item]) -> list[Item]:
    """Those of `items` that pass; InvalidParameterValue for a filter that is not known. Rows with `tags` can
    be found by them, too."""
    found = list(items)
    for one in filters or ():
        read = _field(one["Name"], fields)
        wanted = one.get("Values", ())
        found = [item for item in found if _hit(read(item), wanted)]
    return found


def paged(member: str, items: list[Answer], request: Any, most: int = 1000) -> Answer:
    """One page of an answer; InvalidPaginationToken."""
    try:
        some, token = page(items, request.get("NextToken"), request.get("MaxResults") or most)
    except ValueError:
        raise InvalidPaginationToken("The specified pagination token is not valid.") from None
    return {member: some, **({"NextToken": token} if token else {})}


def yes(value: bool) -> list[str]:
    """A truth as filters spell it."""
    return ["true" if value else "false"]


def _field(name: str, fields: Fields[Item]) -> Callable[[Item], Iterable[str]]:
    if name in fields:
        return fields[name]
    if name.startswith(TAG):
        key = name.removeprefix(TAG)
        return lambda item: [tags[key]] if key in (tags := _tags(item)) else []
    if name == "tag-key":
        return lambda item: list(_tags(item))
    if name == "tag-value":
        return lambda item: list(_tags(item).values())
    raise InvalidParameterValue(f"The filter '{name}' is invalid")


def _tags(item: Any) -> dict[str, str]:
    tags: dict[str, str] = getattr(item, "tags", {})
    return tags


def _hit(values: Iterable[str], wanted: Iterable[str]) -> bool:
    return any(fnmatchcase(value, pattern) for value in values for pattern in wanted)
