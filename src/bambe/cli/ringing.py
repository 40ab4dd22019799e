"""The alarms of a project's releases that ring now."""

from __future__ import annotations

from typing import Any

from bambe.project import Project
from bambe.synth import alarm_names

AT_ONCE = 100


def ringing(cloudwatch: Any, project: Project) -> dict[str, str]:
    """Why each alarm rings that a bambe.yml names or makes, by its name."""
    names = alarm_names(project)
    found: dict[str, str] = {}
    for start in range(0, len(names), AT_ONCE):
        answer = cloudwatch.describe_alarms(
            AlarmNames=names[start : start + AT_ONCE],
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            StateValue="ALARM",
            MaxRecords=AT_ONCE,
        )
        alarms = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
        found |= {one["AlarmName"]: one.get("StateReason", "") for one in alarms}
    return found
