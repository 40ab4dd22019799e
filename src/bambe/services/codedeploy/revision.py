"""What a release leaves running, whole: enough to bring all of it back later."""

from __future__ import annotations

from typing import Any

from bambe.evidence.revision import health, routes
from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.services.codedeploy.deployment import Deployment
from bambe.services.codedeploy.observe import find_rules, find_service, tasks_of


async def describe(aws: Aws, row: Deployment) -> dict[str, Any]:
    """The primary task set's task definition and image digests, its routes and its health check.

    What cannot be read any more (a service deleted meanwhile) is left out.
    """
    try:
        service, trouble = await find_service(aws, row.plan.cluster, row.plan.service)
        primary = next((one for one in service.get("taskSets", ()) if one["status"] == "PRIMARY"), None)
        if trouble or primary is None:
            return {}
        group = (primary.get("loadBalancers") or [{}])[0].get("targetGroupArn", "")
        return {
            "task_definition": primary["taskDefinition"],
            "images": await _images(aws, row, primary["id"]),
            "desired_count": service.get("desiredCount", 0),
            "routes": routes(await find_rules(aws, row.plan.listener, group)),
            "health_check": await health(aws, group),
        }
    except AwsError as error:
        if error.fault == "server":
            raise
        return {}


async def _images(aws: Aws, row: Deployment, task_set: str) -> dict[str, str]:
    """Container name -> image digest, from a task that runs."""
    mine = await tasks_of(aws, row, task_set)
    containers = mine[0]["containers"] if mine else []
    return {one["name"]: one["imageDigest"] for one in containers if one.get("imageDigest")}
