"""What an alarm may be, in AWS's words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bambe.kernel.errors import NotImplementedByBambe
from bambe.services.cloudwatch import chains, expressions, rules
from bambe.services.cloudwatch.errors import (
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    LimitExceededFault,
    ValidationError,
)
from bambe.services.cloudwatch.evaluation import BREACHING, COMPARISONS, IGNORE, MISSING, NOT_BREACHING
from bambe.services.cloudwatch.expressions import BadExpression, UnknownFunction
from bambe.services.cloudwatch.model import DAY, MOST_TAGS, window
from bambe.services.cloudwatch.points import SIMPLE, is_statistic
from bambe.services.cloudwatch.rules import BadRule, Rule
from bambe.services.cloudwatch.series import Query, below, period_of, query_of

ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
SHORT = (10, 20, 30)
SINGLE = ("Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
NOT_HERE = {
    "EvaluationCriteria": "alarms on PromQL queries",
    "EvaluationWindow": "evaluation windows",
    "WarmUpConfiguration": "warm-up periods",
    "ActionConfiguration": "the propagation of tags into actions",
    "ThresholdMetricId": "anomaly detection",
}
OTHER_STATISTICS = re.compile(r"(?:tm|tc|ts|wm)\d|IQM|(?:PR|TM|TC|TS|WM)\(", re.IGNORECASE)
WEEK = 7 * DAY


def metric_alarm(request: Mapping[str, Any], scale: float) -> None:
    """A PutMetricAlarm that can be watched."""
    for name, what in NOT_HERE.items():
        if request.get(name):
            raise NotImplementedByBambe(f"Bambe does not have {what}.")
    _required(request, "ComparisonOperator", "EvaluationPeriods")
    if request["ComparisonOperator"] not in COMPARISONS:
        raise NotImplementedByBambe("Bambe does not have anomaly detection, so no alarms on its bands.")
    _required(request, "Threshold")
    treat = request.get("TreatMissingData", MISSING)
    if treat not in (BREACHING, NOT_BREACHING, IGNORE, MISSING):
        raise ValidationError(
            f"The value {treat} is not supported for TreatMissingData parameter. Supported values are"
            " [breaching, notBreaching, ignore, missing]."
        )
    _low_samples(request)
    periods = request["EvaluationPeriods"]
    if request.get("DatapointsToAlarm", 1) > periods:
        raise ValidationError(
            "DatapointsToAlarm must be less than or equal to EvaluationPeriods"
            f" ({request['DatapointsToAlarm']} > {periods})."
        )
    period = _metrics(request) if request.get("Metrics") else _single(request)
    _length(period, periods, scale)


def statistic(name: str) -> None:
    """One that Bambe can calculate."""
    if is_statistic(name):
        return
    if OTHER_STATISTICS.match(name):
        raise NotImplementedByBambe(f"Bambe has percentiles (p50, p99.9) but not the statistic {name}.")
    raise InvalidParameterValueException(f"The value {name} for parameter Stat is not supported.")


def queries(said: Sequence[Mapping[str, Any]], most: int = 500) -> list[Query]:
    """MetricDataQueries that can be calculated."""
    if len(said) > most:
        raise ValidationError(f"The collection MetricDataQueries must not have a size greater than {most}.")
    for one in said:
        _query(one)
    ids = [one["Id"] for one in said]
    twice = sorted({id for id in ids if ids.count(id) > 1})
    if twice:
        raise ValidationError(f"The values for parameter id in MetricDataQueries are not unique: {twice[0]}.")
    found = [query_of(one) for one in said]
    for query in found:
        if query.expression:
            _expression(query, set(ids))
    around = sorted(set(ids) - set(chains.in_order(below(found))))
    if around:
        raise ValidationError(f"Error in expression '{around[0]}': it is calculated from itself")
    return found


def rule(text: str) -> Rule:
    """The rule of a composite alarm."""
    try:
        return rules.read(text)
    except BadRule as error:
        raise ValidationError(f"AlarmRule is not valid: {error}.") from None


def tags(wanted: dict[str, str]) -> dict[str, str]:
    """Tags of which there are not too many."""
    if len(wanted) > MOST_TAGS:
        raise LimitExceededFault(f"An alarm can have at most {MOST_TAGS} tags.")
    return wanted


def period(seconds: int) -> None:
    """1, 5, 10, 20, 30 or whole minutes."""
    if seconds not in (1, 5, *SHORT) and seconds % 60:
        raise InvalidParameterValueException(
            f"The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60; it is {seconds}."
        )


def _required(request: Mapping[str, Any], *names: str) -> None:
    missing = [name for name in names if request.get(name) is None]
    if missing:
        raise ValidationError(
            f"The parameter{'' if len(missing) == 1 else 's'} {', '.join(missing)} must be specified for"
            " alarms on a static threshold."
        )


def _low_samples(request: Mapping[str, Any]) -> None:
    said = request.get("EvaluateLowSampleCountPercentile")
    if said not in (None, "evaluate", "ignore"):
        raise ValidationError(
            f"Option {said} is not supported. Supported options for parameter"
            " EvaluateLowSampleCountPercentile are evaluate and ignore."
        )
    if said and not request.get("ExtendedStatistic"):
        raise InvalidParameterCombinationException(
            "EvaluateLowSampleCountPercentile can only be used with a percentile statistic."
        )


def _single(request: Mapping[str, Any]) -> int:
    if not request.get("MetricName"):
        raise ValidationError("Either MetricName or Metrics must be specified.")
    _required(request, "Namespace", "Period")
    one, other = request.get("Statistic"), request.get("ExtendedStatistic")
    if one and other:
        raise InvalidParameterCombinationException(
            "Statistic and ExtendedStatistic cannot be specified together."
        )
    if not one and not other:
        raise ValidationError("Either Statistic or ExtendedStatistic must be specified.")
    if other:
        if other in SIMPLE:
            raise InvalidParameterValueException(f"{other} is no extended statistic: use Statistic.")
        statistic(other)
    _alarm_period(request["Period"])
    return int(request["Period"])


def _metrics(request: Mapping[str, Any]) -> int:
    mixed = [name for name in ("MetricName", *SINGLE) if request.get(name)]
    if mixed:
        raise InvalidParameterCombinationException(
            f"The parameters Metrics and {mixed[0]} cannot be specified together."
        )
    found = queries(request["Metrics"], most=20)
    returned = [one["Id"] for one in request["Metrics"] if one.get("ReturnData", True)]
    if len(returned) != 1:
        raise ValidationError("Exactly one element of the metrics list should return data.")
    by_id = {query.id: query for query in found}
    for query in found:
        if query.metric is not None:
            _alarm_period(query.period)
    return period_of(by_id[returned[0]], by_id)


def _query(said: Mapping[str, Any]) -> None:
    if not ID.fullmatch(said["Id"]):
        raise ValidationError(
            f"The value {said['Id']} for parameter id is not matching the expected pattern {ID.pattern}."
        )
    if bool(said.get("MetricStat")) == bool(said.get("Expression")):
        raise ValidationError(
            f"Either MetricStat or Expression must be specified for the query {said['Id']}, and not both."
        )
    if said.get("AccountId"):
        raise NotImplementedByBambe("Bambe does not read metrics of other accounts.")
    stat = said.get("MetricStat")
    if stat:
        if not stat["Metric"].get("Namespace") or not stat["Metric"].get("MetricName"):
            raise ValidationError(
                f"The query {said['Id']} names no metric: Namespace and MetricName are needed."
            )
        statistic(stat["Stat"])
        period(stat["Period"])
    elif said.get("Period"):
        period(said["Period"])


def _expression(query: Query, ids: set[str]) -> None:
    try:
        unknown = expressions.read(query.expression).ids() - ids - {"*"}
    except UnknownFunction as error:
        raise NotImplementedByBambe(f"{error} (in '{query.expression}').") from None
    except BadExpression as error:
        raise ValidationError(f"Error in expression '{query.id}': {error}") from None
    if unknown:
        raise ValidationError(f"Error in expression '{query.id}': '{min(unknown)}' is not the id of a query")


def _alarm_period(seconds: int) -> None:
    if seconds not in SHORT and seconds % 60:
        raise InvalidParameterValueException(
            f"Invalid period for an alarm: {seconds}. Valid values are 10, 20, 30, and any multiple of 60."
        )


def _length(period: int, periods: int, scale: float) -> None:
    most = DAY if period < 3600 else WEEK
    if period * periods > most:
        raise ValidationError(
            "Metrics cannot be checked across more than "
            f"{'a day' if most == DAY else 'seven days'} (EvaluationPeriods * Period must be <= {most})."
        )
    if window(period, scale) * periods > DAY:
        raise NotImplementedByBambe("Bambe keeps metrics for a day, so no alarm looks back further.")
