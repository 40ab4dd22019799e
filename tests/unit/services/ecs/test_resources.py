"""ECS's CloudFormation types, used as the stack engine uses them."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, ResourceFailed, Wish
from bambe.services.ecs.resources import CLUSTER, DEFINITION, RESOURCES, SERVICE
from tests.support.house import SUBNET
from tests.unit.services.ecs.conftest import Town

TASK = {
    "Family": "api",
    "Cpu": 256,
    "Memory": 512,
    "NetworkMode": "awsvpc",
    "RequiresCompatibilities": ["FARGATE"],
    "ExecutionRoleArn": "arn:aws:iam::000000000000:role/execution",
    "ContainerDefinitions": [
        {
            "Name": "web",
            "Image": "localhost:4566/web:1",
            "PortMappings": [{"ContainerPort": 8080}],
            "Environment": [{"Name": "DEBUG", "Value": True}],
            "LogConfiguration": {
                "LogDriver": "awslogs",
                "Options": {"awslogs-group": "/shop", "awslogs-stream-prefix": "ecs"},
            },
        }
    ],
}
SERVED = {
    "Cluster": "shop",
    "ServiceName": "api",
    "DesiredCount": "1",
    "LaunchType": "FARGATE",
    "EnableECSManagedTags": True,
    "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": [SUBNET]}},
}


def wish(properties: Any, token: str = "token-1") -> Wish:
    return Wish("stack", "stack-id", "Thing", "stack-Thing-1", token, properties, {"team": "a"})


async def a_service(town: Town, **changes: Any) -> tuple[Made, dict[str, Any]]:
    definition = await DEFINITION.create(town.aws, wish(TASK))
    properties = {**SERVED, "TaskDefinition": definition.physical_id, **changes}
    return await SERVICE.create(town.aws, wish(properties)), properties


async def ready(town: Town, made: Made, properties: Any) -> bool:
    assert SERVICE.ready is not None
    return await SERVICE.ready(town.aws, made, properties)


async def test_a_cluster(town: Town) -> None:
    made = await CLUSTER.create(town.aws, wish({"ClusterName": "other"}))
    assert made.physical_id == "other"
    assert made.attributes["Arn"].endswith(":cluster/other")
    await CLUSTER.delete(town.aws, made, {})
    await CLUSTER.delete(town.aws, made, {})


async def test_a_definition_is_registered_once_per_token(town: Town) -> None:
    made = await DEFINITION.create(town.aws, wish(TASK))
    assert made.physical_id.endswith(":task-definition/api:1")
    assert await DEFINITION.create(town.aws, wish(TASK)) == made
    shown = (await town.aws.ecs.describe_task_definition(taskDefinition="api"))["taskDefinition"]
    container = shown["containerDefinitions"][0]
    assert container["environment"] == [{"name": "DEBUG", "value": "true"}]
    assert container["logConfiguration"]["options"]["awslogs-group"] == "/shop"
    assert (await DEFINITION.create(town.aws, wish(TASK, "token-2"))).physical_id.endswith(":2")
    await DEFINITION.delete(town.aws, made, TASK)
    await DEFINITION.delete(town.aws, made, TASK)


async def test_a_service_is_ready_when_steady(town: Town) -> None:
    made, properties = await a_service(town)
    assert made.attributes["Name"] == "api"
    assert await SERVICE.create(town.aws, wish(properties)) == made
    assert not await ready(town, made, properties)
    await town.advance(2)
    assert await ready(town, made, properties)

    again = await DEFINITION.create(town.aws, wish(TASK, "token-2"))
    changed = {**properties, "TaskDefinition": again.physical_id, "DesiredCount": 2}
    assert SERVICE.update is not None
    assert await SERVICE.update(town.aws, wish(changed), made, properties) == made
    assert not await ready(town, made, changed)
    await town.advance(4)
    assert await ready(town, made, changed)
    await SERVICE.delete(town.aws, made, changed)
    assert SERVICE.gone is not None
    assert not await SERVICE.gone(town.aws, made, changed)
    await town.advance(2)
    assert await SERVICE.gone(town.aws, made, changed)


async def test_a_service_that_releases_have_moved_on_can_be_updated(town: Town) -> None:
    made, properties = await a_service(town)
    await town.advance(2)
    await DEFINITION.create(town.aws, wish(TASK, "token-2"))
    await town.aws.ecs.update_service(cluster="shop", service="api", taskDefinition="api:2")
    await town.advance(4)
    changed = {**properties, "EnableExecuteCommand": True, "DesiredCount": 2}
    assert SERVICE.update is not None
    await SERVICE.update(town.aws, wish(changed), made, properties)
    assert not await ready(town, made, changed)
    await town.advance(6)
    assert await ready(town, made, changed)
    assert (await town.shown("api"))["taskDefinition"].endswith("api:2")


async def update(town: Town, made: Made, old: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The template changes; a property that is None is no longer there."""
    properties = {name: value for name, value in {**old, **changes}.items() if value is not None}
    assert SERVICE.update is not None
    await SERVICE.update(town.aws, wish(properties), made, old)
    return properties


async def test_a_setting_that_leaves_the_template_goes_back_to_its_default(town: Town) -> None:
    breaker = {"Enable": True, "Rollback": True, "ThresholdConfiguration": {"Type": "COUNT", "Value": 1}}
    early = {"Enable": "true", "HealthyPercent": "50", "SourceServiceRevisionCleanup": "DEFERRED"}
    said = {
        "MaximumPercent": 150,
        "MinimumHealthyPercent": 50,
        "DeploymentCircuitBreaker": breaker,
        "Alarms": {"AlarmNames": ["errors"], "Enable": True, "Rollback": True},
        "EarlySuccessCriteria": early,
    }
    made, properties = await a_service(town, DeploymentConfiguration=said, DesiredCount=2)
    shown = (await town.shown("api"))["deploymentConfiguration"]
    assert (shown["maximumPercent"], shown["earlySuccessCriteria"]["healthyPercent"]) == (150, 50)

    fewer = {"MinimumHealthyPercent": 50, "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}}
    properties = await update(town, made, properties, DeploymentConfiguration=fewer)
    shown = (await town.shown("api"))["deploymentConfiguration"]
    assert (shown["maximumPercent"], shown["minimumHealthyPercent"]) == (200, 50)
    assert shown["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert not shown["alarms"]["enable"]
    assert not shown["earlySuccessCriteria"]["enable"]

    await update(town, made, properties, DeploymentConfiguration=None)
    shown = (await town.shown("api"))["deploymentConfiguration"]
    assert (shown["strategy"], shown["minimumHealthyPercent"]) == ("ROLLING", 100)
    assert not shown["deploymentCircuitBreaker"]["enable"]


async def test_what_a_service_need_not_say_goes_back_to_its_default_too(town: Town) -> None:
    said = {"EnableExecuteCommand": True, "PropagateTags": "SERVICE", "PlatformVersion": "1.4.0"}
    made, properties = await a_service(town, **said)
    await update(town, made, properties, **dict.fromkeys(said), EnableECSManagedTags=None)
    shown = await town.shown("api")
    assert not shown["enableExecuteCommand"]
    assert not shown["enableECSManagedTags"]
    assert (shown["propagateTags"], shown["platformVersion"]) == ("NONE", "LATEST")


async def test_a_setting_that_a_release_tool_made_stays_while_the_template_never_says_it(town: Town) -> None:
    made, properties = await a_service(town)
    await town.aws.ecs.update_service(
        cluster="shop", service="api", deploymentConfiguration={"minimumHealthyPercent": 50}
    )
    await update(town, made, properties, DesiredCount=3)
    assert (await town.shown("api"))["deploymentConfiguration"]["minimumHealthyPercent"] == 50


async def test_a_service_is_ready_with_an_early_success(town: Town) -> None:
    early = {"Enable": True, "HealthyPercent": 50, "SourceServiceRevisionCleanup": "DEFERRED"}
    balancer = {
        "TargetGroupArn": town.balancer()["targetGroupArn"],
        "ContainerName": "web",
        "ContainerPort": 8080,
    }
    made, properties = await a_service(
        town,
        DesiredCount=2,
        LoadBalancers=[balancer],
        DeploymentConfiguration={"MinimumHealthyPercent": 50, "EarlySuccessCriteria": early},
    )
    await town.advance(3)
    assert await ready(town, made, properties)
    again = await DEFINITION.create(town.aws, wish(TASK, "token-2"))
    changed = await update(town, made, properties, TaskDefinition=again.physical_id)
    assert not await ready(town, made, changed)
    await town.advance(3)
    assert len((await town.shown("api"))["deployments"]) == 2, "the old tasks still drain"
    assert await ready(town, made, changed)


async def test_a_deployment_that_failed_earlier_does_not_fail_the_next(town: Town) -> None:
    breaker = {"Enable": True, "Rollback": False}
    made, properties = await a_service(
        town, DeploymentConfiguration={"DeploymentCircuitBreaker": breaker}, DesiredCount=2
    )
    await town.advance(2)
    town.containers.images = {c.image for s in town.containers.specs.values() for c in s.containers}
    again = await DEFINITION.create(town.aws, wish(TASK, "token-2"))
    bad = await update(town, made, properties, TaskDefinition=again.physical_id)
    await town.advance(10)
    with pytest.raises(ResourceFailed):
        await ready(town, made, bad)
    town.containers.images = None
    third = await DEFINITION.create(town.aws, wish(TASK, "token-3"))
    good = await update(town, made, bad, TaskDefinition=third.physical_id)
    assert not await ready(town, made, good)
    await town.advance(10)
    assert await ready(town, made, good)


async def test_a_service_that_cannot_start_fails_with_its_telling_event(town: Town) -> None:
    town.containers.images = set()
    made, properties = await a_service(town)
    await town.advance(10)
    with pytest.raises(ResourceFailed, match="CannotPullContainerError: No such image: localhost:4566/web:1"):
        await ready(town, made, properties)


async def test_a_service_whose_port_never_opens_fails(town: Town) -> None:
    town.balancers.health = "unhealthy"
    made, properties = await a_service(
        town,
        LoadBalancers=[
            {
                "TargetGroupArn": town.balancer()["targetGroupArn"],
                "ContainerName": "web",
                "ContainerPort": 8080,
            }
        ],
    )
    await town.advance(10)
    with pytest.raises(ResourceFailed, match=r"port 8080\) is unhealthy in \(target-group arn:"):
        await ready(town, made, properties)


async def test_the_definition_of_a_code_deploy_service_stays(town: Town) -> None:
    made, properties = await a_service(town, DeploymentController={"Type": "CODE_DEPLOY"})
    await town.advance(2)
    assert await ready(town, made, properties)
    again = await DEFINITION.create(town.aws, wish(TASK, "token-2"))
    changed = {**properties, "TaskDefinition": again.physical_id}
    assert SERVICE.update is not None
    with pytest.raises(AwsError, match="Use AWS CodeDeploy to trigger a new deployment"):
        await SERVICE.update(town.aws, wish(changed), made, properties)


def test_what_is_required_and_what_replaces_are_properties() -> None:
    for each in RESOURCES:
        assert each.required <= each.properties
        assert each.replaces <= each.properties
