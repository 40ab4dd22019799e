"""Applications, groups, configurations, revisions and tags, and what AWS says to bad requests."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.unit.services.codedeploy.conftest import Deploy, group_request, revision
from tests.unit.services.codedeploy.stand_ins import House


async def refused(code: str, call: Any) -> str:
    with pytest.raises(AwsError) as caught:
        await call
    assert caught.value.wire_code() == code
    return caught.value.message


async def test_both_waits_are_always_answered(shop: House) -> None:
    await shop.aws.codedeploy.create_deployment_group(**group_request())
    answer = await shop.aws.codedeploy.get_deployment_group(
        applicationName="shop", deploymentGroupName="orders"
    )
    info = answer["deploymentGroupInfo"]
    config = info["blueGreenDeploymentConfiguration"]
    assert config["deploymentReadyOption"]["waitTimeInMinutes"] == 0
    assert config["terminateBlueInstancesOnDeploymentSuccess"]["terminationWaitTimeInMinutes"] == 30
    assert info["computePlatform"] == "ECS"
    assert info["ecsServices"] == [{"serviceName": "orders", "clusterName": "shop"}]


async def test_names_that_are_not_there(shop: House) -> None:
    api = shop.aws.codedeploy
    said = await refused("ApplicationDoesNotExistException", api.get_application(applicationName="x"))
    assert said == "No application found for name: x"
    group = api.get_deployment_group(applicationName="shop", deploymentGroupName="x")
    assert await refused("DeploymentGroupDoesNotExistException", group)
    assert await refused("DeploymentDoesNotExistException", api.get_deployment(deploymentId="d-123456789"))
    assert await refused("InvalidDeploymentIdException", api.get_deployment(deploymentId="x"))
    config = api.get_deployment_config(deploymentConfigName="x")
    assert await refused("DeploymentConfigDoesNotExistException", config)
    twice = api.create_application(applicationName="shop", computePlatform="ECS")
    assert await refused("ApplicationAlreadyExistsException", twice)
    assert await refused("NotImplemented", api.create_application(applicationName="ec2"))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"applicationName": "x"}, "ApplicationDoesNotExistException"),
        ({"deploymentConfigName": "x"}, "DeploymentConfigDoesNotExistException"),
        ({"ecsServices": []}, "InvalidECSServiceException"),
        ({"ecsServices": [{"serviceName": "x", "clusterName": "shop"}]}, "InvalidECSServiceException"),
        ({"loadBalancerInfo": {}}, "InvalidLoadBalancerInfoException"),
        ({"deploymentStyle": {"deploymentType": "IN_PLACE"}}, "InvalidDeploymentStyleException"),
        (
            {"blueGreenDeploymentConfiguration": {}},
            "InvalidBlueGreenDeploymentConfigurationException",
        ),
        ({"autoRollbackConfiguration": {"enabled": True}}, "InvalidAutoRollbackConfigException"),
        ({"ec2TagFilters": [{"Key": "a"}]}, "InvalidInputException"),
    ],
)
async def test_groups_that_cannot_be(shop: House, change: dict[str, Any], code: str) -> None:
    request = {**group_request(), **change}
    assert await refused(code, shop.aws.codedeploy.create_deployment_group(**request))


async def test_a_service_has_one_group_and_the_right_controller(shop: House) -> None:
    api = shop.aws.codedeploy
    await api.create_deployment_group(**group_request())
    second = {**group_request(), "deploymentGroupName": "second"}
    assert await refused("ECSServiceMappingLimitExceededException", api.create_deployment_group(**second))
    shop.world.controller = "ECS"
    said = await refused("InvalidECSServiceException", api.create_deployment_group(**second))
    assert "CODE_DEPLOY deployment controller" in said


async def test_update_group_changes_what_it_names(shop: House, deploy: Deploy) -> None:
    api = shop.aws.codedeploy
    id = await deploy()
    await api.update_deployment_group(
        applicationName="shop",
        currentDeploymentGroupName="orders",
        newDeploymentGroupName="renamed",
        deploymentConfigName="CodeDeployDefault.ECSAllAtOnce",
    )
    answer = await api.get_deployment_group(applicationName="shop", deploymentGroupName="renamed")
    info = answer["deploymentGroupInfo"]
    assert info["deploymentConfigName"] == "CodeDeployDefault.ECSAllAtOnce"
    assert info["autoRollbackConfiguration"]["enabled"] is True
    assert info["lastAttemptedDeployment"]["deploymentId"] == id
    await api.update_application(applicationName="shop", newApplicationName="mall")
    assert (await shop.info(id))["applicationName"] == "mall"


async def test_configurations(shop: House) -> None:
    api = shop.aws.codedeploy
    canary = {"canaryPercentage": 10, "canaryInterval": 30}
    routing = {"type": "TimeBasedCanary", "timeBasedCanary": canary}
    await api.create_deployment_config(
        deploymentConfigName="slow", computePlatform="ECS", trafficRoutingConfig=routing
    )
    listed = (await api.list_deployment_configs())["deploymentConfigsList"]
    assert len(listed) == 6
    answer = await api.get_deployment_config(deploymentConfigName="slow")
    assert answer["deploymentConfigInfo"]["trafficRoutingConfig"] == routing
    await api.create_deployment_group(**{**group_request(), "deploymentConfigName": "slow"})
    assert await refused(
        "DeploymentConfigInUseException", api.delete_deployment_config(deploymentConfigName="slow")
    )
    assert await refused(
        "InvalidOperationException",
        api.delete_deployment_config(deploymentConfigName="CodeDeployDefault.ECSAllAtOnce"),
    )
    bad = {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 100, "canaryInterval": 1}}
    assert await refused(
        "InvalidTrafficRoutingConfigurationException",
        api.create_deployment_config(
            deploymentConfigName="bad", computePlatform="ECS", trafficRoutingConfig=bad
        ),
    )


async def test_a_hook_that_would_never_be_called_is_refused(shop: House) -> None:
    api = shop.aws.codedeploy
    await api.create_deployment_group(**group_request())
    call = api.create_deployment(
        applicationName="shop",
        deploymentGroupName="orders",
        revision=revision(Hooks=[{"AfterAllowTestTraffic": "smoke"}]),
    )
    assert "AfterAllowTestTraffic needs" in await refused("InvalidRevisionException", call)


async def test_waits_that_are_not_there(shop: House, deploy: Deploy) -> None:
    api = shop.aws.codedeploy
    id = await deploy()
    for wait in ("READY_WAIT", "TERMINATION_WAIT"):
        call = api.continue_deployment(deploymentId=id, deploymentWaitType=wait)
        assert await refused("DeploymentIsNotInReadyStateException", call)
    await shop.advance(2300, 10)
    assert await refused("DeploymentAlreadyCompletedException", api.stop_deployment(deploymentId=id))
    hook = api.put_lifecycle_event_hook_execution_status(
        deploymentId=id, lifecycleEventHookExecutionId="x", status="Succeeded"
    )
    assert await refused("InvalidLifecycleEventHookExecutionIdException", hook)


async def test_a_stop_is_repeated_only_until_it_is_done(shop: House, deploy: Deploy) -> None:
    api = shop.aws.codedeploy
    id = await deploy()
    await shop.advance(2)
    assert (await api.stop_deployment(deploymentId=id))["status"] == "Pending"
    assert (await api.stop_deployment(deploymentId=id))["status"] == "Succeeded"
    await shop.advance(2)
    assert (await shop.info(id))["status"] == "Stopped"
    assert await refused("DeploymentAlreadyCompletedException", api.stop_deployment(deploymentId=id))


async def test_a_deployment_outlives_its_group(shop: House, deploy: Deploy) -> None:
    api = shop.aws.codedeploy
    id = await deploy()
    await shop.advance(2)
    await api.delete_deployment_group(applicationName="shop", deploymentGroupName="orders")
    listed = api.list_deployments(applicationName="shop", deploymentGroupName="orders")
    assert await refused("DeploymentGroupDoesNotExistException", listed)
    assert id in (await api.list_deployments())["deployments"]
    await api.create_deployment_group(**group_request())
    assert await refused("DeploymentLimitExceededException", deploy())
    await api.delete_deployment_group(applicationName="shop", deploymentGroupName="orders")
    await shop.advance(2300, 10)
    assert (await shop.info(id))["status"] == "Succeeded"
    assert shop.world.share() == 100


async def test_without_its_group_a_deployment_is_rolled_back_all_the_same(
    shop: House, deploy: Deploy
) -> None:
    id = await deploy()
    await shop.advance(2)
    await shop.aws.codedeploy.delete_deployment_group(applicationName="shop", deploymentGroupName="orders")
    await shop.aws.codedeploy.stop_deployment(deploymentId=id, autoRollbackEnabled=True)
    await shop.advance(3)
    back = (await shop.info(id))["rollbackInfo"]["rollbackDeploymentId"]
    assert (await shop.info(back))["status"] == "Succeeded"
    assert shop.world.primary == "ecs-svc/blue"


async def test_lists_revisions_and_tags(shop: House, deploy: Deploy) -> None:
    api = shop.aws.codedeploy
    id = await deploy()
    assert (await api.list_deployments(applicationName="shop", deploymentGroupName="orders"))[
        "deployments"
    ] == [id]
    assert (await api.list_deployments(includeOnlyStatuses=["Succeeded"]))["deployments"] == []
    assert (await api.list_deployment_targets(deploymentId=id))["targetIds"] == ["shop:orders"]
    assert (await api.list_application_revisions(applicationName="shop"))["revisions"] == [revision()]
    assert (await api.list_application_revisions(applicationName="shop", deployed="include"))[
        "revisions"
    ] == []
    arn = "arn:aws:codedeploy:eu-central-1:000000000000:deploymentgroup:shop/orders"
    await api.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    assert (await api.list_tags_for_resource(ResourceArn=arn))["Tags"] == [{"Key": "a", "Value": "b"}]
    await api.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert (await api.list_tags_for_resource(ResourceArn=arn))["Tags"] == []
