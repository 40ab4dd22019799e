"""EC2's Filters: every filter must match, any of its values, with `*` and `?`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from bambe.services.ec2.errors import InvalidParameterValue

Item = TypeVar("Item")
Fields = Mapping[str, Callable[[Item], Iterable[str]]]


def filtered(items: Iterable[Item], filters: Any, fields: Fields[Item]) -> list[Item]:
    """Those of `items` that pass; InvalidParameterValue for a filter that is not known."""
    found = list(items)
    for one in filters or ():
        name = one["Name"]
        if name not in fields:
            raise InvalidParameterValue(f"The filter '{name}' is invalid")
        read, wanted = fields[name], one.get("Values", ())
        found = [item for item in found if _hit(read(item), wanted)]
    return found


def _hit(values: Iterable[str], wanted: Iterable[str]) -> bool:
    return any(fnmatchcase(value, pattern) for value in values for pattern in wanted)
