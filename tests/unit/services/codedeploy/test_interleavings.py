"""Whatever people do, tasks do and kill -9 does, in any order: releases of the real ECS and load balancer
(on fake engines) break nothing and leave nothing behind."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bambe.engines.proxy.port import TargetHealth
from tests.support.house import SUBNET
from tests.support.mortal import MortalHouse
from tests.support.street import BAD, Street

NAMES = {"applicationName": "shop", "deploymentGroupName": "orders"}
DESIRED = 2
SERVICES = ("codedeploy", "ecs", "elbv2", "ec2", "logs", "acm", "cloudwatch")
EVENTS = st.one_of(
    st.tuples(st.just("deploy"), st.sampled_from(["good", "good", "bad"])),
    st.tuples(st.just("stop"), st.booleans()),
    st.tuples(st.just("continue"), st.sampled_from(["READY_WAIT", "TERMINATION_WAIT"])),
    st.tuples(st.just("kill"), st.tuples(st.integers(1, 25), st.booleans())),
    st.tuples(st.just("wait"), st.sampled_from([1, 2, 5, 15])),
    st.tuples(st.just("exit"), st.integers(0, 5)),
    st.tuples(st.just("sick"), st.booleans()),
)


@dataclass
class Shop(Street):
    """One CODE_DEPLOY service behind a rule, and what was released to it."""

    refusals = frozenset(
        {
            "DeploymentLimitExceededException",
            "DeploymentAlreadyCompletedException",
            "DeploymentIsNotInReadyStateException",
            "InvalidDeploymentStatusException",
            "UnsupportedActionForDeploymentTypeException",
        }
    )

    async def open(self, waits_ready: bool) -> None:
        """The service with its first version, steady, and a group that releases it within seconds."""
        aws = self.aws
        await aws.ecs.create_cluster(clusterName="shop")
        self.good, self.bad = await self.define("images.example/orders:1"), await self.define(BAD)
        listener = await self.open_balancer()
        await aws.ecs.create_service(
            cluster="shop", serviceName="orders", taskDefinition=self.good, desiredCount=DESIRED,
            launchType="FARGATE", deploymentController={"type": "CODE_DEPLOY"},
            networkConfiguration={"awsvpcConfiguration": {"subnets": [SUBNET]}},
            loadBalancers=[{"targetGroupArn": self.arns["blue"], "containerName": "c", "containerPort": 80}],
        )  # fmt: skip
        routing = {
            "type": "TimeBasedCanary",
            "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": 2},
        }
        await aws.codedeploy.create_deployment_config(
            deploymentConfigName="quick", computePlatform="ECS", trafficRoutingConfig=routing
        )
        await aws.codedeploy.create_application(applicationName="shop", computePlatform="ECS")
        ready = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 5}
        await aws.codedeploy.create_deployment_group(
            **NAMES,
            serviceRoleArn="arn:aws:iam::000000000000:role/deploy",
            deploymentConfigName="quick",
            deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            ecsServices=[{"serviceName": "orders", "clusterName": "shop"}],
            loadBalancerInfo={"targetGroupPairInfoList": [{
                "targetGroups": [{"name": "blue"}, {"name": "green"}],
                "prodTrafficRoute": {"listenerArns": [listener]},
            }]},
            blueGreenDeploymentConfiguration={
                "terminateBlueInstancesOnDeploymentSuccess": {
                    "action": "TERMINATE", "terminationWaitTimeInMinutes": 3,
                },
                **({"deploymentReadyOption": ready} if waits_ready else {}),
            },
            autoRollbackConfiguration={
                "enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"],
            },
        )  # fmt: skip
        await self.house.advance(15)

    async def _deploy(self, kind: str) -> None:
        definition = await self.define("images.example/orders:2") if kind == "good" else self.bad
        load = {"ContainerName": "c", "ContainerPort": 80}
        properties = {"TaskDefinition": definition, "LoadBalancerInfo": load}
        resource = {"Service": {"Type": "AWS::ECS::Service", "Properties": properties}}
        content = json.dumps({"version": 0.0, "Resources": [resource]})
        revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}
        await self.aws.codedeploy.create_deployment(**NAMES, revision=revision)

    async def _stop(self, back: bool) -> None:
        for id in await self.active():
            await self.aws.codedeploy.stop_deployment(deploymentId=id, autoRollbackEnabled=back)

    async def _continue(self, wait: str) -> None:
        for id in await self.active():
            await self.aws.codedeploy.continue_deployment(deploymentId=id, deploymentWaitType=wait)

    async def active(self) -> list[str]:
        listed = await self.aws.codedeploy.list_deployments(
            **NAMES, includeOnlyStatuses=["Created", "Queued", "InProgress", "Ready"]
        )
        return list(listed["deployments"])

    async def sets(self) -> list[dict[str, Any]]:
        answer = await self.aws.ecs.describe_services(cluster="shop", services=["orders"])
        return list(answer["services"][0]["taskSets"])

    async def check(self) -> None:
        """What holds at every moment."""
        assert len(await self.active()) <= 1, "one active deployment per group"
        sets, weights = await self.sets(), await self.weights()
        assert [one["status"] for one in sets].count("PRIMARY") == 1
        assert sum(weights.values()) in (1, 100)
        served = {one["loadBalancers"][0]["targetGroupArn"] for one in sets}
        assert {arn for arn, weight in weights.items() if weight} <= served, "no share for what is not there"

    async def check_end(self) -> None:
        """What holds when nothing is under way any more."""
        await self.check()
        assert not await self.active()
        (primary,) = [one for one in await self.sets() if one["status"] == "PRIMARY"]
        mine = primary["loadBalancers"][0]["targetGroupArn"]
        weights = await self.weights()
        if not await self._was_left():
            assert weights[mine] == sum(weights.values()), "all traffic is on the primary task set"
        await self._nothing_else(primary)

    async def _was_left(self) -> bool:
        """Whether the last deployment was stopped and not rolled back: all stays as it was, as on AWS."""
        ids = (await self.aws.codedeploy.list_deployments(**NAMES))["deployments"]
        infos = [(await self.aws.codedeploy.get_deployment(deploymentId=id))["deploymentInfo"] for id in ids]
        last = max(infos, key=lambda info: info["createTime"], default={})
        return last.get("status") == "Stopped" and "rollbackInfo" not in last

    async def _nothing_else(self, primary: dict[str, Any]) -> None:
        """Containers and targets are those of the task sets that are left, and no more."""
        sets = await self.sets()
        left = {one["id"]: one["computedDesiredCount"] for one in sets}
        tasks = (await self.aws.ecs.list_tasks(cluster="shop", desiredStatus="RUNNING"))["taskArns"]
        ids = {arn.rsplit("/", 1)[-1] for arn in tasks}
        assert set(self.house.containers.specs) == ids, "no container that is no task's"
        assert primary["runningCount"] == DESIRED
        assert len(ids) <= sum(left.values()) <= 2 * DESIRED
        running: Counter[str] = Counter()
        for one in sets:
            running[one["loadBalancers"][0]["targetGroupArn"]] += one["runningCount"]
        await self.check_proxy(running)


async def play(events: list[tuple[str, Any]], waits_ready: bool, state: Path) -> None:
    house = MortalHouse(state, SERVICES, scale=60)
    await house.start()
    shop = Shop(house)
    try:
        await shop.open(waits_ready)
        await shop.break_bad()
        await shop.check_end()
        for what, how in events:
            await shop.happens(what, how)
            await shop.check()
        house.proxy.default = TargetHealth.HEALTHY
        for _ in range(240):
            await house.advance(1)
            if not await shop.active():
                break
        await house.advance(90, 3)
        await shop.check_end()
    finally:
        await house.stop()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(EVENTS, min_size=3, max_size=12), st.booleans())
def test_releases_break_nothing_and_leave_nothing_behind(
    events: list[tuple[str, Any]], waits_ready: bool
) -> None:
    with tempfile.TemporaryDirectory() as state:
        asyncio.run(play(events, waits_ready, Path(state)))
