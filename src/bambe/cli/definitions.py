"""Services that run and their task definitions, beside those that bambe.yml says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from bambe.cli.side_by_side import side_by_side
from bambe.cli.target import Target
from bambe.project import Project
from bambe.synth import task_definition

AT_ONCE = 10
"""Services that ECS describes in one call."""
Definition = Mapping[str, Any]


def live_services(target: Target, names: Iterable[str]) -> list[dict[str, Any]]:
    """Services of the cluster that are there, as ECS describes them."""
    ecs, wanted = target.client("ecs"), list(names)

    def described(start: int) -> list[dict[str, Any]]:
        some = wanted[start : start + AT_ONCE]
        try:
            found = ecs.describe_services(cluster=target.cluster, services=some)["services"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ClusterNotFoundException":
                raise
            return []
        return [one for one in found if one["status"] == "ACTIVE"]

    return [one for some in side_by_side(described, range(0, len(wanted), AT_ONCE)) for one in some]


def is_by_ecs(shown: Mapping[str, Any]) -> bool:
    """Whether ECS itself releases a service, as DescribeServices shows it."""
    return bool(shown.get("deploymentController", {}).get("type", "ECS") == "ECS")


def live_definitions(target: Target) -> dict[str, Definition]:
    """What each service of the project that is there runs, as its primary task set has it."""
    ecs = target.client("ecs")
    arns = {
        one["serviceName"]: primary_definition(one) for one in live_services(target, target.project.services)
    }

    def described(arn: str) -> Definition:
        found: Definition = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        return found

    return dict(zip(arns, side_by_side(described, arns.values()), strict=True))


def changed_definitions(
    project: Project, live: Mapping[str, Definition], account: str, region: str
) -> list[str]:
    """Services of which bambe.yml now says something else of their tasks than what runs, images apart."""
    return [
        service
        for service, runs in live.items()
        if task_definition(project, service, _image(runs), account, region) != comparable(runs)
    ]


def _image(runs: Definition) -> str:
    return str(runs["containerDefinitions"][0]["image"])


def primary_definition(service: Mapping[str, Any]) -> str:
    """The ARN of what a service runs: its primary task set's, or its own where it has none."""
    primary = [one for one in service.get("taskSets", ()) if one["status"] == "PRIMARY"]
    return str((primary[0] if primary else service)["taskDefinition"])


def comparable(live: Definition) -> dict[str, Any]:
    """A described task definition with only what a request of ours says, in the request's shape."""
    keys = ("family", "networkMode", "requiresCompatibilities", "cpu", "memory", "executionRoleArn")
    container = live["containerDefinitions"][0]
    inner = (
        "name", "image", "essential", "portMappings", "environment", "stopTimeout", "logConfiguration"
    )  # fmt: skip
    ports = [
        {"containerPort": p["containerPort"], "protocol": p["protocol"]} for p in container["portMappings"]
    ]
    logs = container["logConfiguration"]
    said = {key: container.get(key) for key in inner} | {
        "portMappings": ports,
        "environment": sorted(container.get("environment", []), key=lambda one: str(one["name"])),
        "logConfiguration": {"logDriver": logs["logDriver"], "options": logs["options"]},
    }
    said |= {"secrets": container["secrets"]} if container.get("secrets") else {}
    made = {key: live.get(key) for key in keys} | {"containerDefinitions": [said]}
    made |= {"taskRoleArn": live["taskRoleArn"]} if live.get("taskRoleArn") else {}
    plain: dict[str, Any] = json.loads(json.dumps(made))
    return plain
