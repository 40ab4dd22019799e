"""CodeDeploy's tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bambe.evidence.watched import Entry, Judgement, Sent, Watched
from bambe.kernel.call import Tx
from bambe.services.codedeploy.appspec import digest
from bambe.services.codedeploy.deployment import MOVES, Deployment, Moved, Status
from bambe.services.codedeploy.model import Application, Config, Group, Notice, Revision
from bambe.services.codedeploy.notices import notices as said_of
from bambe.store import Migration, Table

applications = Table("codedeploy_applications", Application, ("account", "region", "name"))
configs = Table("codedeploy_configs", Config, ("account", "region", "name"))
deployment_groups = Table(
    "codedeploy_groups", Group, ("account", "region", "application", "name"), ("service",)
)
deployments = Table(
    "codedeploy_deployments",
    Deployment,
    ("account", "region", "id"),
    ("application", "group", "status", "token"),
)
moves = Table("codedeploy_moves", Moved, ("account", "region", "deployment", "number"))
watched = Table("codedeploy_watched", Watched, ("account", "region", "id"), ("done",))
entries = Table("codedeploy_ledger", Entry, ("account", "region", "deployment", "number"))
judgements = Table("codedeploy_judgements", Judgement, ("account", "region", "id"))
sent = Table("codedeploy_sent", Sent, ("account", "region", "id"))
revisions = Table("codedeploy_revisions", Revision, ("account", "region", "application", "digest"))


notices = Table("codedeploy_notices", Notice, ("account", "region", "deployment", "number"))


def save(tx: Tx, row: Deployment, why: str) -> None:
    """Write `row`; a change of phase or status is also a line of its timeline."""
    old = deployments.find(tx, row.account, row.region, row.id)
    deployments.put(tx, row)
    if old is not None and (old.phase, old.status) == (row.phase, row.status):
        return
    group = deployment_groups.find(tx, row.account, row.region, row.application, row.group)
    for notice in said_of(group, old, row) if group is not None else ():
        notices.put(tx, notice)
    number = len(moves.list(tx, account=row.account, region=row.region, deployment=row.id))
    moves.insert(tx, Moved(row.account, row.region, row.id, number, row.entered, row.phase, row.status, why))


def unfinished(tx: Tx) -> list[Deployment]:
    """Every deployment that is not over, of all accounts."""
    going = [status for status in Status if MOVES[status]]
    return [row for status in going for row in deployments.list(tx, status=status)]


def active(tx: Tx, account: str, region: str, application: str, group: str) -> Deployment | None:
    """The one deployment of a group that is under way; those that wait in the queue are not."""
    rows = deployments.list(tx, account=account, region=region, application=application, group=group)
    return next((row for row in rows if not row.is_over and not row.is_queued), None)


def mark_used(tx: Tx, row: Deployment, now: datetime) -> None:
    """The application's record of the revision a deployment released."""
    key = (row.account, row.region, row.application, digest(row.revision))
    known = revisions.find(tx, *key) or Revision(*key, row.revision, now)
    groups = tuple(sorted({*known.groups, row.group}))
    revisions.put(tx, replace(known, first_used=known.first_used or now, last_used=now, groups=groups))


def _create(tx: Tx) -> None:
    for table in (applications, configs, deployment_groups, deployments, moves, revisions):
        table.create(tx)


def _create_evidence(tx: Tx) -> None:
    for table in (watched, entries, judgements):
        table.create(tx)


MIGRATIONS = (
    Migration("codedeploy/0001_tables", _create),
    Migration("codedeploy/0002_evidence", _create_evidence),
    Migration("codedeploy/0003_sent", sent.create),
    Migration("codedeploy/0004_notices", notices.create),
)
