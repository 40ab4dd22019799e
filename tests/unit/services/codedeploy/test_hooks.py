"""Hooks: Lambda functions that judge a release at its lifecycle events."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.unit.services.codedeploy.conftest import Deploy
from tests.unit.services.codedeploy.stand_ins import House

ALL = ["BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"]


def hooks(*events: str) -> list[dict[str, str]]:
    return [{event: f"check-{event}"} for event in events]


async def judge(shop: House, status: str = "Succeeded") -> str:
    """What the function called last would do; the deployment's id."""
    asked = shop.world.invoked[-1]
    answer = await shop.aws.codedeploy.put_lifecycle_event_hook_execution_status(
        deploymentId=asked["DeploymentId"],
        lifecycleEventHookExecutionId=asked["LifecycleEventHookExecutionId"],
        status=status,
    )
    assert answer == {"lifecycleEventHookExecutionId": asked["LifecycleEventHookExecutionId"]}
    return str(asked["DeploymentId"])


async def events(shop: House, id: str) -> dict[str, str]:
    return {e["lifecycleEventName"]: e["status"] for e in (await shop.target(id))["lifecycleEvents"]}


async def test_every_hook_is_called_in_its_place_and_waited_for(shop: House, deploy: Deploy) -> None:
    id = await deploy(hooks=hooks(*ALL), test=True)
    for number, event in enumerate(ALL):
        await shop.advance(400, 10)
        assert len(shop.world.invoked) == number + 1, event
        found = await events(shop, id)
        assert found[event] == "InProgress"
        assert list(found.values())[: list(found).index(event)] == ["Succeeded"] * list(found).index(event)
        assert (shop.world.share() == 100) is (event == "AfterAllowTraffic")
        await judge(shop)
    await shop.advance(2000, 10)
    assert (await shop.info(id))["status"] == "Succeeded"
    assert [name for name in shop.world.names() if name == "invoke"] == ["invoke"] * len(ALL)


@pytest.mark.parametrize("event", ["AfterInstall", "BeforeAllowTraffic", "AfterAllowTraffic"])
async def test_a_function_that_finds_fault_rolls_the_release_back(
    shop: House, deploy: Deploy, event: str
) -> None:
    id = await deploy(hooks=hooks(event))
    await shop.advance(400, 10)
    await judge(shop, "Failed")
    await shop.advance(5)
    info = await shop.info(id)
    assert info["status"] == "Failed"
    assert info["errorInformation"]["code"] == "HOOK_EXECUTION_FAILURE"
    assert "lifecycle event validation functions failed" in info["errorInformation"]["message"]
    assert (await events(shop, id))[event] == "Failed"
    back = await shop.info(info["rollbackInfo"]["rollbackDeploymentId"])
    assert back["status"] == "Succeeded"
    assert shop.world.primary == "ecs-svc/blue"
    assert shop.world.share() in (0, None)


async def test_before_install_there_is_nothing_to_roll_back(shop: House, deploy: Deploy) -> None:
    id = await deploy(hooks=hooks("BeforeInstall"))
    await shop.advance(1)
    await judge(shop, "Failed")
    await shop.advance(2)
    info = await shop.info(id)
    assert info["status"] == "Failed"
    assert "rollbackInfo" not in info
    assert shop.world.names() == ["invoke"]


async def test_a_function_that_never_answers_fails_after_an_hour(shop: House, deploy: Deploy) -> None:
    id = await deploy(hooks=hooks("AfterInstall"))
    await shop.advance(3590, 30)
    assert (await shop.info(id))["status"] == "InProgress"
    await shop.advance(60, 10)
    info = await shop.info(id)
    assert info["errorInformation"]["code"] == "TIMEOUT"
    assert "within one hour" in info["errorInformation"]["message"]


async def test_a_function_that_cannot_be_invoked_fails_the_release(shop: House, deploy: Deploy) -> None:
    shop.world.refuses["invoke"] = "Function not found"
    id = await deploy(hooks=hooks("AfterInstall"))
    await shop.advance(2)
    info = await shop.info(id)
    assert info["errorInformation"]["code"] == "HOOK_EXECUTION_FAILURE"
    assert "check-AfterInstall could not be invoked for AfterInstall" in info["errorInformation"]["message"]


async def test_an_event_that_cannot_start_for_five_minutes_fails_the_release(
    shop: House, deploy: Deploy
) -> None:
    shop.world.is_down.add("invoke")
    id = await deploy(hooks=hooks("AfterInstall"))
    await shop.advance(280, 10)
    assert (await shop.info(id))["status"] == "InProgress"
    await shop.advance(60, 10)
    info = await shop.info(id)
    assert info["status"] == "Failed"
    assert "check-AfterInstall could not be invoked for AfterInstall" in info["errorInformation"]["message"]


async def test_killed_between_the_call_and_its_record_it_is_called_again_and_counts_once(
    shop: House, deploy: Deploy
) -> None:
    id = await deploy(hooks=hooks("BeforeInstall"))
    shop.world.loses_answers = True
    await shop.advance(2)
    ids = [asked["LifecycleEventHookExecutionId"] for asked in shop.world.invoked]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    await judge(shop)
    assert await refused(judge(shop)) == "LifecycleEventAlreadyCompletedException"
    assert (await events(shop, id))["BeforeInstall"] != "Failed"


async def test_only_a_known_execution_can_report_and_only_a_verdict(shop: House, deploy: Deploy) -> None:
    id = await deploy(hooks=hooks("BeforeInstall"))
    await shop.advance(1)
    put = shop.aws.codedeploy.put_lifecycle_event_hook_execution_status
    stranger = put(deploymentId=id, lifecycleEventHookExecutionId="x", status="Succeeded")
    assert await refused(stranger) == "InvalidLifecycleEventHookExecutionIdException"
    execution = shop.world.invoked[-1]["LifecycleEventHookExecutionId"]
    unsure = put(deploymentId=id, lifecycleEventHookExecutionId=execution, status="InProgress")
    assert await refused(unsure) == "InvalidLifecycleEventHookExecutionStatusException"


async def refused(call: Any) -> str:
    with pytest.raises(AwsError) as caught:
        await call
    return caught.value.wire_code()
