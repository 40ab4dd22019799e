"""Metrics: put, listed, and read with their statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe, ThrottlingException
from bambe.kernel.pages import page
from bambe.services.cloudwatch import checks, expressions, series, tables
from bambe.services.cloudwatch.errors import (
    InvalidNextToken,
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    LimitExceededFault,
    MissingRequiredParameterException,
    ValidationError,
)
from bambe.services.cloudwatch.expressions import BadExpression
from bambe.services.cloudwatch.incoming import samples
from bambe.services.cloudwatch.model import HOUR, Metric, metric_of, resolution
from bambe.services.cloudwatch.points import SIMPLE

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import (
        GetMetricDataInputTypeDef,
        GetMetricStatisticsInputTypeDef,
        ListMetricsInputTypeDef,
        PutMetricDataInputTypeDef,
    )

MOST_SERIES = 10_000
MOST_POINTS = 1440
MOST_DATA = 100_800
MOST_READ, MOST_READ_RECENT = 396_000, 180_000
"""AWS's quotas of datapoints a second for GetMetricData; the lower one where all are of the last hours."""
RECENT = 3 * HOUR
NEWEST = 2 * HOUR
"""Values may be so far in the future."""
LISTED = timedelta(days=14)
ACTIVE = timedelta(hours=3)
PAGE = 500


async def put_metric_data(call: Call, request: PutMetricDataInputTypeDef) -> Answer:
    if request.get("EntityMetricData"):
        raise NotImplementedByBambe("Bambe has no entities of metrics.")
    found = samples(request["Namespace"], request.get("MetricData") or (), call.clock.now())
    scale = call.clock.scale

    def write(tx: Tx) -> None:
        for one in found:
            if tables.find_series(tx, call.account, call.region, one.metric) is None:
                _room(tx)
            width = resolution(one.resolution, scale)
            tables.add(tx, (call.account, call.region), one.metric, one.at, width, one.unit, one.point)

    await call.store.write(write)
    return {}


async def list_metrics(call: Call, request: ListMetricsInputTypeDef) -> Answer:
    if request.get("IncludeLinkedAccounts") or request.get("OwningAccount"):
        raise NotImplementedByBambe("Bambe does not read metrics of other accounts.")
    back = ACTIVE if request.get("RecentlyActive") else LISTED
    since = int((call.clock.now() - back).timestamp())
    known = await call.store.read(lambda tx: tables.list_series(tx, call.account, call.region, since))
    try:
        some, token = page([one for one in known if _fits(one, request)], request.get("NextToken"), PAGE)
    except ValueError:
        raise InvalidParameterValueException("The specified token is not valid.") from None
    return {"Metrics": [one.shape for one in some]} | ({"NextToken": token} if token else {})


async def get_metric_statistics(call: Call, request: GetMetricStatisticsInputTypeDef) -> Answer:
    names = [*request.get("Statistics", ()), *request.get("ExtendedStatistics", ())]
    if not names:
        raise MissingRequiredParameterException(
            "At least one of the parameters Statistics and ExtendedStatistics must be specified."
        )
    for name in names:
        checks.statistic(name)
    width = request["Period"]
    checks.period(width)
    first, end = _range(request)
    if (end - first) // width > MOST_POINTS:
        raise InvalidParameterCombinationException(
            f"You have requested up to {(end - first) // width} datapoints, which exceeds the limit of"
            f" {MOST_POINTS}. You may reduce the datapoints requested by increasing Period, or decreasing"
            " the time range."
        )

    begins = series.windows(first, end, width, int(call.clock.now().timestamp())).start

    def read(tx: Tx) -> list[Answer]:
        number = tables.find_series(tx, call.account, call.region, metric_of(request))
        if number is None:
            return []
        points = tables.windows(tx, number, begins, end, width, request.get("Unit") or "")
        return [_datapoint(at, unit, point, names) for at, (point, unit) in sorted(points.items())]

    return {"Label": request["MetricName"], "Datapoints": await call.store.scan(read)}


async def get_metric_data(call: Call, request: GetMetricDataInputTypeDef) -> Answer:
    asked = request["MetricDataQueries"]
    queries = checks.queries(asked)
    by_id = {query.id: query for query in queries}
    widths = {query.id: series.period_of(query, by_id) for query in queries}
    now = int(call.clock.now().timestamp())
    first, end = _range(request)
    end = min(end, now + NEWEST)
    _few_enough(queries, widths, first, end, now)
    wanted = [one for one in asked if one.get("ReturnData", True)]

    def read(tx: Tx) -> dict[str, dict[int, float]]:
        reader = series.Reader(tx, call.account, call.region, first, end, now)
        reading = series.Reading(reader, queries, widths)
        return {one["Id"]: _values(reading, reader.grid(widths[one["Id"]]), one["Id"]) for one in wanted}

    found = await call.store.scan(read)
    newest_first = request.get("ScanBy") != "TimestampAscending"
    most = max(1, min(request.get("MaxDatapoints") or MOST_DATA, MOST_DATA) // max(1, len(wanted)))
    results, tokens = [], []
    for one in wanted:
        ordered = sorted(found[one["Id"]].items(), reverse=newest_first)
        try:
            some, token = page(ordered, request.get("NextToken"), most)
        except ValueError:
            raise InvalidNextToken() from None
        tokens.append(token)
        results.append(_result(one, some, token))
    following = next((token for token in tokens if token), None)
    return {"MetricDataResults": results, "Messages": []} | ({"NextToken": following} if following else {})


def _room(tx: Tx) -> None:
    if tables.count_series(tx) >= MOST_SERIES:
        raise LimitExceededFault(f"Bambe keeps at most {MOST_SERIES} metrics.")


def _fits(metric: Metric, request: Mapping[str, Any]) -> bool:
    if request.get("Namespace") not in (None, metric.namespace):
        return False
    if request.get("MetricName") not in (None, metric.name):
        return False
    own = dict(metric.dimensions)
    return all(
        one["Name"] in own and one.get("Value") in (None, own[one["Name"]])
        for one in request.get("Dimensions", ())
    )


def _range(request: Mapping[str, Any]) -> tuple[int, int]:
    """The seconds asked for, the end not included."""
    first, end = request["StartTime"].timestamp(), request["EndTime"].timestamp()
    if first >= end:
        raise InvalidParameterCombinationException(
            "The parameter StartTime must be less than the parameter EndTime."
        )
    return int(first), int(-(-end // 1))


def _datapoint(at: int, unit: str, point: Any, names: Sequence[str]) -> Answer:
    values = {name: point.statistic(name) for name in names}
    shape: Answer = {"Timestamp": datetime.fromtimestamp(at, UTC), "Unit": unit}
    shape |= {name: value for name, value in values.items() if name in SIMPLE}
    extended = {name: value for name, value in values.items() if name not in SIMPLE and value is not None}
    return shape | ({"ExtendedStatistics": extended} if extended else {})


def _few_enough(
    queries: Sequence[series.Query], widths: Mapping[str, int], first: int, end: int, now: int
) -> None:
    """AWS reads so many datapoints a second and no more; every step of an expression counts here."""
    asked = 0
    for query in queries:
        steps = 1 if query.metric else expressions.read(query.expression).steps()
        asked += steps * len(series.windows(first, end, widths[query.id], now))
    most = MOST_READ if now - first > RECENT else MOST_READ_RECENT
    if asked > most:
        raise ThrottlingException(
            f"Rate exceeded: the request asks for {asked:,} datapoints, of which at most {most:,} are read in"
            " a second. Use a longer Period, a shorter range of time or fewer queries."
        )


def _values(reading: series.Reading, grid: Sequence[int], id: str) -> dict[int, float]:
    try:
        return series.as_series(reading.value(id), grid)
    except BadExpression as error:
        raise ValidationError(f"Error in expression '{id}': {error}") from None


def _result(said: Mapping[str, Any], points: Sequence[tuple[int, float]], token: str | None) -> Answer:
    stat = said.get("MetricStat")
    return {
        "Id": said["Id"],
        "Label": said.get("Label") or (stat["Metric"]["MetricName"] if stat else said["Id"]),
        "Timestamps": [datetime.fromtimestamp(at, UTC) for at, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": "PartialData" if token else "Complete",
    }
