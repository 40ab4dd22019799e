"""A house whose load balancers and Cloud Map are stand-ins, and a cluster with a definition in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.containers import FakeContainers
from tests.support.house import GROUP, SUBNET, House
from tests.unit.services.ecs.neighbours import Alarms, CloudMap, LoadBalancers, group_arn, images

NETWORK = {"awsvpcConfiguration": {"subnets": [SUBNET], "securityGroups": [GROUP]}}


class Town(House):
    """A house with ECS's neighbours replaced by stand-ins."""

    def __init__(self, state: Path) -> None:
        super().__init__(state)
        self.parts["containers"] = FakeContainers(self.clock)
        self.balancers = LoadBalancers("blue", "green")
        self.map = CloudMap()
        self.alarms = Alarms()
        self.tags: dict[tuple[str, str], str] = {}
        self.services = {
            **{name: self.services[name] for name in ("ec2", "ecs", "iam", "secretsmanager", "ssm", "sts")},
            "cloudwatch": self.alarms.service(),
            "ecr": images(self.tags),
            "elbv2": self.balancers.service(),
            "servicediscovery": self.map.service(),
        }
        self.dispatcher._registry = self.services

    async def start(self) -> None:
        await super().start()
        # On a busy machine a chore may take its time; tests wait for it.
        self.runners["ecs.task"].reconciler.chores.moment = 10.0  # type: ignore[attr-defined]

    async def define(self, family: str = "web", **changes: Any) -> str:
        """Register a task definition; its ARN."""
        container = {
            "name": "web",
            "image": "localhost:4566/web:1",
            "portMappings": [{"containerPort": 8080}],
            **changes.pop("container", {}),
        }
        answer = await self.aws.ecs.register_task_definition(
            family=family,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            executionRoleArn="arn:aws:iam::000000000000:role/execution",
            containerDefinitions=[container],
            **changes,
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    async def serve(self, **changes: Any) -> dict[str, Any]:
        """Create the service `web` of two tasks."""
        wanted = {
            "cluster": "shop",
            "serviceName": "web",
            "taskDefinition": "web",
            "desiredCount": 2,
            "launchType": "FARGATE",
            "networkConfiguration": NETWORK,
            **changes,
        }
        answer = await self.aws.ecs.create_service(**{k: v for k, v in wanted.items() if v is not None})
        return dict(answer["service"])

    async def shown(self, service: str = "web") -> dict[str, Any]:
        answer = await self.aws.ecs.describe_services(cluster="shop", services=[service])
        return dict(answer["services"][0])

    async def deployment(self) -> dict[str, Any]:
        """The newest service deployment of `web`."""
        listed = await self.aws.ecs.list_service_deployments(cluster="shop", service="web")
        arn = listed["serviceDeployments"][0]["serviceDeploymentArn"]
        answer = await self.aws.ecs.describe_service_deployments(serviceDeploymentArns=[arn])
        return dict(answer["serviceDeployments"][0])

    async def tasks(self, status: str = "RUNNING") -> list[dict[str, Any]]:
        listed = await self.aws.ecs.list_tasks(cluster="shop", desiredStatus=status)
        if not listed["taskArns"]:
            return []
        answer = await self.aws.ecs.describe_tasks(cluster="shop", tasks=listed["taskArns"])
        return list(answer["tasks"])

    async def messages(self) -> list[str]:
        """The service's events, oldest first."""
        return [event["message"] for event in reversed((await self.shown())["events"])]

    def balancer(self, name: str = "blue") -> dict[str, Any]:
        return {"targetGroupArn": group_arn(name), "containerName": "web", "containerPort": 8080}


def task_id(task: dict[str, Any]) -> str:
    return str(task["taskArn"].rsplit("/", 1)[-1])


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    made = Town(tmp_path)
    await made.start()
    await made.aws.ecs.create_cluster(clusterName="shop")
    await made.define()
    yield made
    await made.stop()
