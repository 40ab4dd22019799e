"""What a task is told about itself: the task metadata endpoint's answers, version 4.

The members and their spelling are those of Fargate (Amazon ECS developer guide, "Task metadata endpoint
version 4 for tasks on Fargate").
"""

from __future__ import annotations

from datetime import datetime
from ipaddress import IPv4Network
from typing import Any

from bambe.services.ecs import shapes
from bambe.services.ecs.model import Container, Shape, Task, TaskDefinition
from bambe.services.ecs.names import cluster_arn, task_arn

NAMESPACE = "com.amazonaws.ecs."


def task_metadata(task: Task, definition: TaskDefinition, subnet: IPv4Network, *, with_tags: bool) -> Shape:
    """`${ECS_CONTAINER_METADATA_URI_V4}/task`, and `/taskWithTags`."""
    shown: Shape = {
        "Cluster": cluster_arn(task),
        "TaskARN": task_arn(task),
        "Family": definition.family,
        "Revision": str(definition.revision),
        "DesiredStatus": task.desired.value,
        "KnownStatus": task.status.value,
        **_limits(int(task.cpu or 0) / 1024, int(task.memory or 0)),
        **_moments(PullStartedAt=task.pull_started_at, PullStoppedAt=task.pull_stopped_at),
        "AvailabilityZone": f"{task.region}a",
        "LaunchType": task.launch_type,
        "Containers": [
            container_metadata(task, definition, number, subnet) for number in range(len(task.containers))
        ],
    }
    if task.service:
        shown["ServiceName"] = task.service
    if with_tags:
        shown["TaskTags"] = dict(task.tags)
    return shown


def container_metadata(task: Task, definition: TaskDefinition, number: int, subnet: IPv4Network) -> Shape:
    """`${ECS_CONTAINER_METADATA_URI_V4}` itself, of the task's container `number`."""
    container = task.containers[number]
    said = next((c for c in definition.containers if c["name"] == container.name), {})
    log = said.get("logConfiguration") or {}
    shown: Shape = {
        "DockerId": container.runtime_id,
        "Name": container.name,
        "DockerName": container.name,
        "Image": container.image,
        "ImageID": container.digest,
        "Labels": {**(said.get("dockerLabels") or {}), **labels(task, definition, container)},
        "DesiredStatus": task.desired.value,
        "KnownStatus": container.status,
        **_limits(said.get("cpu") or 0, said.get("memory") or 0),
        **_moments(CreatedAt=task.pull_stopped_at, StartedAt=container.started_at),
        "Type": "NORMAL",
        "ContainerARN": shapes.container_arn(task, container.name),
        "Networks": [_network(task, subnet)],
    }
    if container.restart_policy is not None:
        shown["RestartCount"] = container.restarts
    if container.exit_code is not None:
        shown["ExitCode"] = container.exit_code
    if container.checked:
        shown["Health"] = {"status": container.health.value}
    if log:
        shown |= {"LogDriver": log["logDriver"], "LogOptions": log.get("options") or {}}
    return shown


def labels(task: Task, definition: TaskDefinition, container: Container) -> dict[str, str]:
    """What ECS says of a container in its labels."""
    return {
        f"{NAMESPACE}cluster": cluster_arn(task),
        f"{NAMESPACE}container-name": container.name,
        f"{NAMESPACE}task-arn": task_arn(task),
        f"{NAMESPACE}task-definition-family": definition.family,
        f"{NAMESPACE}task-definition-version": str(definition.revision),
    }


def _limits(cpu: float, memory: int) -> dict[str, Any]:
    limits = {name: value for name, value in (("CPU", cpu), ("Memory", memory)) if value}
    return {"Limits": limits} if limits else {}


def _moments(**moments: datetime | None) -> dict[str, Any]:
    return {name: moment for name, moment in moments.items() if moment is not None}


def _network(task: Task, subnet: IPv4Network) -> Shape:
    return {
        "NetworkMode": "awsvpc",
        "IPv4Addresses": [task.address] if task.address else [],
        "AttachmentIndex": 0,
        "IPv4SubnetCIDRBlock": str(subnet),
        "DomainNameServers": [str(subnet[1])],
        "PrivateDNSName": f"ip-{task.address.replace('.', '-')}.{task.region}.compute.internal",
        "SubnetGatewayIpv4Address": f"{subnet[1]}/{subnet.prefixlen}",
    }
