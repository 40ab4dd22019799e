"""Beginning and ending deployments of the ECS controller: the rows of a revision and how it comes in.

Ordinary functions within a transaction, for operations and loops alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bambe.kernel.call import Tx
from bambe.kernel.ids import upper_id
from bambe.services.ecs import deployment_shapes, lookup, shift_moves, strategy
from bambe.services.ecs.births import revision
from bambe.services.ecs.model import Rollout, Service, SetStatus, Shape, TaskSet, primary_of, spec_of
from bambe.services.ecs.names import new_revision_id
from bambe.services.ecs.service_deployment import (
    DEPLOYMENT_MOVES,
    DeploymentStatus,
    ServiceDeployment,
    ServiceRevision,
    Stage,
)
from bambe.services.ecs.strategy import SHIFTING
from bambe.services.ecs.tables import SERVICE_DEPLOYMENTS, SERVICE_REVISIONS, SERVICES, TASK_SETS, of_service

HISTORY = 100
"""Service deployments that are kept for each service."""
BROKEN_OFF = (DeploymentStatus.STOPPED, DeploymentStatus.ROLLBACK_FAILED)
"""Ends that leave both revisions with the traffic they had."""
SUPERSEDED = "Service deployment stopped because a newer service deployment was started."


def begin(tx: Tx, service: Service, now: datetime) -> TaskSet:
    """The service as it stands comes in as a new deployment; the task set it will run in."""
    before = current(tx, service)
    last = before or next(iter(history(tx, service)), None)
    source = _with_revision(tx, service, _source(service, last, lookup.sets_of(tx, service)))
    if before is not None:
        finish(tx, before, DeploymentStatus.STOPPED, SUPERSEDED, now)
    colour = 0 if source is None else colour_of(service.load_balancers, source)
    other = source is not None and service.strategy in SHIFTING
    made = _revision(service, now, 1 - colour if other else colour)
    SERVICE_REVISIONS.insert(tx, made)
    target = replace(
        revision(service, now),
        revision=made.id,
        load_balancers=resolved(service.load_balancers, made.colour),
        scale=0.0 if service.strategy in SHIFTING else 100.0,
        bake=None if service.is_rolling and strategy.takes_back(service.deployment_configuration) else 0.0,
    )
    for one in lookup.sets_of(tx, service):
        if one.status == SetStatus.PRIMARY:
            TASK_SETS.update(tx, replace(one, status=SetStatus.ACTIVE, updated_at=now))
    TASK_SETS.insert(tx, target)
    row = _deployment(service, made, source, target, now)
    known = history(tx, service)
    SERVICE_DEPLOYMENTS.insert(tx, replace(row, number=known[0].number + 1 if known else 1))
    _forget_old(tx, service)
    return target


def _deployment(
    service: Service, made: ServiceRevision, source: TaskSet | None, target: TaskSet, now: datetime
) -> ServiceDeployment:
    row = ServiceDeployment(
        account=service.account,
        region=service.region,
        cluster=service.cluster,
        service=service.name,
        id=upper_id(20),
        configuration=service.deployment_configuration,
        source=source.revision if source else "",
        target=made.id,
        source_set=source.id if source else "",
        target_set=target.id,
        created_at=now,
        updated_at=now,
        entered=now,
    )
    if row.is_shifting:
        return row
    begun = replace(row, status=DeploymentStatus.IN_PROGRESS, started_at=now)
    return replace(begun, stage=Stage.SCALE_UP)


def current(tx: Tx, service: Service) -> ServiceDeployment | None:
    """The deployment that is under way."""
    going = SERVICE_DEPLOYMENTS.list(tx, **of_service(service), is_over=False)
    return going[0] if going else None


def history(tx: Tx, service: Service) -> list[ServiceDeployment]:
    """Every deployment that is remembered, newest first."""
    rows = SERVICE_DEPLOYMENTS.list(tx, **of_service(service))
    return sorted(rows, key=lambda row: row.number, reverse=True)


def finish(tx: Tx, row: ServiceDeployment, status: DeploymentStatus, why: str, now: datetime) -> None:
    """The deployment is over, if its status may become that one."""
    if status in DEPLOYMENT_MOVES[row.status]:
        SERVICE_DEPLOYMENTS.update(tx, shift_moves.ended(with_counts(tx, row), status, why, now))


def with_counts(tx: Tx, row: ServiceDeployment) -> ServiceDeployment:
    """The deployment with the tasks it has now, which it shows when it is over."""
    service = SERVICES.find(tx, *row.service_key)
    if service is None:
        return row
    sets, tasks = lookup.sets_of(tx, service), lookup.tasks_of(tx, service)
    return replace(row, counts=deployment_shapes.counted(row, service, sets, tasks))


def turn_back(tx: Tx, service: Service, row: ServiceDeployment, now: datetime) -> None:
    """The service is again what the source revision was asked to be, and that is its primary one."""
    found = SERVICE_REVISIONS.find(tx, *SERVICES.key_of(service), row.source)
    if found is not None:
        SERVICES.update(tx, restored(service, found))
    for name, status in ((row.target_set, SetStatus.ACTIVE), (row.source_set, SetStatus.PRIMARY)):
        task_set = TASK_SETS.find(tx, *SERVICES.key_of(service), name)
        if task_set is not None and task_set.status != SetStatus.DRAINING:
            rollout = Rollout.FAILED if name == row.target_set else task_set.rollout
            TASK_SETS.update(tx, replace(task_set, status=status, rollout=rollout, updated_at=now))


def restored(service: Service, said: ServiceRevision) -> Service:
    """The service with everything that its revision fixed."""
    return replace(service, **spec_of(said), execute_command=said.execute_command)


def forget(tx: Tx, service: Service) -> None:
    """Nothing of the service's deployments is remembered."""
    for row in history(tx, service):
        SERVICE_DEPLOYMENTS.delete(tx, *SERVICE_DEPLOYMENTS.key_of(row))
    for made in SERVICE_REVISIONS.list(tx, **of_service(service)):
        SERVICE_REVISIONS.delete(tx, *SERVICE_REVISIONS.key_of(made))


def colour_of(balancers: Sequence[Shape], task_set: TaskSet) -> int:
    """Which target group of its pair a task set's tasks take: 0 the first, 1 the alternate one."""
    alternates = {said.get("advancedConfiguration", {}).get("alternateTargetGroupArn") for said in balancers}
    return int(any(said["targetGroupArn"] in alternates for said in task_set.load_balancers))


def resolved(balancers: Sequence[Shape], colour: int) -> list[Shape]:
    """The load balancers with the target group of that colour, as tasks register."""
    made = []
    for said in balancers:
        advanced = said.get("advancedConfiguration") or {}
        plain = {key: value for key, value in said.items() if key != "advancedConfiguration"}
        if colour and advanced:
            plain["targetGroupArn"] = advanced["alternateTargetGroupArn"]
        made.append(plain)
    return made


def _source(service: Service, last: ServiceDeployment | None, sets: Sequence[TaskSet]) -> TaskSet | None:
    """What is to have the traffic until the new one takes it: what the last deployment has not replaced,
    where it is under way or was broken off; else the primary set, but of one that was given up, the last that
    was complete."""
    there = {one.id: one for one in sets if one.status != SetStatus.DRAINING}
    primary = primary_of(there.values())
    if last is not None and last.is_shifting and not (last.is_over and last.status not in BROKEN_OFF):
        done = last.weight >= 100 and not last.going_back
        kept = there.get(last.target_set if done or not last.source_set else last.source_set)
        if kept is not None or not last.is_over:
            return kept
    if primary is not None and primary.rollout == Rollout.FAILED and service.completed is not None:
        return there.get(service.completed.id, primary)
    return primary


def _with_revision(tx: Tx, service: Service, source: TaskSet | None) -> TaskSet | None:
    """A task set that no service deployment made (of another controller, or of old) gets its revision."""
    if source is None or source.revision:
        return source
    kept = {
        "load_balancers": service.load_balancers,
        "platform_version": source.platform_version or service.platform_version,
    }
    like = replace(service, **(spec_of(source) | kept))
    made = _revision(like, source.created_at, colour_of(service.load_balancers, source))
    SERVICE_REVISIONS.insert(tx, made)
    known = replace(source, revision=made.id)
    TASK_SETS.update(tx, known)
    return known


def _revision(service: Service, now: datetime, colour: int) -> ServiceRevision:
    return ServiceRevision(
        account=service.account,
        region=service.region,
        cluster=service.cluster,
        service=service.name,
        id=new_revision_id(),
        **spec_of(service),
        execute_command=service.execute_command,
        colour=colour,
        created_at=now,
    )


def _forget_old(tx: Tx, service: Service) -> None:
    rows = history(tx, service)
    for row in rows[HISTORY:]:
        SERVICE_DEPLOYMENTS.delete(tx, *SERVICE_DEPLOYMENTS.key_of(row))
        kept = {one.target for one in rows[:HISTORY]} | {one.source for one in rows[:HISTORY]}
        if row.target not in kept:
            SERVICE_REVISIONS.delete(tx, *SERVICES.key_of(service), row.target)
