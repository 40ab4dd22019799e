"""What CodeDeploy sends to ECS and the load balancer, in their own shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bambe.services.codedeploy.deployment import Deployment, HookRun
from bambe.services.codedeploy.observe import World


def task_set(row: Deployment, world: World) -> dict[str, Any]:
    """CreateTaskSet for green: as the primary one, but of the new definition and in the other group."""
    like, asked = world.primary, row.plan.appspec
    request: dict[str, Any] = {
        "cluster": row.plan.cluster,
        "service": row.plan.service,
        "externalId": row.id,
        "clientToken": row.id,
        "taskDefinition": asked.task_definition,
        "loadBalancers": [
            {
                "targetGroupArn": row.green_group,
                "containerName": asked.container,
                "containerPort": asked.port,
            }
        ],
        "scale": {"value": 100.0, "unit": "PERCENT"},
    }
    network = asked.network or like.get("networkConfiguration")
    if network:
        request["networkConfiguration"] = network
    registries = like.get("serviceRegistries") or world.service.get("serviceRegistries")
    if registries:
        request["serviceRegistries"] = registries
    version = asked.platform_version or like.get("platformVersion")
    if version:
        request["platformVersion"] = version
    capacity = asked.capacity or like.get("capacityProviderStrategy")
    if capacity:
        request["capacityProviderStrategy"] = capacity
    elif like.get("launchType"):
        request["launchType"] = like["launchType"]
    return request


def hook_payload(row: Deployment, run: HookRun) -> bytes:
    """What the function of a hook is called with (CodeDeploy guide: AppSpec "hooks" for ECS)."""
    return json.dumps({"DeploymentId": row.id, "LifecycleEventHookExecutionId": run.id}).encode()


def weighted(
    actions: Sequence[Mapping[str, Any]], blue_group: str, green_group: str, percent: int
) -> list[dict[str, Any]]:
    """A rule's actions with green's share set; other target groups and settings stay as they are."""
    return [
        _forward(action, blue_group, green_group, percent)
        if action.get("Type") == "forward"
        else dict(action)
        for action in actions
    ]


def _forward(action: Mapping[str, Any], blue_group: str, green_group: str, percent: int) -> dict[str, Any]:
    config = dict(action.get("ForwardConfig") or {})
    others = [
        group
        for group in config.get("TargetGroups", [])
        if group["TargetGroupArn"] not in (blue_group, green_group)
    ]
    pair = [
        {"TargetGroupArn": blue_group, "Weight": 100 - percent},
        {"TargetGroupArn": green_group, "Weight": percent},
    ]
    config["TargetGroups"] = [*pair, *others]
    kept = {key: value for key, value in action.items() if key != "TargetGroupArn"}
    return {**kept, "ForwardConfig": config}
