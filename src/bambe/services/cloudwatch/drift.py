"""How alarms are read back, to see what has drifted."""

from __future__ import annotations

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties


async def _alarm(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    kinds = ["MetricAlarm", "CompositeAlarm"]
    answer = await aws.cloudwatch.describe_alarms(AlarmNames=[made.physical_id], AlarmTypes=kinds)
    found = [*answer["MetricAlarms"], *answer["CompositeAlarms"]]
    return dict(found[0]) if found else None


READS = {"AWS::CloudWatch::Alarm": _alarm, "AWS::CloudWatch::CompositeAlarm": _alarm}
