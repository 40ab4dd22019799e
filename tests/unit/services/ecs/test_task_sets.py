"""Task sets under CODE_DEPLOY, as a blue/green deployment drives them."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.unit.services.ecs.conftest import Town
from tests.unit.services.ecs.neighbours import group_arn

CODE_DEPLOY = {"type": "CODE_DEPLOY"}
HERE = {"cluster": "shop", "service": "web"}


async def blue(town: Town, **changes: Any) -> dict[str, Any]:
    registries = [{"registryArn": town.map.arn}]
    said = {"loadBalancers": [town.balancer()], "serviceRegistries": registries, **changes}
    await town.serve(deploymentController=CODE_DEPLOY, **said)
    await town.advance(3)
    return dict((await town.shown())["taskSets"][0])


async def green(town: Town, **changes: Any) -> dict[str, Any]:
    said = {
        "externalId": "d-GREEN1234",
        "taskDefinition": await town.define(),
        "loadBalancers": [town.balancer("green")],
        "serviceRegistries": [{"registryArn": town.map.arn}],
        "clientToken": "d-GREEN1234",
        **changes,
    }
    return dict((await town.aws.ecs.create_task_set(**HERE, **said))["taskSet"])


async def test_the_first_task_set_is_made_with_the_service(town: Town) -> None:
    shown = await blue(town)
    assert (shown["status"], shown["stabilityStatus"]) == ("PRIMARY", "STEADY_STATE")
    assert shown["taskSetArn"].startswith("arn:aws:ecs:eu-central-1:000000000000:task-set/shop/web/ecs-svc/")
    assert (shown["computedDesiredCount"], shown["runningCount"], shown["pendingCount"]) == (2, 2, 0)
    service = await town.shown()
    assert service["deployments"] == []
    assert (await town.messages())[-1] == "(service web) has reached a steady state."


async def test_green_comes_and_blue_goes(town: Town) -> None:
    was = await blue(town)
    old = set(town.containers.started)
    made = await green(town)
    assert (made["status"], made["stabilityStatus"]) == ("ACTIVE", "STABILIZING")
    assert made["startedBy"] == "CODE_DEPLOY"
    assert (await green(town))["id"] == made["id"], "the same client token is the same task set"
    await town.advance(3)
    (shown,) = (await town.aws.ecs.describe_task_sets(**HERE, taskSets=[made["taskSetArn"]]))["taskSets"]
    assert shown["stabilityStatus"] == "STEADY_STATE"
    new = set(town.containers.started) - old
    assert {town.map.instances[one].get("ECS_TASK_SET_EXTERNAL_ID") for one in new} == {"d-GREEN1234"}

    moved = await town.aws.ecs.update_service_primary_task_set(**HERE, primaryTaskSet=made["id"])
    assert moved["taskSet"]["status"] == "PRIMARY"
    service = await town.shown()
    assert service["taskDefinition"] == made["taskDefinition"]
    assert service["loadBalancers"][0]["targetGroupArn"] == group_arn("green")

    gone = await town.aws.ecs.delete_task_set(**HERE, taskSet=was["id"], force=True)
    assert gone["taskSet"]["status"] == "DRAINING"
    await town.advance(3)
    assert town.containers.stopped == []
    town.balancers.drained()
    await town.advance(12)
    assert set(town.containers.stopped) == old
    assert [s["id"] for s in (await town.shown())["taskSets"]] == [made["id"]]
    begun = f"(service web, taskSet {was['id']}) has begun draining connections on 1 tasks."
    assert begun in await town.messages()


async def test_a_dead_task_of_either_set_is_replaced_by_its_own_image(town: Town) -> None:
    await blue(town)
    made = await green(town, taskDefinition=await town.define(container={"image": "localhost:4566/web:2"}))
    await town.advance(3)
    dead = town.containers.started[-1]
    town.containers.exit(dead)
    await town.advance(3)
    (shown,) = (await town.aws.ecs.describe_task_sets(**HERE, taskSets=[made["id"]]))["taskSets"]
    assert shown["runningCount"] == 2
    last = town.containers.specs[town.containers.started[-1]]
    assert last.containers[0].image.startswith("localhost:4566/web@sha256:")
    assert town.containers.pulled.count("localhost:4566/web:2") == 1


async def test_a_share_of_the_desired_count(town: Town) -> None:
    await blue(town, desiredCount=3)
    made = await green(town, scale={"value": 50, "unit": "PERCENT"})
    assert made["computedDesiredCount"] == 2
    answer = await town.aws.ecs.update_task_set(
        **HERE, taskSet=made["id"], scale={"value": 0, "unit": "PERCENT"}
    )
    assert answer["taskSet"]["computedDesiredCount"] == 0
    await town.aws.ecs.delete_task_set(**HERE, taskSet=made["id"])
    await town.advance(1)
    assert len((await town.shown())["taskSets"]) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"taskDefinition": "web:2"}, "Unable to update task definition on services with a CODE_DEPLOY"),
        ({"forceNewDeployment": True}, "Cannot force a new deployment on services with a CODE_DEPLOY"),
        ({"loadBalancers": []}, "Unable to update load balancers on services with a CODE_DEPLOY"),
    ],
)
async def test_code_deploy_alone_releases(town: Town, change: dict[str, Any], words: str) -> None:
    await blue(town)
    await town.define()
    with pytest.raises(AwsError, match=words) as caught:
        await town.aws.ecs.update_service(**HERE, **change)
    assert caught.value.wire_code() == "InvalidParameterException"
    await town.aws.ecs.update_service(**HERE, desiredCount=1, taskDefinition="web:1")


async def test_what_cannot_be(town: Town) -> None:
    was = await blue(town)
    with pytest.raises(AwsError, match="primary task set cannot be deleted"):
        await town.aws.ecs.delete_task_set(**HERE, taskSet=was["id"])
    for number in range(4):
        await green(town, clientToken=f"t{number}", externalId=f"x{number}")
    with pytest.raises(AwsError, match="5 deployments exist on the service"):
        await green(town, clientToken="one-more")
    with pytest.raises(AwsError) as caught:
        await town.aws.ecs.delete_task_set(**HERE, taskSet="ecs-svc/1")
    assert caught.value.wire_code() == "TaskSetNotFoundException"


async def test_a_rolling_service_has_no_task_sets(town: Town) -> None:
    await town.serve()
    with pytest.raises(AwsError, match="Task sets are only supported"):
        await green(town)


async def test_an_external_service_begins_without_tasks(town: Town) -> None:
    await town.serve(deploymentController={"type": "EXTERNAL"}, taskDefinition=None, desiredCount=1)
    await town.advance(1)
    assert (await town.shown())["taskSets"] == []
    made = await green(town, serviceRegistries=[])
    await town.advance(3)
    await town.aws.ecs.update_service_primary_task_set(**HERE, primaryTaskSet=made["id"])
    assert (await town.shown())["runningCount"] == 1


async def test_the_health_of_a_target_wakes_its_task(town: Town) -> None:
    await blue(town)
    loop = town.runners["ecs.task"].reconciler
    (task, _) = await town.tasks()
    address = task["attachments"][0]["details"]
    inner = next(one["value"] for one in address if one["name"] == "privateIPv4Address")
    target = ("000000000000", "eu-central-1", "blue", inner, 8080)
    (woken,) = loop.concerns("elbv2_targets", target)
    assert woken[-1] == task["taskArn"].rsplit("/", 1)[-1]
    assert list(loop.concerns("elbv2_targets", (*target[:3], "10.9.9.9", 8080))) == []
    await town.aws.ecs.stop_task(cluster="shop", task=task["taskArn"])
    await town.advance(3)
    town.balancers.drained()
    await town.advance(60)
    assert woken not in loop.concerns("elbv2_targets", target)
