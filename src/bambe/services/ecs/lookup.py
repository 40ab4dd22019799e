"""Finding the rows a request names, or the AWS error that says they are not there."""

from __future__ import annotations

from bambe.kernel.call import Call, Tx
from bambe.services.ecs.errors import (
    ClientException,
    ClusterNotFoundException,
    InvalidParameterException,
    ServiceNotActiveException,
    ServiceNotFoundException,
    TaskSetNotFoundException,
)
from bambe.services.ecs.model import Cluster, Service, ServiceStatus, Task, TaskDefinition, TaskSet
from bambe.services.ecs.names import (
    cluster_name,
    family_and_revision,
    service_name,
    task_id,
    task_set_id,
)
from bambe.services.ecs.tables import CLUSTERS, DEFINITIONS, SERVICES, TASK_SETS, TASKS, of_service


def cluster(tx: Tx, call: Call, said: str | None) -> Cluster:
    """The active cluster of this name or ARN."""
    row = CLUSTERS.find(tx, call.account, call.region, cluster_name(said))
    if row is None or row.status != "ACTIVE":
        raise ClusterNotFoundException
    return row


def service(tx: Tx, call: Call, of: Cluster, said: str) -> Service:
    """The service of this name or ARN, whatever its status."""
    row = SERVICES.find(tx, call.account, call.region, of.name, service_name(said))
    if row is None:
        raise ServiceNotFoundException
    return row


def active_service(tx: Tx, call: Call, said_cluster: str | None, said: str) -> Service:
    """The service, which must be ACTIVE."""
    row = service(tx, call, cluster(tx, call, said_cluster), said)
    if row.status != ServiceStatus.ACTIVE:
        raise ServiceNotActiveException
    return row


def sets_of(tx: Tx, row: Service) -> list[TaskSet]:
    """All deployments or task sets of a service."""
    return TASK_SETS.list(tx, **of_service(row))


def tasks_of(tx: Tx, row: Service) -> list[Task]:
    """The tasks of a service that have not stopped."""
    return TASKS.list(tx, **of_service(row), is_over=False)


def task_set(tx: Tx, row: Service, said: str) -> TaskSet:
    """The service's task set of this id or ARN."""
    found = TASK_SETS.find(tx, row.account, row.region, row.cluster, row.name, task_set_id(said))
    if found is None:
        raise TaskSetNotFoundException
    return found


def find_task(tx: Tx, of: Cluster, said: str) -> Task | None:
    """The cluster's task of this id or ARN, or None."""
    tasks = TASKS.list(tx, account=of.account, region=of.region, cluster=of.name, id=task_id(said))
    return tasks[0] if tasks else None


def find_definition(tx: Tx, call: Call, said: str) -> TaskDefinition | None:
    """The task definition of this ARN or `family:revision`; the newest active one of a `family`."""
    family, revision = family_and_revision(said)
    if revision:
        return DEFINITIONS.find(tx, call.account, call.region, family, revision)
    rows = DEFINITIONS.list(tx, account=call.account, region=call.region, family=family)
    return next((row for row in reversed(rows) if row.status == "ACTIVE"), None)


def usable_definition(tx: Tx, call: Call, said: str) -> TaskDefinition:
    """A task definition that tasks can be started from."""
    row = find_definition(tx, call, said)
    if row is None or row.status == "DELETE_IN_PROGRESS":
        raise ClientException("TaskDefinition not found.")
    if row.status != "ACTIVE":
        raise ClientException("TaskDefinition is inactive")
    return row


def bad_token() -> InvalidParameterException:
    """The error for a `nextToken` we never gave."""
    return InvalidParameterException("Invalid token. Please provide a valid nextToken.")
