"""The values of metrics and of expressions over them, read from the store window by window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bambe.kernel.call import Tx
from bambe.services.cloudwatch import expressions, tables
from bambe.services.cloudwatch.expressions import BadExpression, Series, Value
from bambe.services.cloudwatch.model import Metric, metric_of


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
    """Reads windows of `width` seconds that begin from `first` until before `end`, in one transaction."""

    tx: Tx
    account: str
    region: str
    first: int
    end: int
    counts: dict[int, float] = field(default_factory=dict)

    def grid(self, width: int) -> list[int]:
        """The beginnings of the windows."""
        start = self.first - self.first % width
        return list(range(start, self.end, width))

    def metric(self, query: Query, width: int) -> dict[int, float]:
        """A metric's statistic by window, where it has values."""
        if query.metric is None:
            return {}
        number = tables.find_series(self.tx, self.account, self.region, query.metric)
        if number is None:
            return {}
        first = self.first - self.first % width
        found: dict[int, float] = {}
        points = tables.windows(self.tx, number, first, self.end, width, query.unit)
        for at, (point, _) in points.items():
            value = point.statistic(query.statistic)
            if value is not None:
                found[at] = value
                self.counts[at] = point.count
        return found


def read(reader: Reader, queries: Sequence[Query], widths: Mapping[str, int], wanted: str) -> Value:
    """The value of the query `wanted`; `widths` are the windows of each by its id. BadExpression."""
    return _Reading(reader, {one.id: one for one in queries}, widths, {}).value(wanted, ())


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


@dataclass(slots=True)
class _Reading:
    reader: Reader
    queries: Mapping[str, Query]
    widths: Mapping[str, int]
    known: dict[str, Value]

    def value(self, id: str, above: tuple[str, ...]) -> Value:
        if id in self.known:
            return self.known[id]
        if id in above:
            raise BadExpression(f"'{id}' is calculated from itself")
        query = self.queries.get(id)
        if query is None:
            raise BadExpression(f"'{id}' is not the id of a query")
        if query.metric is not None:
            found: Value = self.reader.metric(query, self.widths[id])
        else:
            found = self._calculated(query, (*above, id))
        self.known[id] = found
        return found

    def _calculated(self, query: Query, above: tuple[str, ...]) -> Value:
        node = expressions.read(query.expression)
        ids = node.ids()
        values = {one: self.value(one, above) for one in ids if one != "*"}
        metrics: list[Series] = []
        if "*" in ids:
            all_of_them = [one.id for one in self.queries.values() if one.metric is not None]
            metrics = [self._plain(one) for one in all_of_them]
        return expressions.calculate(node, values, self.reader.grid(self.widths[query.id]), metrics)

    def _plain(self, id: str) -> Series:
        found = self.value(id, ())
        return found if isinstance(found, Mapping) else {}
