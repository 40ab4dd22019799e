"""Policies: the alarms they make, what they do when these ring, cooldowns, and templates."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Wish
from bambe.services.application_autoscaling.resources import RESOURCES
from bambe.services.cloudwatch.model import Metric
from bambe.services.cloudwatch.points import Point
from bambe.services.cloudwatch.tables import add
from tests.support.house import ACCOUNT, REGION, House
from tests.unit.services.application_autoscaling.test_scaling import WEB, Ecs

CPU = {
    "TargetValue": 50.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
}
SERVICE = [{"Name": "ClusterName", "Value": "shop"}, {"Name": "ServiceName", "Value": "web"}]
CPU_OF_WEB = Metric("AWS/ECS", "CPUUtilization", tuple((one["Name"], one["Value"]) for one in SERVICE))
TYPES = {one.name: one for one in RESOURCES}


@pytest.fixture
async def town(tmp_path: Path) -> Any:
    made = House(tmp_path)
    made.ecs = Ecs()
    names = ("application-autoscaling", "cloudwatch", "elbv2")
    made.services = {**{name: made.services[name] for name in names}, "ecs": made.ecs.service()}
    made.dispatcher._registry = made.services
    await made.start()
    await made.aws.application_autoscaling.register_scalable_target(**WEB, MinCapacity=1, MaxCapacity=10)
    yield made
    await made.stop()


async def refused(request: Awaitable[Any], code: str) -> None:
    with pytest.raises(AwsError) as caught:
        await request
    assert caught.value.wire_code() == code


async def track(town: House, name: str = "cpu", **changes: Any) -> Any:
    return await town.aws.application_autoscaling.put_scaling_policy(
        **WEB,
        PolicyName=name,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={**CPU, **changes},
    )


def _measured(tx: Any, at: int, point: Point) -> None:
    add(tx, (ACCOUNT, REGION), CPU_OF_WEB, at, 60, "Percent", point)


async def load(town: House, minutes: int, work: float) -> None:
    """Minutes in which the tasks share that much work."""
    for _ in range(minutes):
        value = work / max(town.ecs.count, 1)
        at = int(town.clock.now().timestamp())
        point = Point(1, value, value, value)
        await town.store.write(partial(_measured, at=at, point=point))
        await town.advance(60, step=15)


async def test_it_makes_awss_alarms(town: House) -> None:
    answer = await track(town)
    high, low = answer["Alarms"]
    assert high["AlarmName"].startswith("TargetTracking-service/shop/web-AlarmHigh-")
    assert low["AlarmName"].startswith("TargetTracking-service/shop/web-AlarmLow-")
    names = [one["AlarmName"] for one in answer["Alarms"]]
    found = (await town.aws.cloudwatch.describe_alarms(AlarmNames=names))["MetricAlarms"]
    by_name = {one["AlarmName"]: one for one in found}
    over, under = by_name[names[0]], by_name[names[1]]
    assert (over["Threshold"], over["EvaluationPeriods"]) == (50, 3)
    assert (under["Threshold"], under["EvaluationPeriods"]) == (45, 15)
    assert over["AlarmActions"] == [answer["PolicyARN"]]
    assert over["Dimensions"] == SERVICE
    again = await track(town, TargetValue=40.0, DisableScaleIn=True)
    assert again["PolicyARN"] == answer["PolicyARN"]
    (left,) = (await town.aws.cloudwatch.describe_alarms())["MetricAlarms"]
    assert (left["AlarmName"], left["Threshold"]) == (names[0], 40)
    await town.aws.application_autoscaling.delete_scaling_policy(**WEB, PolicyName="cpu")
    assert (await town.aws.cloudwatch.describe_alarms())["MetricAlarms"] == []
    gone = town.aws.application_autoscaling.delete_scaling_policy(**WEB, PolicyName="cpu")
    await refused(gone, "ObjectNotFoundException")


async def test_it_follows_the_load_and_rests(town: House) -> None:
    await track(town)
    await load(town, 6, work=320.0)
    assert town.ecs.told == [7], "320 % in tasks of at most 50 %"
    await load(town, 10, work=320.0)
    assert town.ecs.told == [7]
    await load(town, 20, work=60.0)
    assert town.ecs.told == [7, 2]
    activities = await town.aws.application_autoscaling.describe_scaling_activities(ServiceNamespace="ecs")
    newest = activities["ScalingActivities"][0]
    assert newest["Cause"].startswith("monitor alarm TargetTracking-service/shop/web-AlarmLow-")
    assert newest["StatusCode"] == "Successful"


async def test_what_is_suspended_or_limited(town: House) -> None:
    await track(town)
    register = town.aws.application_autoscaling.register_scalable_target
    await register(**WEB, SuspendedState={"DynamicScalingOutSuspended": True})
    await load(town, 5, work=320.0)
    assert town.ecs.told == []
    await register(**WEB, MaxCapacity=3, SuspendedState={"DynamicScalingOutSuspended": False})
    await load(town, 3, work=320.0)
    assert town.ecs.told == [3]


async def test_steps_by_an_alarm_with_a_cooldown(town: House) -> None:
    answer = await town.aws.application_autoscaling.put_scaling_policy(
        **WEB,
        PolicyName="steps",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "Cooldown": 120,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 2}],
        },
    )
    await town.aws.cloudwatch.put_metric_alarm(
        AlarmName="busy", Namespace="AWS/ECS", MetricName="CPUUtilization", Dimensions=SERVICE,
        Statistic="Average", Period=60, EvaluationPeriods=1, Threshold=50,
        ComparisonOperator="GreaterThanThreshold", AlarmActions=[answer["PolicyARN"]],
    )  # fmt: skip
    await load(town, 3, work=900.0)
    assert town.ecs.told == [4]
    await load(town, 2, work=900.0)
    assert town.ecs.told == [4, 6]


@pytest.mark.parametrize(
    ("kind", "settings", "code"),
    [
        ("TargetTrackingScaling", {"TargetValue": 0.0}, "ValidationException"),
        ("TargetTrackingScaling", {"PredefinedMetricSpecification": None}, "ValidationException"),
        ("PredictiveScaling", {}, "NotImplemented"),
    ],
)
async def test_policies_that_are_none(town: House, kind: str, settings: Any, code: str) -> None:
    merged = {key: value for key, value in {**CPU, **settings}.items() if value is not None}
    request = town.aws.application_autoscaling.put_scaling_policy(
        **WEB, PolicyName="p", PolicyType=kind, TargetTrackingScalingPolicyConfiguration=merged
    )
    await refused(request, code)


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [{"MetricIntervalLowerBound": 5.0, "MetricIntervalUpperBound": 1.0, "ScalingAdjustment": 1}],
        [
            {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 5.0, "ScalingAdjustment": 1},
            {"MetricIntervalLowerBound": 4.0, "ScalingAdjustment": 2},
        ],
        [
            {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 5.0, "ScalingAdjustment": 1},
            {"MetricIntervalLowerBound": 6.0, "ScalingAdjustment": 2},
        ],
    ],
)
async def test_steps_that_are_none(town: House, steps: list[Any]) -> None:
    request = town.aws.application_autoscaling.put_scaling_policy(
        **WEB,
        PolicyName="p",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps},
    )
    await refused(request, "ValidationException")


async def test_policies_go_with_their_target(town: House) -> None:
    await track(town)
    scaling = town.aws.application_autoscaling
    (shown,) = (await scaling.describe_scaling_policies(ServiceNamespace="ecs"))["ScalingPolicies"]
    assert shown["TargetTrackingScalingPolicyConfiguration"] == CPU
    await scaling.deregister_scalable_target(**WEB)
    assert (await scaling.describe_scaling_policies(ServiceNamespace="ecs"))["ScalingPolicies"] == []
    assert (await town.aws.cloudwatch.describe_alarms())["MetricAlarms"] == []


async def test_from_a_template(town: House) -> None:
    kind = TYPES["AWS::ApplicationAutoScaling::ScalingPolicy"]
    label = "app/shop/0123456789abcdef/targetgroup/web/fedcba9876543210"
    tracking = {
        "TargetValue": "100",
        "ScaleInCooldown": "60",
        "DisableScaleIn": "false",
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "ALBRequestCountPerTarget",
            "ResourceLabel": label,
        },
    }
    said = {
        "PolicyName": "requests",
        "PolicyType": "TargetTrackingScaling",
        "ScalingTargetId": "service/shop/web|ecs:service:DesiredCount|ecs",
        "TargetTrackingScalingPolicyConfiguration": tracking,
    }
    wish = Wish("s", "arn", "P", "s-P-1", "token", said, {})
    made = await kind.create(town.aws, wish)
    assert made == await kind.create(town.aws, wish)
    assert made.physical_id.endswith(":resource/ecs/service/shop/web:policyName/requests")
    alarms = (await town.aws.cloudwatch.describe_alarms())["MetricAlarms"]
    assert {one["Dimensions"][1]["Value"] for one in alarms} == {"targetgroup/web/fedcba9876543210"}
    await kind.delete(town.aws, made, said)
    await kind.delete(town.aws, made, said)
    assert (await town.aws.cloudwatch.describe_alarms())["MetricAlarms"] == []
