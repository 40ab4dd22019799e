"""Rows as the ECS API shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bambe.kernel import tags as tagging
from bambe.kernel.ids import digest_id
from bambe.services.ecs.model import (
    STARTING,
    Cluster,
    Container,
    Controller,
    Diary,
    Service,
    SetStatus,
    Shape,
    Task,
    TaskDefinition,
    TaskSet,
    TaskStatus,
)
from bambe.services.ecs.names import (
    cluster_arn,
    definition_arn,
    service_arn,
    task_arn,
    task_set_arn,
)


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as ECS spells them."""
    return tagging.to_list(tags, "key", "value")


def running(tasks: Iterable[Task]) -> int:
    """How many tasks run."""
    return sum(task.status == TaskStatus.RUNNING for task in tasks)


def pending(tasks: Iterable[Task]) -> int:
    """How many tasks are on their way to running."""
    return sum(task.status in STARTING and task.is_live for task in tasks)


def cluster(
    row: Cluster, services: Sequence[Service], tasks: Sequence[Task], include: Iterable[str] = ()
) -> Shape:
    """A cluster; `include` names what the caller asked to see besides."""
    shown: Shape = {
        "clusterArn": cluster_arn(row),
        "clusterName": row.name,
        "status": row.status,
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": running(tasks),
        "pendingTasksCount": pending(tasks),
        "activeServicesCount": sum(s.status == "ACTIVE" for s in services),
        "statistics": [],
        "tags": tag_list(row.tags) if "TAGS" in include else [],
        "settings": row.settings,
        "capacityProviders": row.capacity_providers,
        "defaultCapacityProviderStrategy": row.default_strategy,
    }
    if row.configuration and "CONFIGURATIONS" in include:
        shown["configuration"] = row.configuration
    if row.connect_defaults:
        shown["serviceConnectDefaults"] = row.connect_defaults
    return shown


def definition(row: TaskDefinition) -> Shape:
    """A task definition."""
    shown = {
        **row.body,
        "taskDefinitionArn": definition_arn(row),
        "revision": row.revision,
        "status": row.status,
        "registeredAt": row.registered_at,
        "registeredBy": row.registered_by,
    }
    if row.deregistered_at is not None:
        shown["deregisteredAt"] = row.deregistered_at
    if row.delete_requested_at is not None:
        shown["deleteRequestedAt"] = row.delete_requested_at
    return shown


def service(
    row: Service, sets: Sequence[TaskSet], tasks: Sequence[Task], diary: Diary | None, *, with_tags: bool
) -> Shape:
    """A service: with deployments under the ECS controller, with task sets under the others."""
    rolling = row.controller == Controller.ECS
    shown: Shape = {
        "serviceArn": service_arn(row),
        "serviceName": row.name,
        "clusterArn": cluster_arn(row),
        "loadBalancers": row.load_balancers,
        "serviceRegistries": row.registries,
        "status": row.status.value,
        "desiredCount": row.desired_count if row.status == "ACTIVE" else 0,
        "runningCount": running(tasks),
        "pendingCount": pending(tasks),
        "platformVersion": row.platform_version,
        "platformFamily": "Linux",
        "deploymentConfiguration": row.deployment_configuration,
        "deployments": [deployment(row, s, _of(s, tasks)) for s in _newest_first(sets)] if rolling else [],
        "events": [
            {"id": event.id, "createdAt": event.at, "message": event.message}
            for event in (diary.events if diary else ())
        ],
        "createdAt": row.created_at,
        "createdBy": row.created_by,
        "placementConstraints": row.placement_constraints,
        "placementStrategy": row.placement_strategy,
        "schedulingStrategy": row.scheduling,
        "deploymentController": {"type": row.controller.value},
        "enableECSManagedTags": row.managed_tags,
        "propagateTags": row.propagate_tags,
        "enableExecuteCommand": row.execute_command,
        "availabilityZoneRebalancing": row.zone_rebalancing,
        **_launch(row.launch_type, row.capacity_strategy),
        **_network(row.network),
    }
    if row.task_definition:
        shown["taskDefinition"] = row.task_definition
    if row.role:
        shown["roleArn"] = row.role
    if not rolling:
        shown["taskSets"] = [task_set(row, s, _of(s, tasks), with_tags=False) for s in _newest_first(sets)]
    if row.grace_seconds is not None:
        shown["healthCheckGracePeriodSeconds"] = row.grace_seconds
    if with_tags:
        shown["tags"] = tag_list(row.tags)
    return shown


def deployment(row: Service, said: TaskSet, tasks: Sequence[Task]) -> Shape:
    """One deployment of a service with the ECS controller."""
    live = sum(task.is_live for task in tasks)
    return {
        "id": said.id,
        "status": said.status.value,
        "taskDefinition": said.task_definition,
        "desiredCount": row.wanted if said.status == SetStatus.PRIMARY else live,
        "pendingCount": pending(tasks),
        "runningCount": running(tasks),
        "failedTasks": said.failures_in_row,
        "createdAt": said.created_at,
        "updatedAt": said.updated_at,
        "platformVersion": said.platform_version,
        "platformFamily": "Linux",
        "rolloutState": said.rollout.value,
        "rolloutStateReason": said.rollout_reason,
        **_launch(said.launch_type, said.capacity_strategy),
        **_network(said.network),
    }


def task_set(row: Service, said: TaskSet, tasks: Sequence[Task], *, with_tags: bool) -> Shape:
    """One task set of a service with the CODE_DEPLOY or EXTERNAL controller."""
    shown: Shape = {
        "id": said.id,
        "taskSetArn": task_set_arn(said),
        "serviceArn": service_arn(said),
        "clusterArn": cluster_arn(said),
        "status": said.status.value,
        "taskDefinition": said.task_definition,
        "computedDesiredCount": said.computed_count(row.wanted),
        "pendingCount": pending(tasks),
        "runningCount": running(tasks),
        "createdAt": said.created_at,
        "updatedAt": said.updated_at,
        "platformVersion": said.platform_version,
        "platformFamily": "Linux",
        "loadBalancers": said.load_balancers,
        "serviceRegistries": said.registries,
        "scale": {"value": said.scale, "unit": "PERCENT"},
        "stabilityStatus": "STEADY_STATE" if said.is_steady else "STABILIZING",
        "stabilityStatusAt": said.steady_at,
        "tags": tag_list(said.tags) if with_tags else [],
        **_launch(said.launch_type, said.capacity_strategy),
        **_network(said.network),
    }
    if said.external_id:
        shown["externalId"] = said.external_id
    if said.started_by:
        shown["startedBy"] = said.started_by
    return shown


MOMENTS = {
    "pull_started_at": "pullStartedAt",
    "pull_stopped_at": "pullStoppedAt",
    "started_at": "startedAt",
    "stopping_at": "stoppingAt",
    "execution_stopped_at": "executionStoppedAt",
    "stopped_at": "stoppedAt",
}


def task(row: Task, *, with_tags: bool) -> Shape:
    """A task on Fargate."""
    shown: Shape = {
        "taskArn": task_arn(row),
        "clusterArn": cluster_arn(row),
        "taskDefinitionArn": row.task_definition,
        "attachments": [_interface(row)],
        "attributes": [],
        "availabilityZone": f"{row.region}a",
        "containers": [_container(row, c) for c in row.containers],
        "cpu": row.cpu,
        "memory": row.memory,
        "createdAt": row.created_at,
        "desiredStatus": row.desired.value,
        "lastStatus": row.status.value,
        "enableExecuteCommand": row.execute_command,
        "group": row.group,
        "healthStatus": row.health.value,
        "launchType": row.launch_type,
        "overrides": {"containerOverrides": [], "inferenceAcceleratorOverrides": [], **row.overrides},
        "platformVersion": row.platform_version,
        "platformFamily": "Linux",
        "tags": tag_list(row.tags) if with_tags else [],
        "version": row.version,
    }
    if row.started_at is not None:
        shown |= {"connectivity": "CONNECTED", "connectivityAt": row.started_at}
    if row.started_by:
        shown["startedBy"] = row.started_by
    if row.stop_code is not None:
        shown |= {"stopCode": row.stop_code.value, "stoppedReason": row.stopped_reason}
    for name, member in MOMENTS.items():
        if (moment := getattr(row, name)) is not None:
            shown[member] = moment
    return shown


def container_arn(row: Task, name: str) -> str:
    """The ARN of the task's container `name`."""
    return f"{task_arn(row).replace(':task/', ':container/')}/{_uuid(row.id, name)}"


def _of(said: TaskSet, tasks: Iterable[Task]) -> list[Task]:
    return [task for task in tasks if task.task_set == said.id]


def _newest_first(sets: Iterable[TaskSet]) -> list[TaskSet]:
    return sorted(sets, key=lambda s: (s.status == SetStatus.PRIMARY, s.created_at), reverse=True)


def _launch(launch_type: str, strategy: list[Shape]) -> Shape:
    if strategy:
        return {"capacityProviderStrategy": strategy}
    return {"launchType": launch_type or "FARGATE"}


def _network(network: Shape) -> Shape:
    return {"networkConfiguration": network} if network else {}


def _attachment_id(row: Task) -> str:
    return _uuid("attachment", row.id)


def _uuid(*parts: str) -> str:
    """A stable identifier in a UUID's spelling."""
    digest = digest_id(*parts)
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


def _interface(row: Task) -> Shape:
    details = [{"name": "networkInterfaceId", "value": f"eni-{digest_id('eni', row.id, length=17)}"}]
    subnets = row.network.get("awsvpcConfiguration", {}).get("subnets") or []
    if subnets:
        details.insert(0, {"name": "subnetId", "value": subnets[0]})
    if row.address:
        details.append({"name": "privateDnsName", "value": f"ip-{row.address.replace('.', '-')}"})
        details.append({"name": "privateIPv4Address", "value": row.address})
    status = "DELETED" if row.status == TaskStatus.STOPPED else "ATTACHED" if row.address else "PRECREATED"
    return {
        "id": _attachment_id(row),
        "type": "ElasticNetworkInterface",
        "status": status,
        "details": details,
    }


def _container(row: Task, said: Container) -> Shape:
    shown: dict[str, Any] = {
        "containerArn": container_arn(row, said.name),
        "taskArn": task_arn(row),
        "name": said.name,
        "image": said.image,
        "lastStatus": "STOPPED" if row.status == TaskStatus.STOPPED else said.status,
        "networkBindings": [],
        "networkInterfaces": [],
        "healthStatus": said.health.value,
    }
    if row.address:
        shown["networkInterfaces"] = [
            {"attachmentId": _attachment_id(row), "privateIpv4Address": row.address}
        ]
    optional = {"runtimeId": said.runtime_id, "imageDigest": said.digest, "reason": said.reason}
    shown |= {name: value for name, value in optional.items() if value}
    if said.exit_code is not None:
        shown["exitCode"] = said.exit_code
    if row.execute_command:
        shown["managedAgents"] = [_exec_agent(said, shown["lastStatus"])]
    return shown


def _exec_agent(said: Container, status: str) -> Shape:
    """What ExecuteCommand needs in a container; here it is there as long as the container runs."""
    started = {"lastStartedAt": said.started_at} if said.started_at else {}
    return {"name": "ExecuteCommandAgent", "lastStatus": status, **started}
