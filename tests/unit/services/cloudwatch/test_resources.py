"""AWS::CloudWatch::Alarm and CompositeAlarm, made, made again, changed and removed."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import ResourceType, Wish
from bambe.services.cloudwatch.resources import RESOURCES
from tests.support.house import House

ALARM, COMPOSITE = RESOURCES
PROPERTIES: dict[str, Any] = {
    "Namespace": "Shop",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": "60",
    "EvaluationPeriods": "1",
    "Threshold": "5",
    "ComparisonOperator": "GreaterThanThreshold",
    "ActionsEnabled": "false",
}
RULE = {"AlarmRule": "TRUE"}


def wish(properties: dict[str, Any], token: str = "t1", name: str = "shop-A-1") -> Wish:
    return Wish("shop", "id", "A", name, token, properties, {"stack": "shop"})


async def alarms(house: House) -> list[Any]:
    answer = await house.aws.cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return [*answer["MetricAlarms"], *answer["CompositeAlarms"]]


@pytest.mark.parametrize(
    ("kind", "first", "second", "changed"),
    [
        (ALARM, PROPERTIES, {**PROPERTIES, "Threshold": 7}, ("Threshold", 7.0)),
        (COMPOSITE, RULE, {"AlarmRule": "FALSE"}, ("AlarmRule", "FALSE")),
    ],
)
async def test_the_life_of_an_alarm_in_a_stack(
    house: House, kind: ResourceType, first: Any, second: Any, changed: tuple[str, Any]
) -> None:
    assert kind.update is not None
    made = await kind.create(house.aws, wish(first))
    assert made == await kind.create(house.aws, wish(first))
    arn = "arn:aws:cloudwatch:eu-central-1:000000000000:alarm:shop-A-1"
    assert (made.physical_id, made.attributes) == ("shop-A-1", {"Arn": arn})
    with pytest.raises(AwsError, match="already exists"):
        await kind.create(house.aws, wish(first, "t2"))
    with_tags = {**second, "Tags": [{"Key": "team", "Value": "shop"}]}
    for properties in (with_tags, second):
        await kind.update(house.aws, wish(properties), made, first)
    (row,) = await alarms(house)
    assert row[changed[0]] == changed[1]
    tags = await house.aws.cloudwatch.list_tags_for_resource(ResourceARN=arn)
    assert {tag["Key"] for tag in tags["Tags"]} == {"bambe:creation", "stack"}
    for _ in range(2):
        await kind.delete(house.aws, made, second)
    assert await alarms(house) == []


async def test_text_in_a_template_becomes_numbers_and_switches(house: House) -> None:
    metrics = [
        {
            "Id": "m",
            "ReturnData": "false",
            "MetricStat": {"Metric": {"Namespace": "S", "MetricName": "E"}, "Period": "60", "Stat": "Sum"},
        },
        {"Id": "e", "Expression": "m * 2", "ReturnData": "true"},
    ]
    single = {"Namespace", "MetricName", "Statistic", "Period"}
    properties = {name: value for name, value in PROPERTIES.items() if name not in single}
    await ALARM.create(house.aws, wish({**properties, "Metrics": metrics, "AlarmName": "mine"}))
    (row,) = await alarms(house)
    assert (row["AlarmName"], row["EvaluationPeriods"], row["ActionsEnabled"]) == ("mine", 1, False)
    assert [one["ReturnData"] for one in row["Metrics"]] == [False, True]
