"""Releases of the service in benchmarks/subject, asked for through the API; nothing is built for them."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from tests.e2e.platform import Bambe, wait_for

from bambe.cli import ledgers
from bambe.cli.ledgers import Ledger
from bambe.cli.trouble import Trouble

CLUSTER, SERVICE = "shop", "subject"
NAMES = {"applicationName": f"AppECS-shop-{SERVICE}", "deploymentGroupName": f"DgpECS-shop-{SERVICE}"}
OVER = ("Succeeded", "Failed", "Stopped")
PATIENCE = 180.0


@dataclass(frozen=True)
class Release:
    """One deployment that is over, as the API tells it."""

    info: dict[str, Any]
    events: dict[str, dict[str, Any]]

    @property
    def id(self) -> str:
        return str(self.info["deploymentId"])

    @property
    def seconds(self) -> float:
        return float((self.info["completeTime"] - self.info["createTime"]).total_seconds())

    @property
    def canary_began(self) -> datetime:
        """When green was about to get its first share."""
        began: datetime = self.events["AllowTraffic"]["startTime"]
        return began


@dataclass
class Releases:
    """The service and its task definitions, by the version that each says it is."""

    bambe: Bambe
    definitions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = self.bambe.client
        self._first = self._running_definition()

    @property
    def url(self) -> str:
        return str(json.loads(self.bambe.cli("status", "--json").stdout)["url"])

    def define(self, version: str, **variables: str) -> str:
        """A task definition like the first, which says it is `version`."""
        ecs = self.client("ecs")
        shown = ecs.describe_task_definition(taskDefinition=self._first)["taskDefinition"]
        kept = ("family", "containerDefinitions", "networkMode", "requiresCompatibilities", "cpu", "memory")
        more = {name: shown[name] for name in (*kept, "executionRoleArn", "taskRoleArn") if name in shown}
        wanted = {"VERSION": version, **variables}
        for container in more["containerDefinitions"]:
            others = [one for one in container.get("environment", []) if one["name"] not in wanted]
            container["environment"] = others + [{"name": n, "value": v} for n, v in wanted.items()]
        made = ecs.register_task_definition(**more)["taskDefinition"]["taskDefinitionArn"]
        self.definitions[version] = made
        return str(made)

    def image(self) -> str:
        """What all of them run."""
        shown = self.client("ecs").describe_task_definition(taskDefinition=self._first)["taskDefinition"]
        return str(shown["containerDefinitions"][0]["image"])

    def delay(self, seconds: int) -> None:
        """How long a target that is taken out may still finish what it has."""
        elb = self.client("elbv2")
        for group in elb.describe_target_groups()["TargetGroups"]:
            elb.modify_target_group_attributes(
                TargetGroupArn=group["TargetGroupArn"],
                Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": str(seconds)}],
            )

    def create(self, version: str, config: str = "") -> str:
        """CreateDeployment."""
        balancer = {"ContainerName": SERVICE, "ContainerPort": 8080}
        properties = {"TaskDefinition": self.definitions[version], "LoadBalancerInfo": balancer}
        target = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
        content = json.dumps({"version": 0.0, "Resources": [target]})
        more = {"deploymentConfigName": config} if config else {}
        made = self.client("codedeploy").create_deployment(
            **NAMES,
            **more,
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
        )
        return str(made["deploymentId"])

    def info(self, deployment: str) -> dict[str, Any]:
        return dict(self.client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"])

    def events(self, deployment: str) -> dict[str, dict[str, Any]]:
        """The lifecycle events by name."""
        client = self.client("codedeploy")
        targets = client.list_deployment_targets(deploymentId=deployment)["targetIds"]
        if not targets:
            return {}
        answer = client.get_deployment_target(deploymentId=deployment, targetId=targets[0])
        shown = answer["deploymentTarget"]["ecsTarget"].get("lifecycleEvents", [])
        return {one["lifecycleEventName"]: one for one in shown}

    def over(self, deployment: str) -> Release:
        """Wait for its end."""
        ended = until(
            lambda: (found := self.info(deployment))["status"] in OVER and found, f"{deployment} ends"
        )
        return Release(ended, self.events(deployment))

    def all(self) -> list[str]:
        """Every deployment, the newest first."""
        pages = self.client("codedeploy").get_paginator("list_deployments").paginate(**NAMES)
        return [one for page in pages for one in page["deployments"]]

    def ledger(self, deployment: str) -> Ledger:
        """Its ledger, once it is closed."""

        def closed() -> Ledger | None:
            with contextlib.suppress(Trouble):
                found = ledgers.find(self.client("logs"), deployment)
                return found if found.is_closed else None
            return None

        found: Ledger = until(closed, f"the ledger of {deployment} is closed")
        return found

    def service(self) -> dict[str, Any]:
        (service,) = self.client("ecs").describe_services(cluster=CLUSTER, services=[SERVICE])["services"]
        return dict(service)

    def _running_definition(self) -> str:
        return str(
            next(one for one in self.service()["taskSets"] if one["status"] == "PRIMARY")["taskDefinition"]
        )


def until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """As `wait_for`, over a daemon that may be away for a moment."""

    def asked() -> Any:
        try:
            return condition()
        except (BotoCoreError, ClientError) as error:
            refused = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 503)
            if refused < 500:
                raise
            return None

    return wait_for(asked, what, seconds)


def say(text: str) -> None:
    """A line of progress."""
    print(f"  {time.strftime('%H:%M:%S')} {text}", flush=True)
