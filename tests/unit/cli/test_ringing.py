"""Which alarms ring, as `bambe status` says it."""

from __future__ import annotations

from typing import Any

from bambe.cli.ringing import ringing
from bambe.project import Project


class CloudWatch:
    """Answers that two of all alarms ring."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def describe_alarms(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        rings = [name for name in asked["AlarmNames"] if name in ("pager", "shop-orders-errors-green")]
        return {"MetricAlarms": [{"AlarmName": name, "StateReason": "too many"} for name in rings]}


def shop(*alarms: Any) -> Project:
    release = {"alarms": list(alarms)}
    orders = {"path": "orders", "port": 8080, "route": "default", "release": release}
    notifier = {"path": "notifier", "port": 8080, "release": {"strategy": "rolling", "alarms": ["pager"]}}
    return Project.model_validate({"project": "shop", "services": {"orders": orders, "notifier": notifier}})


def test_the_alarms_of_blue_green_services_that_ring() -> None:
    cloudwatch = CloudWatch()
    project = shop({"metric": "errors", "above": 1}, "pager")
    assert ringing(cloudwatch, project) == {"shop-orders-errors-green": "too many", "pager": "too many"}
    assert cloudwatch.asked[0]["AlarmNames"] == [
        "shop-orders-errors-blue",
        "shop-orders-errors-green",
        "pager",
    ]


def test_nobody_is_asked_where_there_are_no_alarms() -> None:
    cloudwatch = CloudWatch()
    assert ringing(cloudwatch, shop()) == {}
    assert cloudwatch.asked == []
