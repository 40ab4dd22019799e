"""How ECS's resources are read back, to see what has drifted: a released service shows its release."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties

OF_TASK_SETS = ("taskDefinition", "loadBalancers", "serviceRegistries", "networkConfiguration", "launchType")


async def _cluster(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    answer = await aws.ecs.describe_clusters(
        clusters=[made.physical_id], include=["SETTINGS", "CONFIGURATIONS"]
    )
    found = [one for one in answer["clusters"] if one["status"] == "ACTIVE"]
    return {**found[0], "ClusterSettings": found[0].get("settings", [])} if found else None


async def _providers(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    found = await _cluster(aws, made, expected)
    return {**found, "Cluster": made.physical_id} if found else None


async def _service(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    _, cluster, name = made.physical_id.rsplit("/", 2)
    answer = await aws.ecs.describe_services(cluster=cluster, services=[name])
    found = [one for one in answer["services"] if one["status"] != "INACTIVE"]
    if not found:
        return None
    shown: dict[str, Any] = {**found[0]}
    primary = [one for one in shown.get("taskSets") or () if one["status"] == "PRIMARY"]
    for one in primary:
        shown |= {member: one[member] for member in OF_TASK_SETS if member in one}
    if str(expected.get("Cluster", "")) in (cluster, shown["clusterArn"]):
        shown["cluster"] = expected["Cluster"]
    if str(expected.get("TaskDefinition", "")).count(":") < 2:  # a family, perhaps with its revision
        shown["taskDefinition"] = _as_said(str(expected.get("TaskDefinition", "")), shown["taskDefinition"])
    return shown


def _as_said(expected: str, arn: str) -> str:
    """A task definition's ARN in as much detail as the template has."""
    revision = arn.rsplit("/", 1)[-1]
    return revision if ":" in expected else revision.partition(":")[0]


async def _definition(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    found = (await aws.ecs.describe_task_definition(taskDefinition=made.physical_id))["taskDefinition"]
    return None if found["status"] == "INACTIVE" else dict(found)


READS = {
    "AWS::ECS::Cluster": _cluster,
    "AWS::ECS::ClusterCapacityProviderAssociations": _providers,
    "AWS::ECS::Service": _service,
    "AWS::ECS::TaskDefinition": _definition,
}
