"""Rolling deployments through updates, stops, deaths of the platform and sick tasks, in any order."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bambe.engines.proxy.port import TargetHealth
from tests.support.house import SUBNET
from tests.support.mortal import MortalHouse
from tests.support.street import BAD, Street

DESIRED = 3
SERVICES = ("ecs", "elbv2", "ec2", "acm")
OVER = {"SUCCESSFUL", "ROLLBACK_SUCCESSFUL", "STOPPED", "ROLLBACK_FAILED"}
WELL = {"SUCCESSFUL", "ROLLBACK_SUCCESSFUL"}


@dataclass
class Row(Street):
    """One rolling service behind a rule."""

    refusals = frozenset({"ConflictException"})

    async def open(self, **configuration: Any) -> None:
        await self.aws.ecs.create_cluster(clusterName="shop")
        self.good, self.bad = await self.define("images.example/orders:1"), await self.define(BAD)
        await self.open_balancer()
        await self.break_bad()
        balancer = {"targetGroupArn": self.arns["blue"], "containerName": "c", "containerPort": 80}
        breaker = {"enable": True, "rollback": True}
        await self.aws.ecs.create_service(
            cluster="shop", serviceName="orders", taskDefinition=self.good, desiredCount=DESIRED,
            launchType="FARGATE", networkConfiguration={"awsvpcConfiguration": {"subnets": [SUBNET]}},
            loadBalancers=[balancer],
            deploymentConfiguration={"deploymentCircuitBreaker": breaker, **configuration},
        )  # fmt: skip
        await self.house.advance(15)

    async def shown(self) -> dict[str, Any]:
        answer = await self.aws.ecs.describe_services(cluster="shop", services=["orders"])
        return dict(answer["services"][0])

    async def deployment(self) -> dict[str, Any]:
        listed = await self.aws.ecs.list_service_deployments(cluster="shop", service="orders")
        arn = listed["serviceDeployments"][0]["serviceDeploymentArn"]
        answer = await self.aws.ecs.describe_service_deployments(serviceDeploymentArns=[arn])
        return dict(answer["serviceDeployments"][0])

    async def _deploy(self, kind: str) -> None:
        definition = self.bad if kind == "bad" else await self.define("images.example/orders:2")
        await self.aws.ecs.update_service(cluster="shop", service="orders", taskDefinition=definition)

    async def _stop(self, kind: str) -> None:
        arn = (await self.deployment())["serviceDeploymentArn"]
        await self.aws.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType=kind)

    async def check(self) -> None:
        shown, newest = await self.shown(), await self.deployment()
        (primary,) = [one for one in shown["deployments"] if one["status"] == "PRIMARY"]
        assert (newest["status"] in OVER) == ("currentServiceDeployment" not in shown)
        if newest["status"] in WELL:
            assert primary["rolloutState"] == "COMPLETED"
        if newest["status"] == "IN_PROGRESS":
            assert primary["rolloutState"] == "IN_PROGRESS"

    async def check_end(self) -> None:
        await self.check()
        shown, newest = await self.shown(), await self.deployment()
        assert newest["status"] in OVER
        tasks = (await self.aws.ecs.list_tasks(cluster="shop", desiredStatus="RUNNING"))["taskArns"]
        assert set(self.house.containers.specs) == {arn.rsplit("/", 1)[-1] for arn in tasks}
        if newest["status"] in WELL:
            assert len(shown["deployments"]) == 1
            assert shown["runningCount"] == len(tasks) == DESIRED
            assert shown["taskDefinition"] != self.bad
            await self.check_proxy({self.arns["blue"]: DESIRED})


EVENTS = st.one_of(
    st.tuples(st.just("deploy"), st.sampled_from(["good", "good", "bad"])),
    st.tuples(st.just("stop"), st.sampled_from(["ROLLBACK", "ROLLBACK", "ABORT"])),
    st.tuples(st.just("kill"), st.tuples(st.integers(1, 25), st.booleans())),
    st.tuples(st.just("wait"), st.sampled_from([1, 2, 5, 15])),
    st.tuples(st.just("exit"), st.integers(0, 5)),
    st.tuples(st.just("sick"), st.booleans()),
)


def early(cleanup: str) -> dict[str, Any]:
    criteria = {"enable": True, "healthyPercent": 60, "sourceServiceRevisionCleanup": cleanup}
    return {"minimumHealthyPercent": 50, "earlySuccessCriteria": criteria}


CONFIGURATIONS = st.sampled_from([{}, early("BLOCKING"), early("DEFERRED")])


async def play(events: list[tuple[str, Any]], configuration: dict[str, Any], state: Path) -> None:
    house = MortalHouse(state, SERVICES)
    await house.start()
    row = Row(house)
    try:
        await row.open(**configuration)
        await row.check_end()
        for what, how in events:
            await row.happens(what, how)
            await row.check()
        house.proxy.default = TargetHealth.HEALTHY
        for _ in range(300):
            await house.advance(5, 5)
            if "currentServiceDeployment" not in await row.shown():
                break
        await house.advance(450, 15)
        await row.check_end()
    finally:
        await house.stop()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(EVENTS, min_size=3, max_size=12), CONFIGURATIONS)
def test_rolling_deployments_always_come_to_an_end(
    events: list[tuple[str, Any]], configuration: dict[str, Any]
) -> None:
    with tempfile.TemporaryDirectory() as state:
        asyncio.run(play(events, configuration, Path(state)))
