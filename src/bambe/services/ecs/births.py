"""New rows: the tasks of a service, one-off tasks, and the deployments of a rolling service."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bambe.kernel.ids import hex_id
from bambe.services.ecs.model import (
    Container,
    Dependency,
    Registry,
    RestartPolicy,
    Rollout,
    Service,
    SetStatus,
    Shape,
    Target,
    Task,
    TaskDefinition,
    TaskSet,
    spec_of,
)
from bambe.services.ecs.names import definition_arn, new_task_set_id

RESTART_PERIOD = 300
"""Seconds (ECS API, ContainerRestartPolicy)."""
PLATFORM_VERSION = "1.4.0"
"""What LATEST means on Fargate for Linux."""


def service_task(service: Service, task_set: TaskSet, definition: TaskDefinition, now: datetime) -> Task:
    """A task that a service starts for one of its revisions."""
    return Task(
        account=service.account,
        region=service.region,
        cluster=service.cluster,
        service=service.name,
        id=hex_id(32),
        task_set=task_set.id,
        external_id=task_set.external_id,
        task_definition=definition_arn(definition),
        group=f"service:{service.name}",
        started_by=task_set.id,
        launch_type=task_set.launch_type or service.launch_type or "FARGATE",
        platform_version=platform(task_set.platform_version or service.platform_version),
        cpu=definition.body.get("cpu", ""),
        memory=definition.body.get("memory", ""),
        network=task_set.network,
        targets=[
            Target(group=said["targetGroupArn"], container=said["containerName"], port=said["containerPort"])
            for said in task_set.load_balancers
        ],
        registries=registries(task_set.registries, definition),
        tags=_propagated(service, definition),
        execute_command=service.execute_command,
        secret=hex_id(32),
        containers=containers(definition),
        created_at=now,
    )


def containers(definition: TaskDefinition) -> list[Container]:
    """The containers a task of `definition` will have."""
    return [
        Container(
            name=said["name"],
            image=said["image"],
            essential=said.get("essential", True),
            checked=bool(said.get("healthCheck")) and said["healthCheck"]["command"][:1] != ["NONE"],
            depends_on=[
                Dependency(name=on["containerName"], condition=on["condition"])
                for on in said.get("dependsOn") or ()
            ],
            start_timeout=said.get("startTimeout", 0),
            restart_policy=_restart_policy(said.get("restartPolicy") or {}),
        )
        for said in definition.containers
    ]


def _restart_policy(said: Shape) -> RestartPolicy | None:
    if not said.get("enabled"):
        return None
    period = said.get("restartAttemptPeriod") or RESTART_PERIOD
    return RestartPolicy(period=period, ignored=list(said.get("ignoredExitCodes") or ()))


def registries(said: Iterable[Shape], definition: TaskDefinition) -> list[Registry]:
    """Where a task announces itself, and with which port (its only one where none is named)."""
    ports = [m["containerPort"] for c in definition.containers for m in c.get("portMappings") or ()]
    only = ports[0] if len(ports) == 1 else 0
    return [
        Registry(arn=each["registryArn"], port=each.get("port") or each.get("containerPort") or only)
        for each in said
    ]


def platform(version: str) -> str:
    """The platform version that runs."""
    return PLATFORM_VERSION if version in ("", "LATEST") else version


def revision(
    service: Service, now: datetime, status: SetStatus = SetStatus.PRIMARY, token: str = ""
) -> TaskSet:
    """A deployment (or first task set) of the service as it stands."""
    task_set_id = new_task_set_id()
    return TaskSet(
        account=service.account,
        region=service.region,
        cluster=service.cluster,
        service=service.name,
        id=task_set_id,
        status=status,
        **(spec_of(service) | {"platform_version": platform(service.platform_version)}),
        client_token=token,
        created_at=now,
        updated_at=now,
        steady_at=now,
        rollout=Rollout.IN_PROGRESS,
        rollout_reason=f"ECS deployment {task_set_id} in progress.",
    )


def _propagated(service: Service, definition: TaskDefinition) -> dict[str, str]:
    tags = {}
    if service.propagate_tags == "SERVICE":
        tags = dict(service.tags)
    elif service.propagate_tags == "TASK_DEFINITION":
        tags = dict(definition.tags)
    if service.managed_tags:
        tags |= {"aws:ecs:clusterName": service.cluster, "aws:ecs:serviceName": service.name}
    return tags
