"""Scaling policies by stock clients: the API's shapes, AWS's errors, and the alarms that come of them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.conftest import Edge
from tests.api.test_ecs import DEFINITION
from tests.support.house import SUBNET

WEB = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/shop/web",
    "ScalableDimension": "ecs:service:DesiredCount",
}
CPU = {
    "TargetValue": 60.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
}


@pytest.fixture
def scaling(edge: Edge) -> Any:
    ecs = edge.aws("ecs")
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(**DEFINITION)
    network = {"awsvpcConfiguration": {"subnets": [SUBNET]}}
    ecs.create_service(
        cluster="shop", serviceName="web", taskDefinition="web", desiredCount=1, networkConfiguration=network
    )
    client = edge.aws("application-autoscaling")
    client.register_scalable_target(**WEB, MinCapacity=1, MaxCapacity=4)
    return client


def test_a_policys_life(edge: Edge, scaling: Any) -> None:
    made = scaling.put_scaling_policy(
        **WEB,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=CPU,
    )
    names = {one["AlarmName"] for one in made["Alarms"]}
    cloudwatch = edge.aws("cloudwatch")
    assert {one["AlarmName"] for one in cloudwatch.describe_alarms()["MetricAlarms"]} == names
    (shown,) = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert shown["PolicyARN"] == made["PolicyARN"]
    assert scaling.describe_scaling_activities(ServiceNamespace="ecs")["ScalingActivities"] == []
    scaling.delete_scaling_policy(**WEB, PolicyName="cpu")
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    with pytest.raises(ClientError) as caught:
        scaling.delete_scaling_policy(**WEB, PolicyName="cpu")
    assert caught.value.response["Error"]["Code"] == "ObjectNotFoundException"


def test_a_policy_needs_its_target(scaling: Any) -> None:
    other = {**WEB, "ResourceId": "service/shop/other"}
    with pytest.raises(ClientError) as caught:
        scaling.put_scaling_policy(
            **other,
            PolicyName="cpu",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=CPU,
        )
    assert caught.value.response["Error"]["Code"] == "ObjectNotFoundException"
