"""What an alarm tells a topic: the message as CloudWatch writes it, and its subject; pure."""

from __future__ import annotations

import json
from typing import Any

from bambe.services.cloudwatch.model import COMPOSITE_ALARM, Alarm, AlarmState
from bambe.services.cloudwatch.reasons import stamp

REGIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "ca-central-1": "Canada (Central)",
    "eu-central-1": "EU (Frankfurt)",
    "eu-west-1": "EU (Ireland)",
    "eu-west-2": "EU (London)",
    "eu-west-3": "EU (Paris)",
    "eu-north-1": "EU (Stockholm)",
    "sa-east-1": "South America (Sao Paulo)",
}
SUBJECT = 100


def subject(row: Alarm, fresh: AlarmState) -> str:
    """`ALARM: "orders-errors" in EU (Frankfurt)`, within what SNS takes."""
    return f'{fresh.value}: "{row.name}" in {_region(row)}'[:SUBJECT]


def message(row: Alarm, old: AlarmState, fresh: AlarmState) -> str:
    """The message of a change of state."""
    said: dict[str, Any] = {
        "AlarmName": row.name,
        "AlarmDescription": row.settings.get("AlarmDescription"),
        "AWSAccountId": row.account,
        "AlarmConfigurationUpdatedTimestamp": stamp(row.updated_at),
        "NewStateValue": fresh.value,
        "NewStateReason": fresh.reason,
        "StateChangeTime": stamp(fresh.changed_at),
        "Region": _region(row),
        "AlarmArn": row.arn,
        "OldStateValue": old.value,
        **{
            name: list(row.settings.get(name) or ())
            for name in ("OKActions", "AlarmActions", "InsufficientDataActions")
        },
    }
    if row.kind == COMPOSITE_ALARM:
        said["AlarmRule"] = row.settings["AlarmRule"]
        said["TriggeringChildren"] = [
            {"Arn": one["arn"], "State": {name.title(): value for name, value in one["state"].items()}}
            for one in (json.loads(fresh.data) if fresh.data else {}).get("triggeringAlarms", ())
        ]
    else:
        said["Trigger"] = _trigger(row.settings)
    return json.dumps(said, default=str, ensure_ascii=False)


def _trigger(said: dict[str, Any]) -> dict[str, Any]:
    judged = {
        "EvaluationPeriods": said["EvaluationPeriods"],
        "DatapointsToAlarm": said.get("DatapointsToAlarm") or said["EvaluationPeriods"],
        "ComparisonOperator": said["ComparisonOperator"],
        "Threshold": said["Threshold"],
        "TreatMissingData": said.get("TreatMissingData") or "missing",
        "EvaluateLowSampleCountPercentile": said.get("EvaluateLowSampleCountPercentile") or "",
    }
    if "Metrics" in said:
        return {**judged, "Metrics": [_query(one) for one in said["Metrics"]]}
    statistic = {"StatisticType": "Statistic", "Statistic": str(said.get("Statistic", "")).upper()}
    if said.get("ExtendedStatistic"):
        statistic = {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": said["ExtendedStatistic"]}
    return {
        "MetricName": said["MetricName"],
        "Namespace": said["Namespace"],
        **statistic,
        "Unit": said.get("Unit"),
        "Dimensions": _dimensions(said.get("Dimensions")),
        "Period": said["Period"],
        **judged,
    }


def _query(said: dict[str, Any]) -> dict[str, Any]:
    stat = said.get("MetricStat")
    if not stat:
        return said
    metric = {**stat["Metric"], "Dimensions": _dimensions(stat["Metric"].get("Dimensions"))}
    return {**said, "MetricStat": {**stat, "Metric": metric}}


def _dimensions(said: Any) -> list[dict[str, str]]:
    return [{"value": one["Value"], "name": one["Name"]} for one in said or ()]


def _region(row: Alarm) -> str:
    return REGIONS.get(row.region, row.region)
