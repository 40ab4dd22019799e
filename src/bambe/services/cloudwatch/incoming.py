"""What PutMetricData brings, checked, as points."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bambe.services.cloudwatch.errors import (
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    MissingRequiredParameterException,
)
from bambe.services.cloudwatch.model import MINUTE, Metric, metric_of
from bambe.services.cloudwatch.points import Point, of_values

MOST = 1000
MOST_VALUES = 150
FARTHEST = 2.0**360
OLDEST, NEWEST = timedelta(days=14), timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of one metric at one moment."""

    metric: Metric
    at: int
    unit: str
    resolution: int
    point: Point


def samples(namespace: str, data: Iterable[Mapping[str, Any]], now: datetime) -> list[Sample]:
    """Every datum as a sample; the errors name a datum as query's forms number it."""
    if namespace.startswith("AWS/"):
        raise InvalidParameterValueException(f"The value {namespace} for parameter Namespace is invalid.")
    found = list(data)
    if not found:
        raise MissingRequiredParameterException("The parameter MetricData is required.")
    if len(found) > MOST:
        raise InvalidParameterValueException(
            f"The collection MetricData must not have a size greater than {MOST}."
        )
    return [
        _sample(namespace, one, now, f"MetricData.member.{number}") for number, one in enumerate(found, 1)
    ]


def _sample(namespace: str, said: Mapping[str, Any], now: datetime, where: str) -> Sample:
    metric = metric_of({**said, "Namespace": namespace})
    names = [name for name, _ in metric.dimensions]
    if len(set(names)) != len(names):
        raise InvalidParameterValueException("No Metric may specify the same dimension name twice.")
    resolution = said.get("StorageResolution") or MINUTE
    if resolution not in (1, MINUTE):
        raise InvalidParameterValueException(
            f"The value {resolution} for parameter {where}.StorageResolution is invalid."
        )
    at = said.get("Timestamp") or now
    if not now - OLDEST <= at <= now + NEWEST:
        raise InvalidParameterValueException(
            f"The parameter {where}.Timestamp must specify a time within the past two weeks and no more than"
            " two hours in the future."
        )
    return Sample(metric, int(at.timestamp()), said.get("Unit") or "None", resolution, _point(said, where))


def _point(said: Mapping[str, Any], where: str) -> Point:
    given = [name for name in ("Value", "Values", "StatisticValues") if said.get(name) is not None]
    if len(given) > 1:
        raise InvalidParameterCombinationException(
            f"The parameters {where}.{given[0]} and {where}.{given[1]} are mutually exclusive and you have"
            " specified both."
        )
    if not given:
        raise MissingRequiredParameterException(
            f"At least one of the parameters {where}.Value, {where}.Values and {where}.StatisticValues must"
            " be specified."
        )
    if given[0] == "Value":
        return of_values([(_number(said["Value"], f"{where}.Value"), 1)])
    if given[0] == "Values":
        return _several(said, where)
    return _statistics(said["StatisticValues"], f"{where}.StatisticValues")


def _several(said: Mapping[str, Any], where: str) -> Point:
    values = said["Values"]
    counts = said.get("Counts") or [1.0] * len(values)
    if not values or len(values) > MOST_VALUES or len(values) != len(counts):
        raise InvalidParameterValueException(
            f"The parameters {where}.Values and {where}.Counts must have the same size, 1 to {MOST_VALUES}."
        )
    if any(count <= 0 for count in counts):
        raise InvalidParameterValueException(f"The values of {where}.Counts must be greater than 0.")
    checked = [_number(value, f"{where}.Values") for value in values]
    return of_values(zip(checked, (_number(count, f"{where}.Counts") for count in counts), strict=True))


def _statistics(said: Mapping[str, Any], where: str) -> Point:
    count, total, low, high = (
        _number(said[name], f"{where}.{name}") for name in ("SampleCount", "Sum", "Minimum", "Maximum")
    )
    if count <= 0 or low > high:
        raise InvalidParameterValueException(f"The value of the parameter {where} is invalid.")
    return Point(count, total, low, high)


def _number(value: float, where: str) -> float:
    if not math.isfinite(value) or abs(value) > FARTHEST:
        raise InvalidParameterValueException(f"The value {value} for parameter {where} is invalid.")
    return float(value)
