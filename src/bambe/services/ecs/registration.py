"""Where callers find a task: its targets in target groups and its instances in Cloud Map.

Both are reached through the AWS API in process; what is gone already counts as taken out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from datetime import timedelta
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.services.ecs.model import Registry, Target, Task
from bambe.services.ecs.task_actions import GONE, TargetSight

TARGETS_TABLE = "elbv2_targets"
"""ELB's table of targets on the change feed, by name since services do not import each other."""
ABSENT = frozenset({"TargetGroupNotFound", "InvalidTarget", "InstanceNotFound", "ServiceNotFound"})
PUBLISHED = timedelta(milliseconds=500)
"""How long a name server may take to hear of a change, on top of the record's TTL."""


async def register(aws: Aws, task: Task, targets: Iterable[Target]) -> None:
    """Put the task's address into each target's group."""
    for target in targets:
        await aws.elbv2.register_targets(TargetGroupArn=target.group, Targets=[_target(task, target)])


async def deregister(aws: Aws, task: Task) -> None:
    """Take the task out of its target groups; they drain by themselves."""
    if not task.address:
        return
    for target in task.targets:
        await _unless_absent(
            aws.elbv2.deregister_targets(TargetGroupArn=target.group, Targets=[_target(task, target)])
        )


async def look(aws: Aws, task: Task) -> dict[Target, TargetSight]:
    """How each of the task's targets fares."""
    if not task.address:
        return {}
    return {target: await _look(aws, task, target) for target in task.targets}


async def announce(aws: Aws, task: Task) -> None:
    """Make the task an instance of each of its Cloud Map services."""
    for registry in task.registries:
        await aws.servicediscovery.register_instance(
            ServiceId=registry.service_id,
            InstanceId=task.id,
            CreatorRequestId=f"{task.id}-{task.version}",
            Attributes=attributes(task, registry),
        )


async def conceal(aws: Aws, task: Task) -> None:
    """Take the task out of its Cloud Map services."""
    for registry in task.registries:
        await _unless_absent(
            aws.servicediscovery.deregister_instance(ServiceId=registry.service_id, InstanceId=task.id)
        )


async def name_lifetime(aws: Aws, task: Task) -> timedelta:
    """How long a caller may go on using the task's address after it was taken out of Cloud Map."""
    seconds = 0
    for registry in task.registries:
        answer = await _unless_absent(aws.servicediscovery.get_service(Id=registry.service_id))
        records = (answer or {}).get("Service", {}).get("DnsConfig", {}).get("DnsRecords", ())
        seconds = max([seconds, *(record["TTL"] for record in records)])
    return timedelta(seconds=seconds) + PUBLISHED


def attributes(task: Task, registry: Registry) -> dict[str, str]:
    """What ECS says of an instance (Amazon ECS developer guide, "Service discovery")."""
    family = task.task_definition.rsplit("/", 1)[-1].rsplit(":", 1)[0]
    said = {
        "AWS_INSTANCE_IPV4": task.address,
        "AVAILABILITY_ZONE": f"{task.region}a",
        "REGION": task.region,
        "ECS_SERVICE_NAME": task.service,
        "ECS_CLUSTER_NAME": task.cluster,
        "ECS_TASK_DEFINITION_FAMILY": family,
    }
    if registry.port:
        said["AWS_INSTANCE_PORT"] = str(registry.port)
    if task.external_id:
        said["ECS_TASK_SET_EXTERNAL_ID"] = task.external_id
    return said


def _target(task: Task, target: Target) -> dict[str, Any]:
    return {"Id": task.address, "Port": target.port}


async def _look(aws: Aws, task: Task, target: Target) -> TargetSight:
    answer = await _unless_absent(
        aws.elbv2.describe_target_health(TargetGroupArn=target.group, Targets=[_target(task, target)])
    )
    for described in (answer or {}).get("TargetHealthDescriptions", ()):
        health = described.get("TargetHealth", {})
        if health.get("Reason") == "Target.NotRegistered":
            return TargetSight(GONE)
        return TargetSight(health.get("State", ""), health.get("Description") or health.get("Reason", ""))
    return TargetSight(GONE)


async def _unless_absent(call: Awaitable[dict[str, Any]]) -> dict[str, Any] | None:
    try:
        return await call
    except AwsError as error:
        if error.wire_code() not in ABSENT:
            raise
        return None
