"""The tables of ECS."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bambe.evidence.watched import Entry, Judgement, Sent, Watched
from bambe.kernel.call import Tx
from bambe.kernel.ids import uuid_id
from bambe.services.ecs.model import Cluster, Diary, Event, Service, Task, TaskDefinition, TaskSet
from bambe.services.ecs.service_deployment import ServiceDeployment, ServiceRevision
from bambe.services.ecs.session import Session
from bambe.store import Migration, Table

EVENTS_KEPT = 100

CLUSTERS = Table("ecs_clusters", Cluster, ("account", "region", "name"))
DEFINITIONS = Table("ecs_task_definitions", TaskDefinition, ("account", "region", "family", "revision"))
SERVICES = Table("ecs_services", Service, ("account", "region", "cluster", "name"))
TASK_SETS = Table("ecs_task_sets", TaskSet, ("account", "region", "cluster", "service", "id"))
TASKS = Table("ecs_tasks", Task, ("account", "region", "cluster", "service", "id"), ("is_over",))
DIARIES = Table("ecs_service_events", Diary, ("account", "region", "cluster", "service"))
SERVICE_DEPLOYMENTS = Table(
    "ecs_service_deployments",
    ServiceDeployment,
    ("account", "region", "cluster", "service", "id"),
    ("is_over",),
)
SERVICE_REVISIONS = Table(
    "ecs_service_revisions", ServiceRevision, ("account", "region", "cluster", "service", "id")
)
WATCHED = Table("ecs_watched", Watched, ("account", "region", "id"), ("done",))
ENTRIES = Table("ecs_ledger", Entry, ("account", "region", "deployment", "number"))
JUDGEMENTS = Table("ecs_judgements", Judgement, ("account", "region", "id"))
SENT = Table("ecs_sent", Sent, ("account", "region", "id"))
SESSIONS = Table("ecs_sessions", Session, ("account", "region", "id"))

ALL = (CLUSTERS, DEFINITIONS, SERVICES, TASK_SETS, TASKS, DIARIES)


def _tables(tx: Tx) -> None:
    for table in ALL:
        table.create(tx)


def _service_deployments(tx: Tx) -> None:
    SERVICE_DEPLOYMENTS.create(tx)
    SERVICE_REVISIONS.create(tx)


def _evidence(tx: Tx) -> None:
    for table in (WATCHED, ENTRIES, JUDGEMENTS, SENT):
        table.create(tx)


MIGRATIONS = (
    Migration("ecs/0001_tables", _tables),
    Migration("ecs/0002_service_deployments", _service_deployments),
    Migration("ecs/0003_sessions", SESSIONS.create),
    Migration("ecs/0004_evidence", _evidence),
)


def of_service(row: Service | ServiceDeployment | ServiceRevision) -> dict[str, str]:
    """The columns that say of which service a row is."""
    name = row.name if isinstance(row, Service) else row.service
    return {"account": row.account, "region": row.region, "cluster": row.cluster, "service": name}


def tell(tx: Tx, service: Service, message: str, now: datetime) -> None:
    """Write `message` into the service's diary, which keeps the last hundred."""
    key = (service.account, service.region, service.cluster, service.name)
    diary = DIARIES.find(tx, *key) or Diary(
        account=service.account, region=service.region, cluster=service.cluster, service=service.name
    )
    events = [Event(id=uuid_id(), at=now, message=message), *diary.events][:EVENTS_KEPT]
    DIARIES.put(tx, replace(diary, events=events))
