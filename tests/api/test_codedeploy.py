"""CodeDeploy as the stock clients see it; `aws ecs deploy` runs a whole canary."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bambe.services import Service
from tests.api.conftest import Edge
from tests.unit.services.codedeploy.conftest import group_request, revision
from tests.unit.services.codedeploy.stand_ins import World

ACCOUNT = "arn:aws:ecs:eu-central-1:000000000000"


@pytest.fixture
def world(edge: Edge) -> World:
    """One ECS service that shows what `aws ecs deploy` asks for, behind one listener."""
    made = World()
    ecs = dict(made.ecs().operations)
    describe = ecs["describe_services"]

    async def describe_services(call: Any, request: Mapping[str, Any]) -> dict[str, Any]:
        answer = await describe(call, request)
        for service in answer["services"]:
            service |= {
                "serviceName": "orders",
                "serviceArn": f"{ACCOUNT}:service/shop/orders",
                "clusterArn": f"{ACCOUNT}:cluster/shop",
            }
        return answer

    async def register_task_definition(call: Any, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"taskDefinition": {"taskDefinitionArn": f"{ACCOUNT}:task-definition/orders:7"}}

    ecs |= {"describe_services": describe_services, "register_task_definition": register_task_definition}
    services: Any = edge.house.services
    services["ecs"], services["elbv2"] = Service("ecs", ecs), made.elbv2()
    return made


@pytest.fixture
def deploy(edge: Edge, world: World) -> Any:
    client = edge.aws("codedeploy")
    client.create_application(applicationName="AppECS-shop-orders", computePlatform="ECS")
    names = {"applicationName": "AppECS-shop-orders", "deploymentGroupName": "DgpECS-shop-orders"}
    client.create_deployment_group(**{**group_request(), **names})
    return client


def test_every_shape_comes_through(edge: Edge, world: World, deploy: Any) -> None:
    names = {"applicationName": "AppECS-shop-orders", "deploymentGroupName": "DgpECS-shop-orders"}
    id = deploy.create_deployment(**names, revision=revision())["deploymentId"]
    edge.run(edge.house.advance(2, 0.5))
    info = deploy.get_deployment(deploymentId=id)["deploymentInfo"]
    assert info["status"] == "InProgress"
    assert info["deploymentOverview"]["InProgress"] == 1
    (target,) = deploy.list_deployment_targets(deploymentId=id)["targetIds"]
    shown = deploy.get_deployment_target(deploymentId=id, targetId=target)["deploymentTarget"]["ecsTarget"]
    weights = {item["taskSetLabel"]: item["trafficWeight"] for item in shown["taskSetsInfo"]}
    assert weights == {"Blue": 90.0, "Green": 10.0}
    with pytest.raises(ClientError, match=f"already has an active Deployment '{id}'"):
        deploy.create_deployment(**names, revision=revision())
    group = deploy.get_deployment_group(**names)["deploymentGroupInfo"]
    assert group["lastAttemptedDeployment"]["deploymentId"] == id
    assert deploy.stop_deployment(deploymentId=id, autoRollbackEnabled=True)["status"] == "Pending"
    edge.run(edge.house.advance(3, 0.5))
    stopped = deploy.batch_get_deployments(deploymentIds=[id])["deploymentsInfo"][0]
    assert stopped["status"] == "Stopped"
    assert stopped["rollbackInfo"]["rollbackDeploymentId"].startswith("d-")
    assert len(deploy.list_deployments(**names)["deployments"]) == 2


def test_errors_have_awss_codes(edge: Edge) -> None:
    client = edge.aws("codedeploy")
    with pytest.raises(client.exceptions.ApplicationDoesNotExistException, match="No application found for"):
        client.get_application(applicationName="x")
    with pytest.raises(client.exceptions.DeploymentDoesNotExistException):
        client.get_deployment(deploymentId="d-AAAAAAAAA")


def test_aws_ecs_deploy(edge: Edge, world: World, deploy: Any, tmp_path: Path) -> None:
    definition = {"family": "orders", "containerDefinitions": [{"name": "orders", "image": "x"}]}
    (tmp_path / "definition.json").write_text(json.dumps(definition))
    (tmp_path / "appspec.json").write_text(revision("placeholder")["appSpecContent"]["content"])
    words = ["ecs", "deploy", "--service", "orders", "--cluster", "shop"]
    words += ["--task-definition", str(tmp_path / "definition.json")]
    words += ["--codedeploy-appspec", str(tmp_path / "appspec.json")]
    command = [str(Path(sys.executable).parent / "aws"), *words]
    with subprocess.Popen(
        command, env=edge.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        while running.poll() is None:
            edge.run(edge.house.advance(60, 5))
        assert running.stdout is not None
        printed = running.stdout.read()
    assert running.returncode == 0, printed
    assert "Successfully created deployment d-" in printed
    assert "will wait up to 40 minutes" in printed
    assert f"Successfully deployed {ACCOUNT}:task-definition/orders:7 to service 'orders'" in printed
    created = next(what for name, what in world.told if name == "create_task_set")
    assert created["taskDefinition"] == f"{ACCOUNT}:task-definition/orders:7"
