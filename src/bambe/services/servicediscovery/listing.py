"""Filters and pages, as all of Cloud Map's lists have them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from bambe.kernel.call import Answer
from bambe.kernel.pages import page
from bambe.services.servicediscovery.errors import InvalidInput

Row = TypeVar("Row")
Field = Callable[[Row], str]
SIZE = 100


def filtered(
    rows: Iterable[Row],
    filters: Sequence[Any],
    fields: Mapping[str, Field[Row]],
    conditions: Mapping[str, tuple[str, ...]],
) -> list[Row]:
    """The rows that pass every filter; InvalidInput for a condition the filter's name does not know."""
    tests = [_test(one, fields, conditions) for one in filters]
    return [row for row in rows if all(test(row) for test in tests)]


def _test(
    given: Any, fields: Mapping[str, Field[Row]], conditions: Mapping[str, tuple[str, ...]]
) -> Callable[[Row], bool]:
    name, values = given["Name"], list(given["Values"])
    condition = given.get("Condition", "EQ")
    if condition not in conditions.get(name, ("EQ",)):
        raise InvalidInput(f"The condition {condition} is not supported for the filter {name}")
    wanted = {"EQ": 1, "BEGINS_WITH": 1, "BETWEEN": 2}.get(condition, len(values))
    if len(values) != wanted:
        raise InvalidInput(f"The filter {name} with the condition {condition} takes {wanted} value(s)")
    field = fields[name]
    if condition == "BEGINS_WITH":
        return lambda row: field(row).startswith(values[0])
    if condition == "BETWEEN":
        low, high = (_number(value) for value in values)
        return lambda row: low <= float(field(row)) <= high
    return lambda row: field(row) in values


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"'{text}' is not a time in seconds since 1970") from None


def paged(member: str, items: Sequence[Any], request: Any) -> Answer:
    """An answer with one page of `items` under `member`."""
    try:
        part, token = page(items, request.get("NextToken"), request.get("MaxResults", SIZE))
    except ValueError:
        raise InvalidInput("NextToken is not valid") from None
    return {member: part, **({"NextToken": token} if token else {})}
