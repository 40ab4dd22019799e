"""Asks CloudWatch what the consumers of two versions have reported: one call, of a few minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bambe.evidence.reports import MINUTE, Events, Minutes, Told, minute_of
from bambe.evidence.watched import Watched
from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError

NAMESPACE = "Bambe/Consumers"
METRICS = {
    "handled": "EventsHandled",
    "failed": "EventsFailed",
    "dead_lettered": "EventsDeadLettered",
    "behind": "EventsBehind",
    "partitions": "PartitionsOwned",
}
"""Members of `Events` and the metrics that tasks report; the last two are gauges of one task."""


@dataclass(frozen=True, slots=True)
class Place:
    """A service, and the task sets of its two versions; "" for one that is not there yet."""

    cluster: str
    service: str
    blue: str
    green: str


async def ask(aws: Aws, place: Place, known: Watched | None, asked: bool, now: datetime) -> Told | None:
    """What was reported of both versions. None where a release is not judged by events (before it begins,
    `asked` says whether it is to be), or where CloudWatch cannot say just now: sums lose nothing by that."""
    if known is None:
        return await _ask(aws, place, minute_of(now), now) if asked else None
    return await _ask(aws, place, known.consumers.since, now) if known.consumers else None


async def _ask(aws: Aws, place: Place, since: datetime, now: datetime) -> Told | None:
    versions = {"blue": place.blue, "green": place.green}
    queries = [
        _query(f"{name}_{member}", metric, (place.cluster, place.service, version))
        for name, version in versions.items()
        if version
        for member, metric in METRICS.items()
    ]
    if not queries:
        return Told(since)
    try:
        answer = await aws.cloudwatch.get_metric_data(
            MetricDataQueries=queries, StartTime=since, EndTime=now + MINUTE, ScanBy="TimestampAscending"
        )
    except AwsError:
        return None
    found = {one["Id"]: one for one in answer["MetricDataResults"]}
    return Told(since, place.blue, place.green, *(_minutes(found, name) for name in versions))


def _query(id: str, metric: str, where: tuple[str, str, str]) -> dict[str, Any]:
    names = ("ClusterName", "ServiceName", "Version")
    dimensions = [{"Name": name, "Value": value} for name, value in zip(names, where, strict=True)]
    named = {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions}
    return {"Id": id, "MetricStat": {"Metric": named, "Period": 60, "Stat": "Sum"}}


def _minutes(found: Mapping[str, Any], name: str) -> Minutes:
    sums: dict[int, dict[str, int]] = {}
    for member in METRICS:
        one = found.get(f"{name}_{member}") or {"Timestamps": (), "Values": ()}
        for at, value in zip(one["Timestamps"], one["Values"], strict=True):
            sums.setdefault(int(at.timestamp()), {})[member] = round(value)
    return {at: Events(**each) for at, each in sums.items()}
