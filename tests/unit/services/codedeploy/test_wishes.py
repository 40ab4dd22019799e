"""Alarms, the queue, and what people ask for on the way: hold, promote, weights by hand, go back."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Wish
from bambe.services.codedeploy.resources import RESOURCES
from tests.unit.services.codedeploy.conftest import Deploy, group_request, revision
from tests.unit.services.codedeploy.stand_ins import BLUE, GREEN, House, forward

ARN = "arn:aws:codedeploy:eu-central-1:000000000000:deploymentgroup:shop/orders"
WATCHED = {
    "alarmConfiguration": {"enabled": True, "alarms": [{"name": "errors"}]},
    "autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_STOP_ON_ALARM"]},
}


async def tag(shop: House, key: str, value: str) -> None:
    await shop.aws.codedeploy.tag_resource(ResourceArn=ARN, Tags=[{"Key": key, "Value": value}])


@pytest.mark.parametrize("seconds", [2, 310, 900])
async def test_an_alarm_stops_the_release_and_rolls_it_back(
    shop: House, deploy: Deploy, seconds: float
) -> None:
    shop.world.alarms["errors"] = "OK"
    id = await deploy(**WATCHED)
    await shop.advance(seconds, 5 if seconds > 5 else 0.5)
    shop.world.alarms["errors"] = "ALARM"
    await shop.advance(6)
    info = await shop.info(id)
    assert info["status"] == "Stopped"
    assert info["errorInformation"]["code"] == "ALARM_ACTIVE"
    assert "Alarms: <errors>" in info["errorInformation"]["message"]
    assert (await shop.info(info["rollbackInfo"]["rollbackDeploymentId"]))["status"] == "Succeeded"
    assert shop.world.primary == "ecs-svc/blue"


async def test_an_alarm_that_rings_before_anything_was_done_changes_nothing(
    shop: House, deploy: Deploy
) -> None:
    shop.world.alarms["errors"] = "ALARM"
    id = await deploy(**WATCHED)
    await shop.advance(2)
    info = await shop.info(id)
    assert info["errorInformation"]["code"] == "ALARM_ACTIVE"
    assert "rollbackInfo" not in info
    assert shop.world.told == []


async def test_alarms_that_cannot_be_read_stop_the_release_unless_told_otherwise(
    shop: House, deploy: Deploy
) -> None:
    id = await deploy(**WATCHED)
    await shop.advance(1)
    assert "no alarm errors" in (await shop.info(id))["errorInformation"]["message"]
    calm = {"enabled": True, "ignorePollAlarmFailure": True, "alarms": [{"name": "errors"}]}
    await shop.aws.codedeploy.update_deployment_group(
        applicationName="shop", currentDeploymentGroupName="orders", alarmConfiguration=calm
    )
    id = await deploy()
    await shop.advance(2)
    assert (await shop.info(id))["status"] == "InProgress"


async def test_alarms_where_there_is_no_cloudwatch_fail_at_once(shop: House, deploy: Deploy) -> None:
    shop.world.without_alarms = True
    id = await deploy(**WATCHED)
    await shop.advance(1)
    info = await shop.info(id)
    assert info["status"] == "Stopped"
    assert "could not be retrieved from Amazon CloudWatch" in info["errorInformation"]["message"]
    assert shop.world.told == []


async def test_alarms_can_be_left_out_of_one_deployment(shop: House, deploy: Deploy) -> None:
    shop.world.alarms["errors"] = "ALARM"
    await shop.aws.codedeploy.create_deployment_group(**group_request(**WATCHED))
    made = await shop.aws.codedeploy.create_deployment(
        applicationName="shop",
        deploymentGroupName="orders",
        revision=revision("orders:2"),
        overrideAlarmConfiguration={"enabled": False, "alarms": []},
    )
    await shop.advance(2)
    assert (await shop.info(made["deploymentId"]))["status"] == "InProgress"
    assert shop.world.share() == 10


@pytest.mark.parametrize(
    ("alarms", "error"),
    [
        ({"enabled": True, "alarms": []}, "InvalidAlarmConfigException"),
        ({"enabled": True, "alarms": [{"name": "a"}, {"name": "a"}]}, "InvalidAlarmConfigException"),
        ({"enabled": True, "alarms": [{"name": ""}]}, "InvalidAlarmConfigException"),
        ({"enabled": True, "alarms": [{"name": str(n)} for n in range(51)]}, "AlarmsLimitExceededException"),
    ],
)
async def test_bad_alarm_configurations(shop: House, alarms: dict[str, Any], error: str) -> None:
    with pytest.raises(AwsError) as caught:
        await shop.aws.codedeploy.create_deployment_group(**group_request(alarmConfiguration=alarms))
    assert caught.value.wire_code() == error


async def deploy_by_build(shop: House, number: int) -> str:
    made = await shop.build(number).codedeploy.create_deployment(
        applicationName="shop", deploymentGroupName="orders", revision=revision(f"orders:{number}")
    )
    return str(made["deploymentId"])


async def status(shop: House, id: str) -> str:
    return str((await shop.info(id))["status"])


async def test_builds_queue_and_the_newest_supersedes_those_in_between(shop: House, deploy: Deploy) -> None:
    first = await deploy()
    await tag(shop, "bambe:queue", "newest")
    await shop.advance(3)
    second, third, fourth = [await deploy_by_build(shop, number) for number in (2, 3, 4)]
    await shop.advance(1)
    assert await status(shop, second) == await status(shop, third) == "Stopped"
    assert await status(shop, fourth) == "Queued"
    assert fourth in (await shop.info(third))["errorInformation"]["message"]
    await shop.advance(310, 5)
    await shop.advance(2)
    assert await status(shop, first) == "Succeeded", "its termination wait ends for the newer version"
    assert await status(shop, fourth) == "InProgress"
    assert shop.world.share(BLUE) == 10


async def test_with_wait_the_old_version_is_kept_as_long_as_asked(shop: House, deploy: Deploy) -> None:
    first = await deploy()
    await tag(shop, "bambe:queue", "wait")
    second = await deploy_by_build(shop, 2)
    await shop.advance(1000, 10)
    assert (await status(shop, first), await status(shop, second)) == ("InProgress", "Queued")
    await shop.advance(1300, 10)
    assert (await status(shop, first), await status(shop, second)) == ("Succeeded", "InProgress")


async def test_a_slow_build_of_an_older_commit_never_overtakes(shop: House, deploy: Deploy) -> None:
    await shop.aws.codedeploy.create_deployment_group(**group_request())
    await tag(shop, "bambe:queue", "newest")
    newer = await deploy_by_build(shop, 8)
    await shop.advance(2)
    assert await status(shop, newer) == "InProgress"
    older = await deploy_by_build(shop, 7)
    await shop.advance(1)
    assert await status(shop, older) == "Stopped"
    await shop.advance(2500, 10)
    assert await status(shop, newer) == "Succeeded"
    late = await deploy_by_build(shop, 6)
    await shop.advance(1)
    assert await status(shop, late) == "Stopped"


async def test_builds_of_before_a_group_was_made_anew_supersede_nothing(shop: House, deploy: Deploy) -> None:
    await deploy()
    await tag(shop, "bambe:queue", "newest")
    newest = await deploy_by_build(shop, 8)
    await shop.advance(2500, 10)
    assert await status(shop, newest) == "Succeeded"
    names = {"applicationName": "shop", "deploymentGroupName": "orders"}
    await shop.aws.codedeploy.delete_deployment_group(**names)
    await shop.aws.codedeploy.create_deployment_group(**group_request())
    await tag(shop, "bambe:queue", "newest")
    first = await deploy_by_build(shop, 1)
    await shop.advance(5)
    assert await status(shop, first) == "InProgress"


async def test_people_get_the_error_of_aws_while_builds_wait(shop: House, deploy: Deploy) -> None:
    first = await deploy()
    await tag(shop, "bambe:queue", "newest")
    with pytest.raises(AwsError, match=f"already has an active Deployment '{first}'"):
        await deploy("orders:3")
    await shop.aws.codedeploy.untag_resource(ResourceArn=ARN, TagKeys=["bambe:queue"])
    with pytest.raises(AwsError, match="already has an active Deployment"):
        await deploy_by_build(shop, 2)


async def test_a_queued_deployment_can_be_stopped(shop: House, deploy: Deploy) -> None:
    first = await deploy()
    await tag(shop, "bambe:queue", "newest")
    second = await deploy_by_build(shop, 2)
    await shop.advance(1)
    await shop.aws.codedeploy.stop_deployment(deploymentId=second)
    await shop.advance(1)
    assert await status(shop, second) == "Stopped"
    assert await status(shop, first) == "InProgress"


async def test_held_it_stays_at_its_step_and_goes_on_when_let_go(shop: House, deploy: Deploy) -> None:
    id = await deploy()
    await shop.advance(2)
    await tag(shop, "bambe:hold", id)
    await shop.advance(2000, 10)
    assert shop.world.share() == 10
    await tag(shop, "bambe:hold", "")
    await shop.advance(1)
    assert shop.world.share() == 100


async def test_a_stack_that_changes_the_group_leaves_what_people_ask(shop: House, deploy: Deploy) -> None:
    id = await deploy()
    await tag(shop, "bambe:hold", id)
    (group,) = [one for one in RESOURCES if one.name.endswith("DeploymentGroup")]
    assert group.update is not None
    for tags in ([{"Key": "team", "Value": "shop"}], []):
        properties = {"ApplicationName": "shop", "Tags": tags}
        stack = "arn:aws:cloudformation:eu-central-1:000000000000:stack/shop/1"
        wish = Wish("shop", stack, "Group", "orders", "token", properties, {})
        await group.update(shop.aws, wish, Made("orders"), {})
    listed = await shop.aws.codedeploy.list_tags_for_resource(ResourceArn=ARN)
    keys = [one["Key"] for one in listed["Tags"]]
    assert "bambe:hold" in keys
    assert "team" not in keys


async def test_promoted_it_gets_everything_at_once(shop: House, deploy: Deploy) -> None:
    id = await deploy(deploymentConfigName="CodeDeployDefault.ECSLinear10PercentEvery3Minutes")
    await shop.advance(2)
    await tag(shop, "bambe:promote", id)
    await shop.advance(0.5)
    assert shop.world.share() == 100
    assert shop.world.primary == f"ecs-svc/{id}"


async def test_weights_set_by_hand_hold_until_the_next_step(shop: House, deploy: Deploy) -> None:
    id = await deploy()
    await shop.advance(2)
    await shop.aws.elbv2.modify_rule(RuleArn="rule-orders", Actions=[forward({BLUE: 60, GREEN: 40})])
    await shop.advance(200, 5)
    assert shop.world.share() == 40
    sets = {item["taskSetLabel"]: item for item in (await shop.target(id))["taskSetsInfo"]}
    assert sets["Green"]["trafficWeight"] == 40.0
    await shop.advance(120, 5)
    assert shop.world.share() == 100


async def test_when_blue_is_gone_a_rollback_is_a_full_deployment_of_what_it_ran(
    shop: House, deploy: Deploy
) -> None:
    id = await deploy()
    await shop.advance(310, 5)
    shop.world.sets = [item for item in shop.world.sets if item["id"] != "ecs-svc/blue"]
    await shop.aws.codedeploy.stop_deployment(deploymentId=id, autoRollbackEnabled=True)
    await shop.advance(400, 5)
    back = (await shop.info(id))["rollbackInfo"]["rollbackDeploymentId"]
    info = await shop.info(back)
    assert info["creator"] == "codeDeployRollback"
    assert info["instanceTerminationWaitTimeStarted"] is True
    made = [what for name, what in shop.world.told if name == "create_task_set"][-1]
    assert made["taskDefinition"] == "orders:1"
    assert shop.world.primary == f"ecs-svc/{back}"
