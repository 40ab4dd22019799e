"""After a deployment was broken off, nobody who had the good version gets the other one."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.support.house import SUBNET
from tests.unit.services.ecs.test_shifting import Alarms, Shop, shop

__all__ = ["shop"]
LONG = {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 600}


async def shares_until(shop: Shop, stage: str) -> list[tuple[int, int]]:
    """The shares, second by second, until the newest deployment is at that stage or has that status."""
    found = []
    for _ in range(120):
        found.append(await shop.share())
        shown = await shop.deployment()
        if stage in (shown.get("lifecycleStage"), shown["status"]):
            return found
        await shop.house.advance(1)
    raise AssertionError(f"never {stage}")


async def broken_off_canary(shop: Shop) -> None:
    await shop.open(canaryConfiguration=LONG)
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    await shop.happens("stop", "ABORT")
    await shop.until("STOPPED")
    await shop.house.advance(15)
    assert await shop.share() == (90, 10), "stopped is stopped"


async def test_the_next_deployment_begins_from_the_last_that_was_complete(shop: Shop) -> None:
    await broken_off_canary(shop)
    await shop.release("images.example/orders:3")
    assert (0, 100) not in await shares_until(shop, "PRODUCTION_TRAFFIC_SHIFT")


async def test_going_back_to_what_was_complete_never_gives_everybody_the_other(shop: Shop) -> None:
    await broken_off_canary(shop)
    await shop.aws.ecs.update_service(cluster="shop", service="orders", taskDefinition=shop.good)
    shares = await shares_until(shop, "PRODUCTION_TRAFFIC_SHIFT")
    assert (100, 0) in shares
    assert (0, 100) not in shares


async def test_after_an_alarm_that_takes_nothing_back(shop: Shop) -> None:
    alarms = Alarms()
    shop.house.services["cloudwatch"] = alarms.service()  # type: ignore[index]
    watched: dict[str, Any] = {"alarmNames": ["errors"], "enable": True, "rollback": False}
    await shop.open(alarms=watched, canaryConfiguration=LONG)
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    alarms.ringing = {"errors"}
    await shop.until("STOPPED")
    alarms.ringing = set()
    await shop.release("images.example/orders:3")
    assert (0, 100) not in await shares_until(shop, "PRODUCTION_TRAFFIC_SHIFT")


async def test_an_alarm_that_cannot_be_read_just_now_is_asked_again(shop: Shop) -> None:
    alarms = Alarms()
    shop.house.services["cloudwatch"] = alarms.service()  # type: ignore[index]
    watched: dict[str, Any] = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    await shop.open(alarms=watched)
    alarms.ringing, alarms.is_down = {"errors"}, True
    await shop.release()
    await shop.house.advance(5)
    alarms.is_down = False
    await shop.until("SUCCESSFUL")  # it rang when the deployment began, so it does not fail it


async def test_a_service_is_not_handed_to_ecs_while_another_version_has_traffic(shop: Shop) -> None:
    await shop.open()
    external = {"type": "EXTERNAL"}
    await shop.aws.ecs.update_service(cluster="shop", service="orders", deploymentController=external)
    await shop.house.advance(5)
    await shop.aws.ecs.create_task_set(
        cluster="shop",
        service="orders",
        taskDefinition=await shop.define("images.example/orders:2"),
        loadBalancers=[{"targetGroupArn": shop.arns["green"], "containerName": "c", "containerPort": 80}],
        launchType="FARGATE",
        scale={"value": 100.0, "unit": "PERCENT"},
        networkConfiguration={"awsvpcConfiguration": {"subnets": [SUBNET]}},
    )
    with pytest.raises(AwsError, match="more than one active task set"):
        await shop.aws.ecs.update_service(
            cluster="shop", service="orders", deploymentController={"type": "ECS"}
        )
