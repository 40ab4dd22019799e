"""The values of metrics and of expressions over them, read from the store window by window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bambe.kernel.call import Tx
from bambe.services.cloudwatch import chains, expressions, tables
from bambe.services.cloudwatch.expressions import BadExpression, Series, Value
from bambe.services.cloudwatch.model import Metric, available, metric_of
from bambe.services.cloudwatch.points import Point

Windows = dict[int, tuple[Point, str]]


@dataclass(frozen=True, slots=True)
class Query:
    """One metric with its statistic, or one expression; ids as `MetricDataQuery` has them."""

    id: str
    metric: Metric | None = None
    statistic: str = ""
    period: int = 0
    unit: str = ""
    expression: str = ""


@dataclass(slots=True)
class Reader:
    """Reads windows of `width` seconds that begin from `first` until before `end`, in one transaction.

    `now`: those that AWS no longer has by then are left out; None for all.
    """

    tx: Tx
    account: str
    region: str
    first: int
    end: int
    now: int | None = None
    counts: dict[int, float] = field(default_factory=dict)
    _read: dict[tuple[int, int, str], Windows] = field(default_factory=dict)

    def grid(self, width: int) -> range:
        """The beginnings of the windows."""
        return windows(self.first, self.end, width, self.now)

    def metric(self, query: Query, width: int) -> dict[int, float]:
        """A metric's statistic by window, where it has values."""
        if query.metric is None:
            return {}
        number = tables.find_series(self.tx, self.account, self.region, query.metric)
        if number is None:
            return {}
        found: dict[int, float] = {}
        for at, (point, _) in self._points(number, width, query.unit).items():
            value = point.statistic(query.statistic)
            if value is not None:
                found[at] = value
                self.counts[at] = point.count
        return found

    def _points(self, number: int, width: int, unit: str) -> Windows:
        """Read once, however many statistics of them are wanted."""
        key = (number, width, unit)
        if key not in self._read:
            grid = self.grid(width)
            self._read[key] = tables.windows(self.tx, number, grid.start, self.end, width, unit)
        return self._read[key]


def windows(first: int, end: int, width: int, now: int | None) -> range:
    """The beginnings of the windows from `first` until before `end`; of those AWS still has at `now`."""
    start = first if now is None else max(first, now - available(width))
    return range(start - start % width, end, width)


def as_series(value: Value, grid: Sequence[int]) -> dict[int, float]:
    """The one series that an alarm or an answer needs; a number is one at every window."""
    if isinstance(value, tuple):
        raise BadExpression("the expression gives a list of series where one is needed")
    return dict.fromkeys(grid, value) if isinstance(value, float) else dict(value)


def query_of(said: Mapping[str, Any]) -> Query:
    """A `MetricDataQuery`."""
    stat = said.get("MetricStat")
    if stat is None:
        return Query(said["Id"], expression=said.get("Expression", ""), period=said.get("Period") or 0)
    return Query(
        said["Id"],
        metric=metric_of(stat["Metric"]),
        statistic=stat["Stat"],
        period=stat["Period"],
        unit=stat.get("Unit") or "",
    )


def period_of(query: Query, queries: Mapping[str, Query]) -> int:
    """The period of a query: an expression's own, or the longest of what it is made of."""
    if query.metric is not None or query.period:
        return query.period
    return max((one.period for one in queries.values() if one.metric is not None), default=60)


class Reading:
    """The values of queries, each calculated once; `widths` are the windows of each by its id."""

    def __init__(self, reader: Reader, queries: Sequence[Query], widths: Mapping[str, int]) -> None:
        self._reader = reader
        self._queries = {one.id: one for one in queries}
        self._widths = widths
        self._below = below(queries)
        self._order = {id: number for number, id in enumerate(chains.in_order(self._below))}
        self._known: dict[str, Value] = {}

    def value(self, id: str) -> Value:
        """The value of one; BadExpression."""
        for one in self._needed(id):
            if one not in self._known:
                self._known[one] = self._calculated(self._queries[one])
        return self._known[id]

    def _needed(self, id: str) -> list[str]:
        """The query and all it is made of, each after what it is made of itself."""
        found = {id: None}
        for one in (todo := [id]):
            if one not in self._order:
                known = one in self._queries
                raise BadExpression(
                    f"'{one}' is {'calculated from itself' if known else 'not the id of a query'}"
                )
            fresh = [other for other in self._below[one] if other not in found]
            found |= dict.fromkeys(fresh)
            todo += fresh
        return sorted(found, key=self._order.__getitem__)

    def _calculated(self, query: Query) -> Value:
        width = self._widths[query.id]
        if query.metric is not None:
            return self._reader.metric(query, width)
        node = expressions.read(query.expression)
        return expressions.calculate(node, self._known, self._reader.grid(width), self._metrics())

    def _metrics(self) -> list[Series]:
        """What METRICS() stands for, as far as it is read."""
        found = (self._known.get(one.id) for one in self._queries.values() if one.metric is not None)
        return [one for one in found if isinstance(one, Mapping)]


def below(queries: Sequence[Query]) -> dict[str, tuple[str, ...]]:
    """By its id, the ids of the queries that each is calculated from."""
    metrics = tuple(one.id for one in queries if one.metric is not None)
    found = {}
    for one in queries:
        ids = expressions.read(one.expression).ids() if one.metric is None else frozenset()
        found[one.id] = (*sorted(ids - {"*"}), *(metrics if "*" in ids else ()))
    return found
