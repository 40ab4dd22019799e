"""The names and ARNs of ECS: made, and taken apart again."""

from __future__ import annotations

import secrets

from bambe.kernel.arn import Arn, is_arn
from bambe.services.ecs.errors import InvalidParameterException
from bambe.services.ecs.model import Cluster, Service, Task, TaskDefinition, TaskSet
from bambe.services.ecs.service_deployment import ServiceDeployment, ServiceRevision

DEFAULT_CLUSTER = "default"


def cluster_arn(row: Cluster | Service | TaskSet | Task | ServiceDeployment | ServiceRevision) -> str:
    """`cluster/NAME` of a cluster or of what lives in it."""
    name = row.name if isinstance(row, Cluster) else row.cluster
    return _arn(row.account, row.region, f"cluster/{name}")


def service_arn(row: Service | TaskSet | ServiceDeployment | ServiceRevision) -> str:
    """`service/CLUSTER/NAME`."""
    name = row.name if isinstance(row, Service) else row.service
    return _arn(row.account, row.region, f"service/{row.cluster}/{name}")


def task_set_arn(row: TaskSet) -> str:
    """`task-set/CLUSTER/SERVICE/ecs-svc/N`."""
    return _arn(row.account, row.region, f"task-set/{row.cluster}/{row.service}/{row.id}")


def task_arn(row: Task) -> str:
    """`task/CLUSTER/ID`."""
    return _arn(row.account, row.region, f"task/{row.cluster}/{row.id}")


def definition_arn(row: TaskDefinition) -> str:
    """`task-definition/FAMILY:REVISION`."""
    return _arn(row.account, row.region, f"task-definition/{row.family}:{row.revision}")


def deployment_arn(row: ServiceDeployment) -> str:
    """`service-deployment/CLUSTER/SERVICE/ID`."""
    return _arn(row.account, row.region, f"service-deployment/{row.cluster}/{row.service}/{row.id}")


def revision_arn(row: Service | ServiceDeployment | ServiceRevision, number: str) -> str:
    """`service-revision/CLUSTER/SERVICE/N` of one of the service's revisions."""
    return service_arn(row).replace(":service/", ":service-revision/") + f"/{number}"


def new_revision_id() -> str:
    """19 digits, as AWS numbers service revisions."""
    return str(secrets.randbelow(9 * 10**18) + 10**18)


def new_task_set_id() -> str:
    """`ecs-svc/` and 19 digits, as AWS numbers deployments and task sets."""
    return f"ecs-svc/{secrets.randbelow(9 * 10**18) + 10**18}"


def cluster_name(said: str | None) -> str:
    """The name in a cluster's short name or ARN; `default` when nothing is said."""
    return _tail(said or DEFAULT_CLUSTER, "cluster", 1)


def service_name(said: str) -> str:
    """The name in a service's short name or ARN."""
    return _tail(said, "service", 2)


def task_id(said: str) -> str:
    """The id in a task's id or ARN."""
    return _tail(said, "task", 2)


def task_set_id(said: str) -> str:
    """`ecs-svc/N` in a task set's id or ARN."""
    if is_arn(said):
        return "/".join(said.split("/")[-2:])
    return said


def family_and_revision(said: str) -> tuple[str, int]:
    """Family and revision (0 where none is said) in `FAMILY`, `FAMILY:REVISION` or an ARN."""
    name = _tail(said, "task-definition", 1)
    family, colon, revision = name.partition(":")
    if colon and not revision.isdigit():
        raise InvalidParameterException(f"Invalid revision number. Number: {revision}")
    return family, int(revision or 0)


def part_of_service(said: str, kind: str) -> tuple[str, str, str] | None:
    """(cluster, service, id) in the ARN of a service deployment or revision; None for anything else."""
    if not is_arn(said):
        return None
    parts = Arn.parse(said).resource.split("/")
    return (parts[1], parts[2], parts[3]) if len(parts) == 4 and parts[0] == kind else None


def _arn(account: str, region: str, resource: str) -> str:
    return str(Arn("ecs", region, account, resource))


def _tail(said: str, kind: str, depth: int) -> str:
    """What follows the kind in an ARN (older ARNs of services and tasks leave the cluster out)."""
    if not is_arn(said):
        return said
    parts = Arn.parse(said).resource.split("/")
    if parts[0] != kind or not 2 <= len(parts) <= depth + 1:
        raise InvalidParameterException(f"Invalid identifier: Unexpected ARN format {said}")
    return parts[-1]
