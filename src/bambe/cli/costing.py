"""What a project costs on AWS, as lines for a person and as data; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from math import fsum
from typing import Any

from bambe.synth import Cost, Costs
from bambe.synth.prices import BY_USE, PRICES_AS_OF, REGION

Row = tuple[str, float, float, str]
"""A name, USD a month at least and at most, and what is said behind them."""


def cost_lines(costs: Costs, region: str, details: bool = False) -> list[str]:
    """A line for each service, then for what they share, and their sum; with `details` what each is made of.
    Then where the prices are from, and what is not in them. `region` is where the project runs."""
    rows = [row for name, items in _owners(costs) for row in _rows(name, items, details)]
    return [*_table([*rows, ("total", costs.total, costs.most, "a month")]), "", *_notes(costs, region)]


def as_data(costs: Costs) -> dict[str, Any]:
    """The same for programs: USD a month, exact to a hundredth of a cent."""
    return {
        "currency": "USD",
        "prices": {"region": REGION, "as_of": PRICES_AS_OF.isoformat()},
        "monthly": _exact(costs.total),
        "most": _exact(costs.most),
        "items": [_item(one) for one in costs.items],
        "per_release": {service: _exact(extra) for service, extra in costs.releases.items()},
        "by_use": list(BY_USE),
        "unpriced": list(costs.unpriced),
    }


def money(value: float) -> str:
    """USD with cents."""
    return f"${value:,.2f}"


def _item(cost: Cost) -> dict[str, Any]:
    return {
        "owner": cost.owner,
        "service": cost.is_service,
        "what": cost.what,
        "monthly": _exact(cost.monthly),
        "most": _exact(cost.most),
        "how": cost.how,
    }


def _exact(value: float) -> float:
    return round(value, 4)


def _owners(costs: Costs) -> Iterator[tuple[str, list[Cost]]]:
    for (_, name), items in groupby(costs.items, key=lambda one: (one.is_service, one.owner)):
        yield name, list(items)


def _rows(name: str, items: Sequence[Cost], details: bool) -> Iterator[Row]:
    yield name, fsum(one.monthly for one in items), fsum(one.most for one in items), ""
    if details:
        yield from ((f"  {one.what}", one.monthly, one.most, one.how) for one in items)


def _table(rows: Sequence[Row]) -> list[str]:
    name, least, most = (_width(texts) for texts in zip(*(_texts(row) for row in rows), strict=True))
    lines = []
    for row in rows:
        what, low, high = _texts(row)
        until = f" to {high:>{most}}" if high else " " * (most + 4 if most else 0)
        lines.append(f"{what:<{name}}  {low:>{least}}{until}  {row[-1]}".rstrip())
    return lines


def _texts(row: Row) -> tuple[str, str, str]:
    """The name, the least, and the most where it is another amount."""
    name, least, most, _ = row
    return name, money(least), money(most) if money(most) != money(least) else ""


def _width(texts: Iterable[str]) -> int:
    return max(map(len, texts))


def _notes(costs: Costs, region: str) -> Iterator[str]:
    elsewhere = "" if region == REGION else f"; {region} differs"
    yield f"List prices of {REGION}, on demand, as of {PRICES_AS_OF:%B %Y}{elsewhere}."
    yield f"Not in them, being by use: {', '.join(BY_USE)}."
    if costs.unpriced:
        yield f"Not in them, as their price is not known here: {', '.join(costs.unpriced)}."
    extra = max(costs.releases.values(), default=0.0)
    if extra:
        about = f"{'up to ' if len(costs.releases) > 1 else ''}about {money(extra)}"
        yield f"A release costs {about if extra >= 0.005 else 'less than $0.01'} more: both versions run."
