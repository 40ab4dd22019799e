"""The alarms of target tracking policies, which come and go with them."""

from __future__ import annotations

from bambe.kernel.call import Aws
from bambe.services.application_autoscaling import policies
from bambe.services.application_autoscaling.model import Policy


async def put_alarms(aws: Aws, row: Policy) -> None:
    """Have the policy's alarms as it says; one it no longer needs goes."""
    wanted = policies.alarms(row)
    for name, said in wanted.items():
        await aws.cloudwatch.put_metric_alarm(AlarmName=name, **said)
    await _remove(aws, [name for name in row.names if name not in wanted])


async def remove_alarms(aws: Aws, row: Policy) -> None:
    """Remove the policy's alarms."""
    await _remove(aws, row.names)


async def _remove(aws: Aws, names: list[str]) -> None:
    if not names:
        return
    there = await aws.cloudwatch.describe_alarms(AlarmNames=names)
    known = [one["AlarmName"] for one in there["MetricAlarms"]]
    if known:
        await aws.cloudwatch.delete_alarms(AlarmNames=known)
