"""ECS as stock clients see it: shapes, errors, pages and the AWS CLI's waiter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.conftest import Edge
from tests.support.house import SUBNET

DEFINITION = {
    "family": "web",
    "requiresCompatibilities": ["FARGATE"],
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
    "containerDefinitions": [
        {"name": "web", "image": "web:1", "portMappings": [{"containerPort": 8080}], "essential": True}
    ],
}
SERVICE = {
    "cluster": "shop",
    "serviceName": "web",
    "taskDefinition": "web",
    "desiredCount": 2,
    "launchType": "FARGATE",
    "networkConfiguration": {"awsvpcConfiguration": {"subnets": [SUBNET]}},
}


@pytest.fixture
def ecs(edge: Edge) -> Any:
    """A client, with a cluster and a task definition."""
    client = edge.aws("ecs")
    client.create_cluster(clusterName="shop")
    client.register_task_definition(**DEFINITION)
    return client


def refused(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_rolling_service_becomes_stable_for_the_stock_waiter(edge: Edge, ecs: Any) -> None:
    made = ecs.create_service(**SERVICE)["service"]
    assert (made["status"], made["desiredCount"], made["runningCount"]) == ("ACTIVE", 2, 0)
    assert made["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    edge.run(edge.house.advance(3))
    ran = edge.cli("ecs", "wait", "services-stable", "--cluster", "shop", "--services", "web")
    assert ran.returncode == 0, ran.stderr
    ran = edge.cli("ecs", "describe-services", "--cluster", "shop", "--services", "web")
    (shown,) = json.loads(ran.stdout)["services"]
    assert shown["serviceArn"] == "arn:aws:ecs:eu-central-1:000000000000:service/shop/web"
    assert (shown["runningCount"], shown["pendingCount"], len(shown["deployments"])) == (2, 0, 1)
    assert shown["events"][0]["message"] == "(service web) has reached a steady state."


def test_tasks_have_ids_addresses_and_states(edge: Edge, ecs: Any) -> None:
    ecs.create_service(**SERVICE)
    edge.run(edge.house.advance(3))
    arns = ecs.list_tasks(cluster="shop", serviceName="web")["taskArns"]
    tasks = ecs.describe_tasks(cluster="shop", tasks=arns)["tasks"]
    assert len(tasks) == 2
    for task in tasks:
        assert task["lastStatus"] == task["desiredStatus"] == "RUNNING"
        assert len(task["taskArn"].rsplit("/", 1)[-1]) == 32
        assert task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
    ecs.stop_task(cluster="shop", task=arns[0])
    edge.run(edge.house.advance(3))
    stopped = ecs.describe_tasks(cluster="shop", tasks=[arns[0]])["tasks"][0]
    assert (stopped["lastStatus"], stopped["stopCode"]) == ("STOPPED", "UserInitiated")


def test_task_sets(edge: Edge, ecs: Any) -> None:
    ecs.create_service(**SERVICE, deploymentController={"type": "CODE_DEPLOY"})
    edge.run(edge.house.advance(3))
    where = {"cluster": "shop", "service": "web"}
    made = ecs.create_task_set(**where, taskDefinition="web", externalId="d-1")["taskSet"]
    assert made["stabilityStatus"] == "STABILIZING"
    edge.run(edge.house.advance(3))
    shown = ecs.describe_task_sets(**where, taskSets=[made["taskSetArn"]])["taskSets"][0]
    assert (shown["stabilityStatus"], shown["runningCount"]) == ("STEADY_STATE", 2)
    code, words = refused(ecs.update_service, **where, taskDefinition="web:1", forceNewDeployment=True)
    assert code == "InvalidParameterException"
    assert words == (
        "Cannot force a new deployment on services with a CODE_DEPLOY deployment controller."
        " Use AWS CodeDeploy to trigger a new deployment."
    )


def test_errors_have_aws_codes_and_words(ecs: Any) -> None:
    unknown = refused(ecs.list_services, cluster="nowhere")
    assert unknown == ("ClusterNotFoundException", "Cluster not found.")
    unknown = refused(ecs.update_service, cluster="shop", service="nothing", desiredCount=1)
    assert unknown == ("ServiceNotFoundException", "Service not found.")
    bad = {**DEFINITION, "cpu": "256", "memory": "16384"}
    assert refused(ecs.register_task_definition, **bad) == (
        "ClientException",
        "No Fargate configuration exists for given values.",
    )
    answer = ecs.describe_services(cluster="shop", services=["nothing"])
    assert answer["services"] == []
    assert answer["failures"][0]["reason"] == "MISSING"
    assert refused(ecs.list_account_settings)[0] == "NotImplemented"
