"""A release from its first step to its last, and the ways back, on stand-ins for ECS and ELBv2."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.services.codedeploy.conftest import Deploy, revision
from tests.unit.services.codedeploy.stand_ins import BLUE, GREEN, TEST_LISTENER, House, forward, task_set

EVENTS = [
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "BeforeAllowTraffic",
    "AllowTraffic",
    "AfterAllowTraffic",
]


def blue_green(ready: int | None = None, keep: bool = False, wait: int = 30) -> dict[str, Any]:
    blue: dict[str, Any] = {"action": "KEEP_ALIVE" if keep else "TERMINATE"}
    if not keep:
        blue["terminationWaitTimeInMinutes"] = wait
    found: dict[str, Any] = {"terminateBlueInstancesOnDeploymentSuccess": blue}
    if ready is not None:
        found["deploymentReadyOption"] = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": ready}
    return found


async def test_canary_of_the_architecture(shop: House, deploy: Deploy) -> None:
    id = await deploy()
    await shop.advance(2)
    assert shop.world.share() == 10
    assert shop.world.primary == "ecs-svc/blue"
    name, made = shop.world.told[1]
    assert name == "create_task_set"
    assert made["externalId"] == id
    assert made["loadBalancers"][0]["targetGroupArn"] == GREEN
    assert made["serviceRegistries"]
    assert made["networkConfiguration"]
    await shop.advance(5 * 60 - 10, 5)
    assert shop.world.share() == 10
    await shop.advance(20, 5)
    assert shop.world.share() == 100
    assert shop.world.primary == f"ecs-svc/{id}"
    info = await shop.info(id)
    assert info["status"] == "InProgress"
    assert info["instanceTerminationWaitTimeStarted"] is True
    target = await shop.target(id)
    assert target["status"] == "Succeeded"
    assert [event["lifecycleEventName"] for event in target["lifecycleEvents"]] == EVENTS
    assert {event["status"] for event in target["lifecycleEvents"]} == {"Succeeded"}
    sets = {item["taskSetLabel"]: item for item in target["taskSetsInfo"]}
    assert sets["Green"]["trafficWeight"] == 100.0
    assert sets["Blue"]["targetGroup"] == {"name": "orders-1"}
    assert sets["Blue"]["identifer"] == "ecs-svc/blue"
    await shop.advance(30 * 60 - 60, 10)
    assert (await shop.info(id))["status"] == "InProgress"
    await shop.advance(120, 10)
    info = await shop.info(id)
    assert info["status"] == "Succeeded"
    assert info["deploymentOverview"]["Succeeded"] == 1
    assert [item["id"] for item in shop.world.sets] == [f"ecs-svc/{id}"]
    assert shop.world.rules["rule-other"] == [forward({"another": 1})]


async def test_health_checks_run_before_any_shift(shop: House, deploy: Deploy) -> None:
    shop.world.healthy = False
    await deploy()
    await shop.advance(2)
    assert shop.world.told[0] == ("modify_rule", ("rule-orders", {BLUE: 100, GREEN: 0}))
    assert shop.world.names() == ["modify_rule", "create_task_set"]


async def test_second_deployment_is_refused_and_the_wait_can_be_ended(shop: House, deploy: Deploy) -> None:
    id = await deploy()
    await shop.advance(310, 5)
    with pytest.raises(Exception, match=f"'orders' already has an active Deployment '{id}'"):
        await deploy("orders:3")
    await shop.aws.codedeploy.continue_deployment(deploymentId=id, deploymentWaitType="TERMINATION_WAIT")
    await shop.advance(3)
    assert (await shop.info(id))["status"] == "Succeeded"
    second = await deploy("orders:3")
    await shop.advance(2)
    assert shop.world.share(BLUE) == 10
    assert (await shop.info(second))["previousRevision"] == revision("orders:2")


@pytest.mark.parametrize("seconds", [0.5, 1, 2, 310])
async def test_stop_with_rollback_gives_blue_everything_within_seconds(
    shop: House, deploy: Deploy, seconds: float
) -> None:
    id = await deploy()
    await shop.advance(seconds, 5 if seconds > 5 else 0.5)
    answer = await shop.aws.codedeploy.stop_deployment(deploymentId=id, autoRollbackEnabled=True)
    assert answer["status"] == "Pending"
    shop.restart()
    await shop.advance(3)
    assert [item["id"] for item in shop.world.sets] == ["ecs-svc/blue"]
    assert shop.world.primary == "ecs-svc/blue"
    assert shop.world.share() in (0, None)
    stopped = await shop.info(id)
    assert stopped["status"] == "Stopped"
    assert stopped["errorInformation"]["code"] == "MANUAL_STOP"
    back = await shop.info(stopped["rollbackInfo"]["rollbackDeploymentId"])
    assert back["status"] == "Succeeded"
    assert back["creator"] == "codeDeployRollback"
    assert back["rollbackInfo"]["rollbackTriggeringDeploymentId"] == id


async def test_weights_go_first_on_the_way_back(shop: House, deploy: Deploy) -> None:
    id = await deploy()
    await shop.advance(310, 5)
    shop.world.told.clear()
    await shop.aws.codedeploy.stop_deployment(deploymentId=id, autoRollbackEnabled=True)
    await shop.advance(0)
    assert shop.world.names() == ["modify_rule", "update_service_primary_task_set"]
    await shop.advance(2)
    assert shop.world.names()[-1] == "delete_task_set"


async def test_stop_without_rollback_leaves_all_as_it_is_until_the_next(shop: House, deploy: Deploy) -> None:
    id = await deploy()
    await shop.advance(2)
    await shop.aws.codedeploy.stop_deployment(deploymentId=id, autoRollbackEnabled=False)
    await shop.advance(2)
    assert shop.world.share() == 10
    assert "rollbackInfo" not in await shop.info(id)
    second = await deploy("orders:3")
    await shop.advance(3)
    assert {item["id"] for item in shop.world.sets} == {"ecs-svc/blue", f"ecs-svc/{second}"}
    assert shop.world.share() == 10


async def test_green_that_keeps_failing_fails_early_with_its_reason(shop: House, deploy: Deploy) -> None:
    shop.world.steady = False
    id = await deploy()
    await shop.advance(1)
    shop.world.stopped = [
        {
            "taskArn": f"task-{n}",
            "startedBy": f"ecs-svc/{id}",
            "stopCode": "EssentialContainerExited",
            "stoppedReason": "Essential container in task exited",
            "containers": [{"name": "orders", "exitCode": 3}],
        }
        for n in range(3)
    ]
    await shop.advance(3)
    info = await shop.info(id)
    assert info["status"] == "Failed"
    assert info["errorInformation"]["code"] == "HEALTH_CONSTRAINTS"
    assert "container orders: exit code 3" in info["errorInformation"]["message"]
    assert [item["id"] for item in shop.world.sets] == ["ecs-svc/blue"]
    events = {e["lifecycleEventName"]: e["status"] for e in (await shop.target(id))["lifecycleEvents"]}
    assert events["Install"] == "Failed"
    assert events["AllowTraffic"] == "Skipped"


async def test_install_times_out_after_an_hour(shop: House, deploy: Deploy) -> None:
    shop.world.steady = False
    id = await deploy()
    await shop.advance(3570, 30)
    assert (await shop.info(id))["status"] == "InProgress"
    await shop.advance(60, 5)
    info = await shop.info(id)
    assert info["errorInformation"]["code"] == "TIMEOUT"
    assert "60 minutes" in info["errorInformation"]["message"]


async def test_primary_must_be_behind_the_listener(shop: House, deploy: Deploy) -> None:
    shop.world.rules.pop("rule-orders")
    id = await deploy()
    await shop.advance(1)
    info = await shop.info(id)
    assert "Primary taskset target group must be behind listener" in info["errorInformation"]["message"]
    assert shop.world.told == []
    assert "rollbackInfo" not in info


async def test_refused_task_set_fails_the_deployment(shop: House, deploy: Deploy) -> None:
    shop.world.refuses["create_task_set"] = "TaskDefinition not found."
    id = await deploy()
    await shop.advance(1)
    info = await shop.info(id)
    assert info["errorInformation"]["code"] == "ECS_UPDATE_ERROR"
    assert "TaskDefinition not found." in info["errorInformation"]["message"]


async def test_ready_wait_goes_on_or_stops(shop: House, deploy: Deploy) -> None:
    id = await deploy(blueGreenDeploymentConfiguration=blue_green(ready=10))
    await shop.advance(2)
    assert (await shop.info(id))["status"] == "Ready"
    assert shop.world.share() == 0
    await shop.aws.codedeploy.continue_deployment(deploymentId=id, deploymentWaitType="READY_WAIT")
    await shop.advance(1)
    assert shop.world.share() == 10
    await shop.aws.codedeploy.stop_deployment(deploymentId=id, autoRollbackEnabled=True)
    await shop.advance(3)
    late = await deploy("orders:3")
    await shop.advance(620, 5)
    info = await shop.info(late)
    assert info["status"] == "Stopped"
    assert "This time out period is 10 minutes." in info["errorInformation"]["message"]


async def test_test_listener_gets_green_first_and_has_its_events(shop: House, deploy: Deploy) -> None:
    id = await deploy(test=True)
    await shop.advance(2)
    assert ("modify_listener", (TEST_LISTENER, {BLUE: 0, GREEN: 100})) in shop.world.told
    names = [event["lifecycleEventName"] for event in (await shop.target(id))["lifecycleEvents"]]
    assert len(names) == 8
    await shop.aws.codedeploy.stop_deployment(deploymentId=id, autoRollbackEnabled=True)
    await shop.advance(3)
    assert shop.world.default == [forward({BLUE: 100, GREEN: 0})]


async def test_kept_alive_blue_makes_room_for_the_next(shop: House, deploy: Deploy) -> None:
    kept = blue_green(keep=True)
    id = await deploy(
        deploymentConfigName="CodeDeployDefault.ECSAllAtOnce", blueGreenDeploymentConfiguration=kept
    )
    await shop.advance(3)
    info = await shop.info(id)
    assert info["status"] == "Succeeded"
    assert info["instanceTerminationWaitTimeStarted"] is False
    assert len(shop.world.sets) == 2
    second = await deploy("orders:3")
    await shop.advance(3)
    assert {item["id"] for item in shop.world.sets} == {f"ecs-svc/{id}", f"ecs-svc/{second}"}


async def test_killed_after_every_single_step(shop: House, deploy: Deploy) -> None:
    id = await deploy(deploymentConfigName="CodeDeployDefault.ECSLinear10PercentEvery1Minutes")
    shares = []
    for _ in range(700):
        shop.restart()
        await shop.advance(1, 1)
        shares.append(shop.world.share() or 0)
    assert shares == sorted(shares)
    assert {0, 10, 50, 90, 100} <= {*shares, 0}
    assert shop.world.primary == f"ecs-svc/{id}"


async def test_unsteady_canary_walks_back_after_five_minutes(shop: House, deploy: Deploy) -> None:
    id = await deploy(deploymentConfigName="CodeDeployDefault.ECSCanary10Percent15Minutes")
    await shop.advance(2)
    shop.world.steady = False
    await shop.advance(280, 5)
    assert (await shop.info(id))["status"] == "InProgress"
    await shop.advance(40, 5)
    assert (await shop.info(id))["errorInformation"]["code"] == "HEALTH_CONSTRAINTS"
    assert shop.world.share() == 0
    assert shop.world.primary == "ecs-svc/blue"


async def test_leftover_of_another_is_not_touched(shop: House, deploy: Deploy) -> None:
    shop.world.sets.append(task_set("ecs-svc/mine", "ACTIVE", "some-other-group"))
    await deploy()
    await shop.advance(400, 5)
    assert "ecs-svc/mine" in {item["id"] for item in shop.world.sets}


async def test_every_answer_lost_once(shop: House, deploy: Deploy) -> None:
    id = await deploy()
    shop.world.loses_answers = True
    await shop.advance(2200, 5)
    assert (await shop.info(id))["status"] == "Succeeded"
    assert shop.world.names().count("create_task_set") == 1
    assert [item["id"] for item in shop.world.sets] == [f"ecs-svc/{id}"]
