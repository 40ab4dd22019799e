"""Alarms as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence

from bambe.services.cloudwatch.model import COMPOSITE_ALARM, Alarm, AlarmState, HistoryItem, Shape

METRIC_SETTINGS = (
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "MetricName",
    "Metrics",
    "Namespace",
    "Period",
    "Statistic",
    "Threshold",
    "TreatMissingData",
    "Unit",
)
COMPOSITE_SETTINGS = ("AlarmDescription", "AlarmRule")
ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")


def alarm(row: Alarm, state: AlarmState) -> Shape:
    """`MetricAlarm` or `CompositeAlarm`."""
    shape: Shape = {
        "AlarmName": row.name,
        "AlarmArn": row.arn,
        "AlarmConfigurationUpdatedTimestamp": row.updated_at,
        "ActionsEnabled": row.actions_enabled,
        **{name: [] for name in ACTIONS},
        "StateValue": state.value,
        "StateReason": state.reason,
        "StateUpdatedTimestamp": state.updated_at,
        "StateTransitionedTimestamp": state.changed_at,
        **({} if row.kind == COMPOSITE_ALARM or "Metrics" in row.settings else {"Dimensions": []}),
        **row.settings,
    }
    return shape | ({"StateReasonData": state.data} if state.data else {})


def history(row: HistoryItem) -> Shape:
    """`AlarmHistoryItem`."""
    return {
        "AlarmName": row.name,
        "AlarmType": row.kind,
        "Timestamp": row.at,
        "HistoryItemType": row.type,
        "HistorySummary": row.summary,
        "HistoryData": row.data,
    }


def by_kind(shown: Sequence[tuple[Alarm, AlarmState]]) -> Shape:
    """The answer of DescribeAlarms without its token."""
    made = [(row.kind, alarm(row, state)) for row, state in shown]
    return {
        "MetricAlarms": [shape for kind, shape in made if kind != COMPOSITE_ALARM],
        "CompositeAlarms": [shape for kind, shape in made if kind == COMPOSITE_ALARM],
    }
