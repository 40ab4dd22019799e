"""AWS::ECS::Service: `Ref` is the ARN; ready when steady, failed when its tasks keep failing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties, ResourceFailed, ResourceType, Wish
from bambe.services.ecs import strategy
from bambe.services.ecs.resources.words import lower, request, retag, tags, unless_gone

RENAMED = {"PlacementStrategies": "placementStrategy"}
REPLACES = frozenset({"Cluster", "LaunchType", "Role", "SchedulingStrategy", "ServiceName"})
UNSAID: Mapping[str, Any] = {
    "AvailabilityZoneRebalancing": "DISABLED",
    "EnableECSManagedTags": False,
    "EnableExecuteCommand": False,
    "HealthCheckGracePeriodSeconds": 0,
    "LoadBalancers": [],
    "PlacementConstraints": [],
    "PlacementStrategies": [],
    "PlatformVersion": "LATEST",
    "PropagateTags": "NONE",
    "ServiceRegistries": [],
}
"""What properties are that have left the template; a service keeps what an update does not name."""
WHOLE_NUMBERS = ("desiredCount", "healthCheckGracePeriodSeconds")
HOPELESS = "is unable to consistently start tasks successfully"
"""The event after three tasks in a row have failed: waiting longer will not help."""
STABLE_LIMIT = timedelta(hours=3)
"""AWS: CloudFormation waits three hours for a service to stabilize."""
TELLING = (" failed: ", "is unhealthy in", "failed container health checks")


async def _create(aws: Aws, wish: Wish) -> Made:
    said = _request(wish, frozenset({"ServiceName"}))
    if said.get("deploymentController", {}).get("type") != "EXTERNAL":
        said.setdefault("desiredCount", 1)
    name = wish.properties.get("ServiceName", wish.name)
    answer = await aws.ecs.create_service(
        serviceName=name, clientToken=wish.token[:32], tags=tags(wish), **said
    )
    return _made(answer["service"])


async def _update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    """Only what the template changed is sent: a released CODE_DEPLOY service differs from it rightly."""
    name, cluster = _names(made)
    same = frozenset(key for key, value in wish.properties.items() if old.get(key) == value)
    said = _request(wish, same | REPLACES)
    for gone in _left(wish.properties, old):
        said[RENAMED.get(gone, lower(gone))] = UNSAID[gone]
    configuration = said.get("deploymentConfiguration", {}) | _unsaid_settings(wish.properties, old)
    if configuration:
        said["deploymentConfiguration"] = configuration
    if said:
        await aws.ecs.update_service(cluster=cluster, service=name, **said)
    await retag(aws, made.physical_id, wish)
    return made


def _left(new: Properties, old: Properties) -> set[str]:
    """What to say anew of what has left the template; the grace period goes with the load balancers."""
    gone = UNSAID.keys() & (old.keys() - new.keys())
    return gone if new.get("LoadBalancers") else gone - {"HealthCheckGracePeriodSeconds"}


def _unsaid_settings(new: Properties, old: Properties) -> dict[str, Any]:
    """The settings of a deployment that have left the template, with their defaults."""
    before, after = (each.get("DeploymentConfiguration") or {} for each in (old, new))
    gone = {lower(name) for name in before.keys() - after.keys()}
    return strategy.defaults(gone, after.get("Strategy", strategy.ROLLING))


def _request(wish: Wish, without: frozenset[str]) -> dict[str, Any]:
    said = request(wish, without, RENAMED)
    if "deploymentConfiguration" in said:
        said["deploymentConfiguration"] = _plain(said["deploymentConfiguration"])
    return said | {member: int(said[member]) for member in WHOLE_NUMBERS if member in said}


def _plain(said: Any) -> Any:
    """Numbers and truths as such: a template's parameters are texts."""
    if isinstance(said, Mapping):
        return {name: value if name == "hookDetails" else _plain(value) for name, value in said.items()}
    if isinstance(said, list):
        return [_plain(each) for each in said]
    if said in ("true", "false"):
        return said == "true"
    if isinstance(said, str) and re.fullmatch(r"\d+(\.\d+)?", said):
        return float(said) if "." in said else int(said)
    return said


async def _ready(aws: Aws, made: Made, properties: Properties) -> bool:
    shown = await _shown(aws, made)
    if shown is None or shown["status"] != "ACTIVE":
        raise ResourceFailed(f"Service {_names(made)[0]} is no longer there.")
    parts = _newest(shown["deployments"]) or shown.get("taskSets", [])
    moving = [part for part in parts if not _is_settled(part)]
    for part in moving:
        if part.get("rolloutState") == "FAILED" or _is_hopeless(shown, part):
            raise ResourceFailed(_why(shown))
    if moving:
        return False
    await _check_not_rolled_back(aws, made, shown, properties)
    return True


def _newest(deployments: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The deployment that the service has now and, where it has gone back to that one, what it came from;
    what earlier ones came to does not matter."""
    primary = [one for one in deployments if one["status"] == "PRIMARY"]
    since = min((one["createdAt"] for one in primary), default=None)
    return [one for one in deployments if since is None or one["createdAt"] >= since]


async def _check_not_rolled_back(
    aws: Aws, made: Made, shown: Mapping[str, Any], properties: Properties
) -> None:
    """A service that has gone back already is steady too, but not as the template wants it. One that a
    later release has moved on is as it should be."""
    wanted = str(properties.get("TaskDefinition", ""))
    if not shown["deployments"] or ":task-definition/" not in wanted or wanted == shown["taskDefinition"]:
        return
    name, cluster = _names(made)
    listed = await aws.ecs.list_service_deployments(cluster=cluster, service=name, maxResults=1)
    for newest in listed["serviceDeployments"]:
        if newest["status"] == "SUCCESSFUL":
            return
        raise ResourceFailed(
            newest.get("statusReason") or f"(service {name}) runs {shown['taskDefinition']}."
        )


def _is_settled(part: Mapping[str, Any]) -> bool:
    """Whether a deployment or task set is where it should be."""
    return part.get("rolloutState") == "COMPLETED" or part.get("stabilityStatus") == "STEADY_STATE"


def _is_hopeless(shown: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
    since = part["createdAt"]
    return any(HOPELESS in event["message"] and event["createdAt"] >= since for event in shown["events"])


def _why(shown: Mapping[str, Any]) -> str:
    """The last event that says what went wrong."""
    messages = [str(event["message"]) for event in shown["events"]]
    telling = (message for message in messages if any(words in message for words in TELLING))
    return next(telling, f"(service {shown['serviceName']}) did not become steady.")


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    name, cluster = _names(made)
    await unless_gone(aws.ecs.delete_service(cluster=cluster, service=name, force=True))


async def _gone(aws: Aws, made: Made, properties: Properties) -> bool:
    shown = await _shown(aws, made)
    return shown is None or shown["status"] == "INACTIVE"


async def _shown(aws: Aws, made: Made) -> Mapping[str, Any] | None:
    name, cluster = _names(made)
    answer = await unless_gone(aws.ecs.describe_services(cluster=cluster, services=[name]))
    services = (answer or {}).get("services", [])
    return services[0] if services else None


def _names(made: Made) -> tuple[str, str]:
    """Service and cluster in a service's ARN."""
    _, cluster, name = made.physical_id.rsplit("/", 2)
    return name, cluster


def _made(shown: Mapping[str, Any]) -> Made:
    return Made(shown["serviceArn"], {"Name": shown["serviceName"], "ServiceArn": shown["serviceArn"]})


SERVICE = ResourceType(
    "AWS::ECS::Service",
    properties=REPLACES
    | {
        "AvailabilityZoneRebalancing",
        "CapacityProviderStrategy",
        "DeploymentConfiguration",
        "DeploymentController",
        "DesiredCount",
        "EnableECSManagedTags",
        "EnableExecuteCommand",
        "HealthCheckGracePeriodSeconds",
        "LoadBalancers",
        "NetworkConfiguration",
        "PlacementConstraints",
        "PlacementStrategies",
        "PlatformVersion",
        "PropagateTags",
        "ServiceConnectConfiguration",
        "ServiceRegistries",
        "Tags",
        "TaskDefinition",
    },
    create=_create,
    update=_update,
    delete=_delete,
    ready=_ready,
    gone=_gone,
    replaces=REPLACES,
    limit=STABLE_LIMIT,
)
