"""CodeBuild's tables, and how a build gets into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bambe.kernel.call import Tx
from bambe.kernel.ids import uuid_id
from bambe.services.codebuild.model import Build, Cursor, PhaseRecord, PhaseType, Project, Status
from bambe.store import Migration, Table

QUEUE_MINUTES = 480

projects = Table("codebuild_projects", Project, ("account", "region", "name"), ("repository",))
builds = Table(
    "codebuild_builds", Build, ("account", "region", "id"), ("project", "status", "uuid", "token", "cleaned")
)
cursors = Table("codebuild_cursors", Cursor, ("account", "region", "repository", "ref"))


def submit(
    tx: Tx,
    project: Project,
    now: datetime,
    *,
    settings: Mapping[str, Any],
    repository: str,
    source_version: str,
    initiator: str,
    webhook: Mapping[str, str] | None = None,
    overrides: Sequence[Mapping[str, Any]] = (),
    token: str = "",
) -> Build:
    """A new build of `project` in the queue, with the project's next number."""
    uuid = uuid_id()
    wait = timedelta(minutes=settings.get("queuedTimeoutInMinutes") or QUEUE_MINUTES)
    row = Build(
        account=project.account,
        region=project.region,
        id=f"{project.name}:{uuid}",
        uuid=uuid,
        project=project.name,
        number=project.next_number,
        status=Status.IN_PROGRESS,
        phase=PhaseType.QUEUED,
        settings=dict(settings),
        created=now,
        phases=(
            PhaseRecord(PhaseType.SUBMITTED, now, now, Status.SUCCEEDED),
            PhaseRecord(PhaseType.QUEUED, now),
        ),
        repository=repository,
        source_version=source_version,
        initiator=initiator,
        webhook=dict(webhook or {}),
        overrides=[dict(item) for item in overrides],
        queued_until=now + wait,
        token=token,
    )
    builds.insert(tx, row)
    projects.update(tx, replace(project, next_number=project.next_number + 1))
    return row


def newest_first(rows: Sequence[Build]) -> list[Build]:
    return sorted(rows, key=lambda row: (row.created, row.number), reverse=True)


def _create(tx: Tx) -> None:
    for table in (projects, builds, cursors):
        table.create(tx)


MIGRATIONS = (Migration("codebuild/0001_tables", _create),)
