"""Whatever people do, tasks do and kill -9 does, in any order: releases of the real ECS and load balancer
(on fake engines) break nothing and leave nothing behind."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bambe.engines.proxy.port import Forward, TargetHealth
from bambe.kernel.errors import AwsError, Refused
from tests.support.mortal import MortalHouse

NAMES = {"applicationName": "shop", "deploymentGroupName": "orders"}
DESIRED = 2
SERVICES = ("codedeploy", "ecs", "elbv2", "ec2", "logs", "acm", "cloudwatch")
REFUSALS = {
    "DeploymentLimitExceededException",
    "DeploymentAlreadyCompletedException",
    "DeploymentIsNotInReadyStateException",
    "InvalidDeploymentStatusException",
    "UnsupportedActionForDeploymentTypeException",
}
BAD = "images.example/orders:bad"
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
class Shop:
    """One CODE_DEPLOY service behind a rule, and what was released to it."""

    house: MortalHouse
    rule: str = ""
    arns: dict[str, str] = field(default_factory=dict)
    good: str = ""
    bad: str = ""

    @property
    def aws(self) -> Any:
        return self.house.aws

    async def open(self, waits_ready: bool) -> None:
        """The service with its first version, steady, and a group that releases it within seconds."""
        aws = self.aws
        await aws.ecs.create_cluster(clusterName="shop")
        self.good, self.bad = await self.define("images.example/orders:1"), await self.define(BAD)
        listener = await self._balancer()
        await aws.ecs.create_service(
            cluster="shop", serviceName="orders", taskDefinition=self.good, desiredCount=DESIRED,
            launchType="FARGATE", deploymentController={"type": "CODE_DEPLOY"},
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
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

    async def _balancer(self) -> str:
        elb = self.aws.elbv2
        subnets = [one["SubnetId"] for one in (await self.aws.ec2.describe_subnets())["Subnets"]]
        made = await elb.create_load_balancer(Name="shop", Subnets=subnets)
        for name in ("blue", "green"):
            answer = await elb.create_target_group(
                Name=name, Protocol="HTTP", Port=80, TargetType="ip", VpcId="vpc-1"
            )
            self.arns[name] = answer["TargetGroups"][0]["TargetGroupArn"]
        fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        answer = await elb.create_listener(
            LoadBalancerArn=made["LoadBalancers"][0]["LoadBalancerArn"],
            Port=80, Protocol="HTTP", DefaultActions=[fixed],
        )  # fmt: skip
        listener = str(answer["Listeners"][0]["ListenerArn"])
        answer = await elb.create_rule(
            ListenerArn=listener, Priority=1, Conditions=[{"Field": "path-pattern", "Values": ["/o*"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": self.arns["blue"]}],
        )  # fmt: skip
        self.rule = answer["Rules"][0]["RuleArn"]
        return listener

    async def define(self, image: str) -> str:
        answer = await self.aws.ecs.register_task_definition(
            family="orders", requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256",
            memory="512",
            containerDefinitions=[{"name": "c", "image": image, "portMappings": [{"containerPort": 80}]}],
        )  # fmt: skip
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    async def happens(self, what: str, how: Any) -> None:
        """One event; AWS's refusals of what does not fit the moment are answers like others."""
        try:
            await getattr(self, f"_{what}")(how)
        except AwsError as error:
            if error.wire_code() not in REFUSALS:
                raise
        await self.house.settle()
        if self.house.fate.is_dead:
            self.house.restart()
            await self.house.settle()

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

    async def _kill(self, when: tuple[int, bool]) -> None:
        """It dies within the next seconds, or, if it has nothing to do, at their end."""
        self.house.fate.set(*when)
        for _ in range(3):
            if not self.house.fate.is_dead:
                await self.house.advance(1)
        self.house.restart()

    async def _wait(self, seconds: int) -> None:
        for _ in range(seconds):
            await self.house.advance(1)
            await self.check()

    async def _exit(self, number: int) -> None:
        running = sorted(self.house.containers.specs)
        if running:
            self.house.containers.exit(running[number % len(running)], code=1, reason="chance")

    async def _sick(self, sick: bool) -> None:
        self.house.proxy.default = TargetHealth.UNHEALTHY if sick else TargetHealth.HEALTHY

    async def active(self) -> list[str]:
        listed = await self.aws.codedeploy.list_deployments(
            **NAMES, includeOnlyStatuses=["Created", "Queued", "InProgress", "Ready"]
        )
        return list(listed["deployments"])

    async def sets(self) -> list[dict[str, Any]]:
        answer = await self.aws.ecs.describe_services(cluster="shop", services=["orders"])
        return list(answer["services"][0]["taskSets"])

    async def weights(self) -> dict[str, int]:
        """Target group -> weight in the rule, as told and as the proxy has it."""
        (rule,) = (await self.aws.elbv2.describe_rules(RuleArns=[self.rule]))["Rules"]
        groups = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
        return {one["TargetGroupArn"]: int(one.get("Weight", 1)) for one in groups}

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
        told = self.house.proxy.world
        targets = {
            group.name: len([t for t in group.targets if not t.draining]) for group in told.target_groups
        }
        for name, arn in self.arns.items():
            of_set = [one for one in sets if one["loadBalancers"][0]["targetGroupArn"] == arn]
            assert targets.get(name, 0) == sum(one["runningCount"] for one in of_set)
        forwards = [
            rule.action
            for balancer in told.load_balancers
            for listener in balancer.listeners
            for rule in listener.rules
            if isinstance(rule.action, Forward)
        ]
        shares = await self.weights()
        assert [{k: v for k, v in one.weights.items() if v} for one in forwards] == [
            {arn.rsplit("/", 1)[-1]: weight for arn, weight in shares.items() if weight}
        ], "the proxy has what the rule says"


async def play(events: list[tuple[str, Any]], waits_ready: bool, state: Path) -> None:
    house = MortalHouse(state, SERVICES, scale=60)
    await house.start()
    shop = Shop(house)
    try:
        await shop.open(waits_ready)
        digest = await house.containers.pull(BAD)
        house.containers.fail_start(f"images.example/orders@{digest}", Refused("it does not start"))
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
