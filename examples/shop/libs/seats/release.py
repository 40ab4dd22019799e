"""The release of this task's service, as ECS and CodeDeploy tell it."""

from __future__ import annotations

import json
import os
import urllib.request
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
from botocore.config import Config

from .share import Look

NAMESPACE = "Bambe/Consumers"
UNDER_WAY = (
    *("Created", "Queued", "InProgress", "Baking", "Ready"),
    *("PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"),
)
GOOD = ("Succeeded", "SUCCESSFUL")


@dataclass
class Release:
    """This task's service, asked of ECS and CodeDeploy."""

    percent: float
    _clients: dict[str, Any] = field(default_factory=dict)
    _task: dict[str, str] = field(default_factory=dict)

    def look(self) -> Look | None:
        """Who runs now, and what the release says; None once this task is to stop."""
        tasks = self._tasks()
        me = self._about()["TaskARN"]
        if me not in tasks:
            return None
        version = tasks[me]
        mine = sorted(arn for arn, other in tasks.items() if other == version)
        others = [other for other in tasks.values() if other != version]
        look = Look(version, mine.index(me), len(mine), len(others))
        return self._released(look) if others else look

    def outcome(self, deployment: str) -> str:
        """Nothing while the deployment is under way, else good or bad."""
        status = self._status(deployment)
        return "" if status in UNDER_WAY else "good" if status in GOOD else "bad"

    def report(self, version: str, values: dict[str, int]) -> None:
        """Give CloudWatch what became of events."""
        names = {"ClusterName": self._cluster, "ServiceName": self._service, "Version": version}
        dimensions = [{"Name": name, "Value": value} for name, value in names.items()]
        data = [
            {
                "MetricName": name,
                "Dimensions": dimensions,
                "Value": value,
                "Unit": "Count",
                "StorageResolution": 1,
            }
            for name, value in values.items()
        ]
        self._client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=data)

    def _tasks(self) -> dict[str, str]:
        """Version by task: ECS notes in `startedBy` which deployment or task set began it."""
        ecs, found = self._client("ecs"), {}
        pages = ecs.get_paginator("list_tasks").paginate(cluster=self._cluster, serviceName=self._service)
        for page in pages:
            arns = page["taskArns"]
            for task in ecs.describe_tasks(cluster=self._cluster, tasks=arns)["tasks"] if arns else ():
                if task["lastStatus"] == "RUNNING" or task["taskArn"] == self._about()["TaskARN"]:
                    found[task["taskArn"]] = task.get("startedBy", "")
        return found

    def _released(self, look: Look) -> Look:
        described = self._client("ecs").describe_services(cluster=self._cluster, services=[self._service])
        (service,) = described["services"]
        by_codedeploy = service.get("deploymentController", {}).get("type") == "CODE_DEPLOY"
        newest, said = self._by_codedeploy(service) if by_codedeploy else self._by_ecs(service)
        return replace(look, newer=look.version == newest, **said)

    def _by_codedeploy(self, service: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        newest = max(service["taskSets"], key=lambda one: one["createdAt"])
        deployment = newest.get("externalId", "")
        codedeploy = self._client("codedeploy")
        said = codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
        if said["status"] in GOOD:
            return newest["id"], {"deployment": deployment, "share": 1.0}
        if said.get("rollbackInfo", {}).get("rollbackDeploymentId"):
            return newest["id"], {"deployment": deployment, "share": 0.0}
        target = codedeploy.get_deployment_target(
            deploymentId=deployment, targetId=f"{self._cluster}:{self._service}"
        )
        sets = target["deploymentTarget"]["ecsTarget"]["taskSetsInfo"]
        weights = [one["trafficWeight"] for one in sets if one["identifer"] == newest["id"]]
        return newest["id"], {"deployment": deployment, "share": sum(weights) / 100}

    def _by_ecs(self, service: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The deployment that is PRIMARY is the new one, and after a rollback the old one again."""
        newest = next(one["id"] for one in service["deployments"] if one["status"] == "PRIMARY")
        ecs = self._client("ecs")
        listed = ecs.list_service_deployments(cluster=self._cluster, service=self._service)
        arns = [one["serviceDeploymentArn"] for one in listed["serviceDeployments"][:1]]
        if not arns:
            return newest, {"is_steered": False}
        (said,) = ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]
        is_steered = said["deploymentConfiguration"].get("strategy", "ROLLING") != "ROLLING"
        back = said["status"].startswith("ROLLBACK") or said["status"] in GOOD
        weight = 100 if back else said["targetServiceRevision"].get("requestedProductionTrafficWeight", 0)
        if weight and not back and not service.get("loadBalancers"):
            weight = self.percent  # there is no traffic to go by
        name = arns[0].rsplit("/", 1)[-1]
        return newest, {"deployment": name, "share": weight / 100, "is_steered": is_steered}

    def _status(self, deployment: str) -> str:
        if deployment.startswith("d-"):
            said = self._client("codedeploy").get_deployment(deploymentId=deployment)
            return str(said["deploymentInfo"]["status"])
        kind = self._about()["TaskARN"].rsplit(":", 1)[0]
        arn = f"{kind}:service-deployment/{self._cluster}/{self._service}/{deployment}"
        found = self._client("ecs").describe_service_deployments(serviceDeploymentArns=[arn])
        return str(next((one["status"] for one in found["serviceDeployments"]), "gone"))

    @property
    def _cluster(self) -> str:
        return self._about()["Cluster"].rsplit("/", 1)[-1]

    @property
    def _service(self) -> str:
        return self._about()["ServiceName"]

    def _about(self) -> dict[str, str]:
        if not self._task:
            url = os.environ["ECS_CONTAINER_METADATA_URI_V4"] + "/task"
            with urllib.request.urlopen(url, timeout=5) as answer:
                self._task = json.load(answer)
        return self._task

    def _client(self, name: str) -> Any:
        if name not in self._clients:
            region = self._about()["TaskARN"].split(":")[3]
            config = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard"})
            made: Any = boto3.client
            self._clients[name] = made(name, region_name=region, config=config)
        return self._clients[name]
