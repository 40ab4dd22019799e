"""Who releases a service, CodeDeploy or ECS: what of it bambe.yml can change, and what is gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from bambe.cli.target import Target
from bambe.cli.trouble import Trouble

AT_ONCE = 10
"""Services that ECS describes in one call."""
GONE = {
    "DeploymentGroupDoesNotExistException": ("Group",),
    "ApplicationDoesNotExistException": ("Group", "Application"),
}
"""The resources of a service's stack that are gone, by CodeDeploy's error."""


def check_controllers(target: Target) -> None:
    """Trouble where bambe.yml wants CodeDeploy to release what ECS releases now: there is no way back."""
    wanted = [name for name in target.project.services if target.project.has_codedeploy(name)]
    stuck = [one["serviceName"] for one in _alive(target, wanted) if _is_by_ecs(one)]
    if stuck:
        whose = "release: {controller: ecs}"
        raise Trouble(
            f"ECS releases {' and '.join(stuck)} now, and neither AWS nor Bambe can give a service back to"
            f" CodeDeploy: write `{whose}` for {'it' if len(stuck) == 1 else 'them'} in bambe.yml, or begin"
            " anew with `bambe down` and `bambe up`."
        )


def lost_resources(target: Target, service: str) -> tuple[str, ...]:
    """What somebody has deleted of the resources by which CodeDeploy releases a service."""
    try:
        target.client("codedeploy").get_deployment_group(
            applicationName=target.names.application(service), deploymentGroupName=target.names.group(service)
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in GONE:
            raise
        return GONE[code]
    return ()


def _alive(target: Target, names: list[str]) -> Iterator[dict[str, Any]]:
    ecs = target.client("ecs")
    for start in range(0, len(names), AT_ONCE):
        some = names[start : start + AT_ONCE]
        try:
            found = ecs.describe_services(cluster=target.cluster, services=some)["services"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ClusterNotFoundException":
                raise
            return
        yield from (one for one in found if one["status"] == "ACTIVE")


def _is_by_ecs(shown: dict[str, Any]) -> bool:
    return bool(shown.get("deploymentController", {}).get("type", "ECS") == "ECS")
