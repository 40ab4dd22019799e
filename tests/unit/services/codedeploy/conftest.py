"""CodeDeploy with stand-ins around it, and one deployment group ready to release."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.services.codedeploy.stand_ins import LISTENER, TEST_LISTENER, House

Deploy = Callable[..., Awaitable[str]]
"""Begins a release; the deployment group is made by the first one, with what else is given."""


def revision(definition: str = "orders:2", **more: Any) -> dict[str, Any]:
    balancer = {"ContainerName": "orders", "ContainerPort": 8080}
    properties = {"TaskDefinition": definition, "LoadBalancerInfo": balancer}
    resource = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
    content = json.dumps({"version": 0.0, "Resources": [resource], **more})
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}


def group_request(test: bool = False, **more: Any) -> dict[str, Any]:
    pair: dict[str, Any] = {
        "targetGroups": [{"name": "orders-1"}, {"name": "orders-2"}],
        "prodTrafficRoute": {"listenerArns": [LISTENER]},
    }
    if test:
        pair["testTrafficRoute"] = {"listenerArns": [TEST_LISTENER]}
    return {
        "applicationName": "shop",
        "deploymentGroupName": "orders",
        "serviceRoleArn": "arn:aws:iam::000000000000:role/deploy",
        "deploymentConfigName": "CodeDeployDefault.ECSCanary10Percent5Minutes",
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "ecsServices": [{"serviceName": "orders", "clusterName": "shop"}],
        "loadBalancerInfo": {"targetGroupPairInfoList": [pair]},
        "blueGreenDeploymentConfiguration": {
            "terminateBlueInstancesOnDeploymentSuccess": {
                "action": "TERMINATE",
                "terminationWaitTimeInMinutes": 30,
            },
        },
        "autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]},
        **more,
    }


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    await made.start()
    await made.aws.codedeploy.create_application(applicationName="shop", computePlatform="ECS")
    yield made
    await made.store.stop()


@pytest.fixture
def deploy(shop: House) -> Deploy:
    async def begin(definition: str = "orders:2", hooks: Any = None, **group: Any) -> str:
        found = await shop.aws.codedeploy.list_deployment_groups(applicationName="shop")
        if not found["deploymentGroups"]:
            await shop.aws.codedeploy.create_deployment_group(**group_request(**group))
        more = {"Hooks": hooks} if hooks else {}
        made = await shop.aws.codedeploy.create_deployment(
            applicationName="shop", deploymentGroupName="orders", revision=revision(definition, **more)
        )
        return str(made["deploymentId"])

    return begin
