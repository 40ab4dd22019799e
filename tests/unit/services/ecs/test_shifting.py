"""ECS-native blue/green, canary and linear deployments, on the real load balancer service, fake engines."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bambe.engines.proxy.port import TargetHealth
from bambe.evidence.wishes import FINISH, HOLD, PROMOTE
from bambe.kernel.errors import AwsError, InternalFailure
from bambe.kernel.resources import Made, ResourceFailed, Wish
from bambe.services import Service
from bambe.services.ecs.resources import SERVICE
from tests.support.house import SUBNET
from tests.support.mortal import MortalHouse
from tests.support.street import BAD, Street

DESIRED = 2
SERVICES = ("ecs", "elbv2", "ec2", "acm", "logs")
ROLE = "arn:aws:iam::000000000000:role/ecs"
CANARY = {
    "strategy": "CANARY",
    "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 2},
    "bakeTimeInMinutes": 3,
    "deploymentCircuitBreaker": {"enable": True, "rollback": True},
}
PAUSE = {"targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"]}


@dataclass
class Shop(Street):
    """One service under the ECS controller behind a rule."""

    refusals = frozenset({"ConflictException", "InvalidParameterException"})

    async def open(self, **configuration: Any) -> None:
        """The service with its first version, steady."""
        await self.aws.ecs.create_cluster(clusterName="shop")
        self.good, self.bad = await self.define("images.example/orders:1"), await self.define(BAD)
        await self.open_balancer()
        pair = [{"TargetGroupArn": self.arns[name], "Weight": w} for name, w in (("blue", 1), ("green", 0))]
        await self.aws.elbv2.modify_rule(
            RuleArn=self.rule, Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": pair}}]
        )
        await self.break_bad()
        await self.aws.ecs.create_service(
            cluster="shop", serviceName="orders", taskDefinition=self.good, desiredCount=DESIRED,
            launchType="FARGATE", networkConfiguration={"awsvpcConfiguration": {"subnets": [SUBNET]}},
            loadBalancers=[self.balancer()], deploymentConfiguration={**CANARY, **configuration},
        )  # fmt: skip
        await self.house.advance(15)

    def balancer(self, **more: str) -> dict[str, Any]:
        advanced = {
            "alternateTargetGroupArn": self.arns["green"],
            "productionListenerRule": self.rule,
            "roleArn": ROLE,
            **more,
        }
        return {
            "targetGroupArn": self.arns["blue"],
            "containerName": "c",
            "containerPort": 80,
            "advancedConfiguration": advanced,
        }

    async def shown(self) -> dict[str, Any]:
        answer = await self.aws.ecs.describe_services(cluster="shop", services=["orders"])
        return dict(answer["services"][0])

    async def deployment(self) -> dict[str, Any]:
        """The newest service deployment."""
        listed = await self.aws.ecs.list_service_deployments(cluster="shop", service="orders")
        arn = listed["serviceDeployments"][0]["serviceDeploymentArn"]
        answer = await self.aws.ecs.describe_service_deployments(serviceDeploymentArns=[arn])
        return dict(answer["serviceDeployments"][0])

    async def release(self, image: str = "images.example/orders:2", **changes: Any) -> None:
        definition = self.bad if image == BAD else await self.define(image)
        await self.aws.ecs.update_service(
            cluster="shop", service="orders", taskDefinition=definition, **changes
        )
        await self.house.settle()

    async def until(self, stage: str, seconds: int = 120) -> dict[str, Any]:
        for _ in range(seconds):
            found = await self.deployment()
            if found.get("lifecycleStage") == stage or found["status"] == stage:
                return found
            await self.house.advance(1)
        raise AssertionError(f"never {stage}: {found}")

    async def share(self) -> tuple[int, int]:
        found = await self.weights()
        return found[self.arns["blue"]], found[self.arns["green"]]

    async def tag(self, key: str, deployment: str = "") -> None:
        """Ask by a tag of the service; of the newest deployment where none is named."""
        arn = str((await self.deployment())["serviceDeploymentArn"])
        tag = {"key": key, "value": deployment or arn.rsplit("/", 1)[-1]}
        await self.aws.ecs.tag_resource(resourceArn=(await self.shown())["serviceArn"], tags=[tag])
        await self.house.settle()

    async def untag(self, *keys: str) -> None:
        await self.aws.ecs.untag_resource(resourceArn=(await self.shown())["serviceArn"], tagKeys=list(keys))
        await self.house.settle()

    async def weigh(self, blue: int, green: int) -> None:
        """Set the rule by hand."""
        pair = [
            {"TargetGroupArn": self.arns[name], "Weight": weight}
            for name, weight in (("blue", blue), ("green", green))
        ]
        await self.aws.elbv2.modify_rule(
            RuleArn=self.rule, Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": pair}}]
        )
        await self.house.settle()

    async def told(self, words: str) -> list[str]:
        """The service's events with these words."""
        return [one["message"] for one in (await self.shown())["events"] if words in one["message"]]

    async def running(self) -> Counter[str]:
        """Images of running containers."""
        specs = self.house.containers.specs.values()
        return Counter(spec.containers[0].image.rpartition("@")[2][:12] for spec in specs)

    async def _deploy(self, kind: str) -> None:
        await self.release(BAD if kind == "bad" else "images.example/orders:2")

    async def _stop(self, kind: str) -> None:
        arn = (await self.deployment())["serviceDeploymentArn"]
        await self.aws.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType=kind)

    async def _continue(self, action: str) -> None:
        found = await self.deployment()
        for hook in found.get("lifecycleHookDetails", ()):
            if hook["status"] == "AWAITING_ACTION":
                await self.aws.ecs.continue_service_deployment(
                    serviceDeploymentArn=found["serviceDeploymentArn"], hookId=hook["hookId"], action=action
                )

    async def _ask(self, key: str) -> None:
        await self.tag(key)

    async def _approve(self, key: str) -> None:
        await self.untag(key)

    async def _weigh(self, percent: int) -> None:
        """As `bambe set-weight` does: during the shift alone, and the new version's share."""
        found = await self.deployment()
        if not found["targetServiceRevision"].get("requestedProductionTrafficWeight"):
            return
        if found["status"] != "IN_PROGRESS" or found.get("lifecycleStage") != "PRODUCTION_TRAFFIC_SHIFT":
            return
        arns = [found["targetServiceRevision"]["arn"]]
        (new,) = (await self.aws.ecs.describe_service_revisions(serviceRevisionArns=arns))["serviceRevisions"]
        group = new["resolvedConfiguration"]["loadBalancers"][0]["targetGroupArn"]
        green = percent if group == self.arns["green"] else 100 - percent
        await self.weigh(100 - green, green)

    async def check(self) -> None:
        shown, weights = await self.shown(), await self.weights()
        assert [one["status"] for one in shown["deployments"]].count("PRIMARY") == 1
        assert sum(weights.values()) in (1, 100)
        arns = [one["arn"] for one in shown["currentServiceRevisions"]]
        answer = await self.aws.ecs.describe_service_revisions(serviceRevisionArns=arns)
        served = {
            one["resolvedConfiguration"]["loadBalancers"][0]["targetGroupArn"]
            for one in answer["serviceRevisions"]
        }
        assert {arn for arn, weight in weights.items() if weight} <= served, "no share for what is not there"

    async def check_end(self) -> None:
        await self.check()
        shown = await self.shown()
        assert "currentServiceDeployment" not in shown
        known = {one["id"]: one for one in shown["deployments"]}
        tasks = (await self.aws.ecs.list_tasks(cluster="shop", desiredStatus="RUNNING"))["taskArns"]
        assert set(self.house.containers.specs) == {arn.rsplit("/", 1)[-1] for arn in tasks}
        described = (await self.aws.ecs.describe_tasks(cluster="shop", tasks=tasks))["tasks"] if tasks else []
        assert {task["startedBy"] for task in described} <= set(known)
        if (await self.deployment())["status"] != "STOPPED":
            assert len(known) == 1, "one revision is left"
            assert len(tasks) == DESIRED
            assert sorted((await self.weights()).values()) in ([0, 1], [0, 100])
            (arn,) = [arn for arn, weight in (await self.weights()).items() if weight]
            await self.check_proxy({arn: DESIRED})


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    house = MortalHouse(tmp_path, SERVICES, scale=60)
    await house.start()
    yield Shop(house)
    await house.stop()


async def test_a_canary_comes_in_step_by_step_and_the_pair_alternates(shop: Shop) -> None:
    await shop.open()
    assert (await shop.deployment())["status"] == "SUCCESSFUL"
    assert await shop.share() == (1, 0)
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    assert await shop.share() == (90, 10)
    going = await shop.deployment()
    assert going["status"] == "IN_PROGRESS"
    assert going["targetServiceRevision"]["requestedProductionTrafficWeight"] == 10.0
    assert going["sourceServiceRevisions"][0]["requestedProductionTrafficWeight"] == 90.0
    assert (await shop.shown())["runningCount"] == 2 * DESIRED
    await shop.until("BAKE_TIME")
    assert await shop.share() == (0, 100)
    assert (await shop.shown())["runningCount"] == 2 * DESIRED, "the old revision waits out the bake time"
    done = await shop.until("SUCCESSFUL")
    assert done["finishedAt"] > done["startedAt"]
    await shop.house.advance(15)
    await shop.check_end()
    await shop.release("images.example/orders:3")
    await shop.until("SUCCESSFUL")
    assert await shop.share() == (100, 0)


async def test_linear_steps(shop: Shop) -> None:
    linear = {"stepPercent": 30.0, "stepBakeTimeInMinutes": 2}
    await shop.open(strategy="LINEAR", linearConfiguration=linear, canaryConfiguration={})
    await shop.release()
    seen = [await shop.share()]
    for _ in range(60):
        await shop.house.advance(1)
        if (share := await shop.share()) != seen[-1]:
            seen.append(share)
    assert seen[-5:] == [(100, 0), (70, 30), (40, 60), (10, 90), (0, 100)] or seen[-4:] == [
        (70, 30), (40, 60), (10, 90), (0, 100),
    ]  # fmt: skip


async def test_a_pause_waits_before_every_step_and_either_goes_on_or_back(shop: Shop) -> None:
    await shop.open(lifecycleHooks=[PAUSE])
    await shop.release()
    for share in ((1, 0), (90, 10)):
        await shop.house.advance(20)
        found = await shop.deployment()
        assert await shop.share() == share
        (hook,) = [one for one in found["lifecycleHookDetails"] if one["status"] == "AWAITING_ACTION"]
        assert hook["hookId"].startswith("ecs-pause-")
        assert hook["expiresAt"] > shop.house.clock.now()
        await shop.aws.ecs.continue_service_deployment(
            serviceDeploymentArn=found["serviceDeploymentArn"], hookId=hook["hookId"]
        )
    await shop.until("SUCCESSFUL")
    await shop.release("images.example/orders:3")
    await shop.house.advance(20)
    await shop.happens("continue", "ROLLBACK")
    back = await shop.until("ROLLBACK_SUCCESSFUL")
    assert "ContinueServiceDeployment" in back["statusReason"]
    await shop.house.advance(15)
    await shop.check_end()


async def test_a_pause_that_nobody_answers_goes_back(shop: Shop) -> None:
    timeout = {"timeoutInMinutes": 10, "action": "ROLLBACK"}
    await shop.open(lifecycleHooks=[{**PAUSE, "timeoutConfiguration": timeout}])
    await shop.release()
    back = await shop.until("ROLLBACK_SUCCESSFUL")
    assert "timed out" in back["statusReason"]
    assert [hook["status"] for hook in back["lifecycleHookDetails"]] == ["TIMED_OUT"]


async def test_a_revision_shows_which_images_its_tasks_run(shop: Shop) -> None:
    await shop.open()
    arn = (await shop.shown())["currentServiceRevisions"][0]["arn"]
    answer = await shop.aws.ecs.describe_service_revisions(serviceRevisionArns=[arn])
    (image,) = answer["serviceRevisions"][0]["containerImages"]
    (running,) = {spec.containers[0].image for spec in shop.house.containers.specs.values()}
    assert (image["containerName"], image["image"]) == ("c", "images.example/orders:1")
    assert running.endswith(f"@{image['imageDigest']}")


async def test_a_stop_brings_the_source_revision_back_whole(shop: Shop) -> None:
    await shop.open()
    before = await shop.shown()
    await shop.release()
    await shop.until("BAKE_TIME")
    arn = (await shop.deployment())["serviceDeploymentArn"]
    await shop.aws.ecs.stop_service_deployment(serviceDeploymentArn=arn)
    assert (await shop.deployment())["status"] == "ROLLBACK_REQUESTED"
    await shop.house.settle()
    assert await shop.share() == (100, 0), "traffic goes back at once"
    back = await shop.until("ROLLBACK_SUCCESSFUL")
    assert back["rollback"]["serviceRevisionArn"] == back["sourceServiceRevisions"][0]["arn"]
    assert (await shop.shown())["taskDefinition"] == before["taskDefinition"]
    with pytest.raises(AwsError) as caught:
        await shop.aws.ecs.stop_service_deployment(serviceDeploymentArn=arn)
    assert caught.value.wire_code() == "ConflictException"
    await shop.house.advance(15)
    await shop.check_end()


async def test_a_revision_that_does_not_start_opens_the_circuit_breaker(shop: Shop) -> None:
    await shop.open()
    await shop.release(BAD)
    back = await shop.until("ROLLBACK_SUCCESSFUL")
    breaker = back["deploymentCircuitBreaker"]
    assert (breaker["status"], breaker["threshold"]) == ("TRIGGERED", 3)
    assert breaker["failureCount"] >= 3
    assert "circuit breaker" in back["statusReason"]
    assert await shop.share() == (1, 0), "it never had traffic"
    await shop.house.advance(15)
    await shop.check_end()


class Alarms:
    """CloudWatch, of whose alarms some are `ringing`."""

    def __init__(self) -> None:
        self.ringing: set[str] = set()
        self.is_down = False

    def service(self) -> Service:
        async def describe_alarms(call: Any, request: Any) -> dict[str, Any]:
            if self.is_down:
                raise InternalFailure("CloudWatch is down")
            found = sorted(self.ringing & set(request["AlarmNames"]))
            return {"MetricAlarms": [{"AlarmName": name} for name in found], "CompositeAlarms": []}

        return Service("cloudwatch", {"describe_alarms": describe_alarms})


@pytest.mark.parametrize("stage", ["POST_SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME"])
async def test_an_alarm_that_rings_while_a_deployment_waits_takes_it_back(shop: Shop, stage: str) -> None:
    alarms = Alarms()
    shop.house.services["cloudwatch"] = alarms.service()  # type: ignore[index]
    watched = {"alarmNames": ["errors", "old"], "enable": True, "rollback": True}
    pause = {"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"]} if stage == "POST_SCALE_UP" else {}
    await shop.open(
        alarms=watched,
        lifecycleHooks=[pause] if pause else [],
        bakeTimeInMinutes=60,
        canaryConfiguration={"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 30},
    )
    alarms.ringing = {"old"}
    await shop.release()
    await shop.until(stage)
    await shop.house.advance(5)
    assert (await shop.deployment())["status"] == "IN_PROGRESS", "what rang at the beginning is not heard"
    loop = shop.house.runners["ecs.deployment"].reconciler
    (key,) = await loop.keys()
    again = await loop.reconcile(key)
    assert again is not None
    assert again - shop.house.clock.now() <= timedelta(seconds=2), "it looks again though it waits for longer"
    alarms.ringing = {"old", "errors"}
    await shop.house.advance(2)
    back = await shop.deployment()
    assert back["status"].startswith("ROLLBACK_")
    assert back["alarms"]["triggeredAlarmNames"] == ["errors"]
    await shop.until("ROLLBACK_SUCCESSFUL")
    await shop.house.advance(15)
    await shop.check_end()


async def test_the_rule_has_to_lead_to_both_target_groups(shop: Shop) -> None:
    await shop.open()
    only = [{"Type": "forward", "TargetGroupArn": shop.arns["blue"]}]
    await shop.aws.elbv2.modify_rule(RuleArn=shop.rule, Actions=only)
    await shop.release()
    back = await shop.until("ROLLBACK_SUCCESSFUL")
    assert "Both targetGroup and alternateTargetGroup must be associated" in back["statusReason"]


async def test_a_stack_hears_of_a_deployment_that_went_back(shop: Shop) -> None:
    await shop.open()
    arn = (await shop.shown())["serviceArn"]
    made = Made(arn, {})
    good = {"TaskDefinition": (await shop.shown())["taskDefinition"]}
    assert SERVICE.ready is not None
    assert await SERVICE.ready(shop.aws, made, good)
    await shop.release(BAD)
    assert not await SERVICE.ready(shop.aws, made, {"TaskDefinition": shop.bad})
    await shop.until("ROLLBACK_SUCCESSFUL")
    await shop.house.advance(15)
    with pytest.raises(ResourceFailed, match="circuit breaker"):
        await SERVICE.ready(shop.aws, made, {"TaskDefinition": shop.bad})


async def test_another_strategy_takes_over_once_nothing_is_under_way(shop: Shop) -> None:
    await shop.open(lifecycleHooks=[PAUSE])
    await shop.release()
    with pytest.raises(AwsError, match="while a service deployment is in progress"):
        await shop.aws.ecs.update_service(
            cluster="shop", service="orders", deploymentConfiguration={"strategy": "ROLLING"}
        )
    for _ in range(2):
        await shop.house.advance(15)
        await shop.happens("continue", "CONTINUE")
    await shop.until("SUCCESSFUL")
    await shop.house.advance(15)
    assert await shop.share() == (0, 100)
    for strategy in ("BLUE_GREEN", "ROLLING"):
        await shop.aws.ecs.update_service(
            cluster="shop", service="orders", deploymentConfiguration={"strategy": strategy}
        )
    configuration = (await shop.shown())["deploymentConfiguration"]
    assert not {"canaryConfiguration", "lifecycleHooks", "bakeTimeInMinutes"} & set(configuration)
    await shop.release("images.example/orders:3")
    await shop.until("SUCCESSFUL")
    await shop.house.advance(15)
    await shop.check_end()


async def test_a_rule_that_is_gone_does_not_hold_up_the_way_back(shop: Shop) -> None:
    await shop.open()
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    await shop.aws.elbv2.delete_rule(RuleArn=shop.rule)
    back = await shop.until("ROLLBACK_SUCCESSFUL")
    assert "A listener rule does not exist" in back["statusReason"]


async def test_an_abort_leaves_what_has_traffic_running(shop: Shop) -> None:
    await shop.open()
    await shop.release()
    await shop.until("BAKE_TIME")
    await shop.happens("stop", "ABORT")
    for task in list(shop.house.containers.specs):
        shop.house.containers.exit(task, code=1)
    await shop.house.advance(20)
    assert (await shop.shown())["runningCount"] == 2 * DESIRED


async def test_an_external_controller_is_not_disturbed_by_what_was_under_way(shop: Shop) -> None:
    await shop.open()
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    await shop.aws.ecs.update_service(
        cluster="shop", service="orders", deploymentController={"type": "EXTERNAL"}
    )
    await shop.house.advance(60)
    assert await shop.share() == (90, 10)
    assert len((await shop.shown())["taskSets"]) == 2


async def test_held_it_stays_at_its_step_and_in_its_bake_time(shop: Shop) -> None:
    await shop.open()
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    await shop.tag(HOLD)
    await shop.house.advance(30)
    assert await shop.share() == (90, 10)
    await shop.untag(HOLD)
    await shop.until("BAKE_TIME", 5)
    await shop.tag(HOLD)
    await shop.house.advance(30)
    assert (await shop.shown())["runningCount"] == 2 * DESIRED
    assert (await shop.deployment())["lifecycleStage"] == "BAKE_TIME"
    await shop.untag(HOLD)
    await shop.until("SUCCESSFUL")
    await shop.house.advance(15)
    await shop.check_end()


async def test_held_it_can_be_taken_back(shop: Shop) -> None:
    await shop.open()
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    await shop.tag(HOLD)
    await shop.happens("stop", "ROLLBACK")
    await shop.until("ROLLBACK_SUCCESSFUL")
    assert await shop.share() == (100, 0)


async def test_promoted_it_gets_everything_at_once_and_keeps_its_bake_time(shop: Shop) -> None:
    linear = {"stepPercent": 10.0, "stepBakeTimeInMinutes": 20}
    hook = {**PAUSE, "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"]}
    await shop.open(
        strategy="LINEAR", linearConfiguration=linear, canaryConfiguration={}, lifecycleHooks=[hook]
    )
    await shop.release()
    await shop.house.advance(5)
    await shop.happens("continue", "CONTINUE")
    assert await shop.share() == (90, 10)
    await shop.tag(HOLD)
    await shop.tag(PROMOTE)
    assert await shop.share() == (0, 100), "no step in between, and nobody is asked again"
    await shop.until("POST_PRODUCTION_TRAFFIC_SHIFT")
    await shop.untag(HOLD)
    await shop.tag(FINISH)
    assert (await shop.deployment())["lifecycleStage"] == "CLEAN_UP"
    await shop.until("SUCCESSFUL")
    await shop.house.advance(15)
    await shop.check_end()


async def test_promoted_while_it_waits_for_approval_it_gets_everything(shop: Shop) -> None:
    await shop.open(lifecycleHooks=[{**PAUSE, "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}])
    await shop.release()
    await shop.until("POST_TEST_TRAFFIC_SHIFT")
    await shop.tag(PROMOTE)
    assert await shop.share() == (0, 100)
    found = await shop.until("BAKE_TIME")
    assert [hook["status"] for hook in found["lifecycleHookDetails"]] == ["SUCCEEDED"]
    await shop.house.advance(2)
    assert (await shop.deployment())["lifecycleStage"] == "BAKE_TIME"


async def test_weights_set_by_hand_hold_until_the_next_step(shop: Shop) -> None:
    await shop.open()
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    await shop.tag(HOLD)
    await shop.weigh(700, 300)
    await shop.house.advance(3)
    found = await shop.deployment()
    assert found["targetServiceRevision"]["requestedProductionTrafficWeight"] == 30.0
    (said,) = await shop.told("30 percent")
    assert said.endswith("has 30 percent of production traffic: its listener rule was changed.")
    await shop.weigh(2, 1)
    await shop.house.advance(30)
    assert await shop.share() == (2, 1)
    assert len(await shop.told("listener rule was changed")) == 2
    await shop.untag(HOLD)
    await shop.until("BAKE_TIME", 5)
    assert await shop.share() == (0, 100)


async def test_all_traffic_taken_away_by_hand_comes_back_before_the_old_version_ends(shop: Shop) -> None:
    await shop.open()
    await shop.release()
    await shop.until("BAKE_TIME")
    await shop.weigh(50, 50)
    await shop.until("CLEAN_UP")
    assert await shop.share() == (0, 100)
    await shop.until("SUCCESSFUL")


@pytest.mark.parametrize("after", [False, True])
async def test_what_a_step_set_is_never_taken_for_set_by_hand(shop: Shop, after: bool) -> None:
    linear = {"stepPercent": 12.5, "stepBakeTimeInMinutes": 1}
    await shop.open(strategy="LINEAR", linearConfiguration=linear, canaryConfiguration={})
    await shop.release()
    for effect in range(1, 40):
        await shop.happens("kill", (effect % 5 + 1, after))
        if (await shop.deployment())["status"] != "IN_PROGRESS":
            break
    assert await shop.told("shifted 12.5 percent")
    assert await shop.told("listener rule was changed") == []


async def test_tags_start_nothing_and_those_of_another_deployment_mean_nothing(shop: Shop) -> None:
    await shop.open()
    first = str((await shop.deployment())["serviceDeploymentArn"])
    for key in (HOLD, PROMOTE, FINISH):
        await shop.tag(key)
    await shop.house.advance(10)
    assert (await shop.deployment())["serviceDeploymentArn"] == first
    assert (await shop.deployment())["status"] == "SUCCESSFUL"
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    assert await shop.share() == (90, 10)
    await shop.until("BAKE_TIME", 5)
    await shop.house.advance(2)
    assert (await shop.deployment())["lifecycleStage"] == "BAKE_TIME"
    await shop.until("SUCCESSFUL", 5)


async def test_a_tag_wakes_the_deployment_at_once(shop: Shop) -> None:
    await shop.open()
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    loop = shop.house.runners["ecs.deployment"].reconciler
    service = ("000000000000", "eu-central-1", "shop", "orders")
    (woken,) = loop.concerns("ecs_services", service)
    assert (await shop.deployment())["serviceDeploymentArn"].endswith(woken[-1])


async def test_a_stack_that_changes_the_service_leaves_what_people_ask(shop: Shop) -> None:
    await shop.open()
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    await shop.tag(HOLD)
    going = (await shop.deployment())["serviceDeploymentArn"]
    made = Made((await shop.shown())["serviceArn"], {})
    assert SERVICE.update is not None
    for tags in ([{"Key": "team", "Value": "shop"}], []):
        wish = Wish("shop", "id", "Service", "orders", "token", {"DesiredCount": DESIRED, "Tags": tags}, {})
        await SERVICE.update(shop.aws, wish, made, {"DesiredCount": 1})
    listed = await shop.aws.ecs.list_tags_for_resource(resourceArn=made.physical_id)
    assert [one["key"] for one in listed["tags"]] == [HOLD]
    await shop.house.advance(30)
    assert await shop.share() == (90, 10)
    assert (await shop.deployment())["serviceDeploymentArn"] == going


class Functions:
    """Lambda as a hook calls it: `answers` are given one after another, the last one for ever."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def service(self) -> Service:
        async def invoke(call: Any, request: Any) -> dict[str, Any]:
            self.asked.append(json.loads(request["Payload"]))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            return {"StatusCode": 200, "Payload": json.dumps(answer).encode()}

        return Service("lambda", {"invoke": invoke})


HOOK = {
    "hookTargetArn": "arn:aws:lambda:eu-central-1:000000000000:function:judge",
    "roleArn": ROLE,
    "hookDetails": {"limit": 3},
}


async def test_a_function_judges_a_stage_and_may_take_its_time(shop: Shop) -> None:
    judge = Functions({"hookStatus": "IN_PROGRESS", "callBackDelay": 7}, {"hookStatus": "SUCCEEDED"})
    shop.house.services["lambda"] = judge.service()  # type: ignore[index]
    await shop.open(lifecycleHooks=[{**HOOK, "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}])
    assert judge.asked == [], "there is nothing to judge about the first revision"
    await shop.release()
    await shop.house.advance(5)
    (asked,) = judge.asked
    assert asked["lifecycleStage"] == "POST_TEST_TRAFFIC_SHIFT"
    assert asked["hookDetails"] == {"limit": 3}
    assert asked["executionDetails"]["serviceArn"].endswith("service/shop/orders")
    await shop.house.advance(8)
    assert len(judge.asked) == 2
    await shop.until("SUCCESSFUL")


async def test_a_function_that_finds_it_bad_is_told_of_the_way_back_too(shop: Shop) -> None:
    judge = Functions({"hookStatus": "FAILED"})
    shop.house.services["lambda"] = judge.service()  # type: ignore[index]
    await shop.open(lifecycleHooks=[{**HOOK, "lifecycleStages": ["PRODUCTION_TRAFFIC_SHIFT"]}])
    await shop.release()
    back = await shop.until("ROLLBACK_SUCCESSFUL")
    assert "at PRODUCTION_TRAFFIC_SHIFT failed" in back["statusReason"]
    on, way_back = (one["executionDetails"]["productionTrafficWeights"] for one in judge.asked)
    assert sorted(on.values()) == [10.0, 90.0]
    assert sorted(way_back.values()) == [0.0, 100.0]


async def test_a_newer_update_takes_over_from_one_under_way(shop: Shop) -> None:
    await shop.open()
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    first = (await shop.deployment())["serviceDeploymentArn"]
    await shop.release("images.example/orders:3")
    assert await shop.share() == (100, 0), "the source revision has all traffic first"
    stopped = await shop.aws.ecs.describe_service_deployments(serviceDeploymentArns=[first])
    assert stopped["serviceDeployments"][0]["status"] == "STOPPED"
    await shop.until("SUCCESSFUL", 240)
    await shop.house.advance(15)
    await shop.check_end()


async def test_what_was_superseded_in_its_bake_time_is_complete_once_it_is_gone_back_to(shop: Shop) -> None:
    await shop.open()
    await shop.release()
    await shop.until("BAKE_TIME")
    second = (await shop.shown())["taskDefinition"]
    await shop.release(BAD)
    await shop.until("ROLLBACK_SUCCESSFUL", 240)
    await shop.house.advance(15)
    shown = await shop.shown()
    assert shown["taskDefinition"] == second
    assert [one["rolloutState"] for one in shown["deployments"]] == ["COMPLETED"]
    assert SERVICE.ready is not None
    assert await SERVICE.ready(shop.aws, Made(shown["serviceArn"], {}), {"TaskDefinition": second})
    await shop.check_end()


async def test_what_cannot_be_is_refused_and_changes_nothing(shop: Shop) -> None:
    await shop.open()
    before = await shop.shown()
    wrong = [
        {"deploymentConfiguration": {"canaryConfiguration": {"canaryPercent": 0.05}}},
        {"deploymentConfiguration": {"canaryConfiguration": {"canaryPercent": 10.05}}},
        {"deploymentConfiguration": {"linearConfiguration": {"stepPercent": 10.0}}},
        {"deploymentConfiguration": {"lifecycleHooks": [{**PAUSE, "lifecycleStages": ["BAKE_TIME"]}]}},
        {
            "deploymentConfiguration": {
                "lifecycleHooks": [{**PAUSE, "lifecycleStages": ["PRODUCTION_TRAFFIC_SHIFT"]}]
            }
        },
        {"deploymentConfiguration": {"lifecycleHooks": [{"lifecycleStages": ["PRE_SCALE_UP"]}]}},
        {"loadBalancers": [{k: v for k, v in shop.balancer().items() if k != "advancedConfiguration"}]},
        {"deploymentController": {"type": "CODE_DEPLOY"}},
    ]
    for changes in wrong:
        with pytest.raises(AwsError) as caught:
            await shop.aws.ecs.update_service(cluster="shop", service="orders", **changes)
        assert caught.value.wire_code() == "InvalidParameterException", changes
    assert await shop.shown() == before


async def test_a_service_goes_from_one_controller_to_another_with_its_tasks(shop: Shop) -> None:
    await shop.open()
    tasks = set(shop.house.containers.specs)
    await shop.aws.ecs.update_service(
        cluster="shop", service="orders", deploymentController={"type": "EXTERNAL"}
    )
    await shop.house.advance(5)
    shown = await shop.shown()
    assert [one["status"] for one in shown["taskSets"]] == ["PRIMARY"]
    await shop.aws.ecs.update_service(
        cluster="shop", service="orders", deploymentController={"type": "ECS"},
        deploymentConfiguration=CANARY, loadBalancers=[shop.balancer()],
    )  # fmt: skip
    await shop.house.advance(5)
    assert set(shop.house.containers.specs) == tasks
    assert (await shop.shown())["deployments"][0]["rolloutState"] == "COMPLETED"
    await shop.release()
    await shop.until("PRODUCTION_TRAFFIC_SHIFT")
    await shop.until("SUCCESSFUL")
    await shop.house.advance(15)
    await shop.check_end()


EVENTS = st.one_of(
    st.tuples(st.just("deploy"), st.sampled_from(["good", "good", "bad"])),
    st.tuples(st.just("stop"), st.sampled_from(["ROLLBACK", "ROLLBACK", "ABORT"])),
    st.tuples(st.just("continue"), st.sampled_from(["CONTINUE", "CONTINUE", "ROLLBACK"])),
    st.tuples(st.just("kill"), st.tuples(st.integers(1, 25), st.booleans())),
    st.tuples(st.just("wait"), st.sampled_from([1, 2, 5, 15])),
    st.tuples(st.just("exit"), st.integers(0, 5)),
    st.tuples(st.just("sick"), st.booleans()),
    st.tuples(st.just("ask"), st.sampled_from([HOLD, HOLD, PROMOTE, FINISH])),
    st.tuples(st.just("approve"), st.just(HOLD)),
    st.tuples(st.just("weigh"), st.sampled_from([0, 1, 40, 100])),
)


async def play(events: list[tuple[str, Any]], pauses: bool, state: Path) -> None:
    house = MortalHouse(state, SERVICES, scale=60)
    await house.start()
    shop = Shop(house)
    hook = {**PAUSE, "timeoutConfiguration": {"timeoutInMinutes": 20, "action": "CONTINUE"}}
    try:
        await shop.open(**({"lifecycleHooks": [hook]} if pauses else {}))
        await shop.check_end()
        for what, how in events:
            await shop.happens(what, how)
            await shop.check()
        await shop.untag(HOLD)
        house.proxy.default = TargetHealth.HEALTHY
        for _ in range(300):
            await house.advance(1)
            if "currentServiceDeployment" not in await shop.shown():
                break
        await house.advance(90, 3)
        await shop.check_end()
    finally:
        await house.stop()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(EVENTS, min_size=3, max_size=12), st.booleans())
def test_deployments_break_nothing_and_leave_nothing_behind(
    events: list[tuple[str, Any]], pauses: bool
) -> None:
    with tempfile.TemporaryDirectory() as state:
        asyncio.run(play(events, pauses, Path(state)))
