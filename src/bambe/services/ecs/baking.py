"""How long the alarms of a rolling deployment are watched when its tasks are healthy.

AWS computes that time from the alarms and does not say how ("How CloudWatch alarms detect Amazon ECS
deployment failures"): here it is the longest time that one of them needs to ring.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.services.ecs import strategy
from bambe.services.ecs.service_deployment import ServiceDeployment

PERIOD = 60
"""Seconds, of an alarm that names none."""


async def bake_time(aws: Aws, row: ServiceDeployment) -> timedelta:
    """None at all where no alarm takes the deployment back, or none can be read."""
    if row.is_shifting or not strategy.takes_back(row.configuration):
        return timedelta()
    names = list(strategy.alarms(row.configuration))
    try:
        answer = await aws.cloudwatch.describe_alarms(AlarmNames=names, AlarmTypes=["MetricAlarm"])
    except AwsError:
        return timedelta()
    return timedelta(seconds=max((_span(alarm) for alarm in answer.get("MetricAlarms", ())), default=0))


def _span(alarm: Mapping[str, Any]) -> int:
    metrics = [one for one in alarm.get("Metrics") or () if one.get("MetricStat") or one.get("Period")]
    periods = [int(one.get("Period") or one["MetricStat"]["Period"]) for one in metrics]
    return int(alarm.get("Period") or max(periods, default=PERIOD)) * int(alarm.get("EvaluationPeriods", 1))
