"""How a rolling deployment ends otherwise than by being complete: stopped, or failed by an alarm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bambe.kernel.call import Tx
from bambe.services.ecs import deploying, planner, shift_moves
from bambe.services.ecs.births import revision
from bambe.services.ecs.diary import title
from bambe.services.ecs.model import Rollout, Service, SetStatus, TaskSet, spec_of
from bambe.services.ecs.service_deployment import (
    DEPLOYMENT_MOVES,
    DeploymentStatus,
    ServiceDeployment,
    breaker_opened,
)
from bambe.services.ecs.tables import SERVICE_DEPLOYMENTS, SERVICE_REVISIONS, SERVICES, TASK_SETS, tell


def end(tx: Tx, row: ServiceDeployment, alarms: Sequence[str], now: datetime) -> None:
    """What was asked for, or what an alarm means."""
    fresh = SERVICE_DEPLOYMENTS.find(tx, *SERVICE_DEPLOYMENTS.key_of(row))
    service = SERVICES.find(tx, *row.service_key)
    if fresh is None or fresh.is_over or fresh.going_back or service is None:
        return
    target = TASK_SETS.find(tx, *SERVICES.key_of(service), fresh.target_set)
    if target is None or target.rollout == Rollout.COMPLETED:
        if fresh.asked:
            deploying.finish(
                tx, fresh, DeploymentStatus.STOPPED, "It was completed before it was stopped.", now
            )
        return
    rolls_back = fresh.asked == "ROLLBACK"
    why = fresh.asked_why
    if not fresh.asked:
        why = f"Service deployment failed: alarm detected: {', '.join(alarms)}."
        rolls_back = bool((fresh.configuration.get("alarms") or {}).get("rollback"))
        SERVICE_DEPLOYMENTS.update(tx, replace(fresh, triggered_alarms=list(alarms)))
    fail(tx, service, target, why, why, rolls_back=rolls_back, now=now)


def break_off(
    tx: Tx, service: Service, target: TaskSet, why: str, *, rolls_back: bool, now: datetime
) -> None:
    """The circuit breaker opens, which ends the deployment."""
    row = deploying.current(tx, service)
    if row is not None:
        SERVICE_DEPLOYMENTS.update(tx, replace(_counted(row, service, target), breaker_open=True))
    says = breaker_opened(rolls_back)
    fail(tx, service, target, why, says, rolls_back=rolls_back, now=now)


def fail(
    tx: Tx, service: Service, target: TaskSet, why: str, says: str, *, rolls_back: bool, now: datetime
) -> None:
    """The deployment starts no more tasks; with `rolls_back` the last good one comes again. `why` is the
    task set's reason, `says` that of the service deployment."""
    failed = replace(target, rollout=Rollout.FAILED, rollout_reason=why, updated_at=now)
    TASK_SETS.update(tx, failed)
    said = why.removeprefix("ECS deployment circuit breaker: ")
    tell(tx, service, f"{title(service)} (deployment {target.id}) deployment failed: {said}", now)
    row = deploying.current(tx, service)
    if row is not None and row.going_back:
        deploying.finish(tx, row, DeploymentStatus.ROLLBACK_FAILED, says, now)
        return
    may = row is None or DeploymentStatus.ROLLBACK_IN_PROGRESS in DEPLOYMENT_MOVES[row.status]
    again = _again(tx, service, target, now) if rolls_back and may else None
    if again is None:
        if row is not None:
            deploying.finish(tx, row, DeploymentStatus.STOPPED, says, now)
        return
    TASK_SETS.update(tx, replace(failed, status=SetStatus.ACTIVE))
    reason = f"ECS deployment circuit breaker: rolling back to deploymentId {again.id}."
    TASK_SETS.put(
        tx,
        replace(
            again,
            status=SetStatus.PRIMARY,
            rollout=Rollout.IN_PROGRESS,
            rollout_reason=reason,
            failed_tasks=0,
            failures_in_row=0,
            bake=0.0,
            bakes_until=None,
            updated_at=now,
        ),
    )
    tell(tx, service, f"{title(service)} rolling back to deployment {again.id}.", now)
    if row is not None:
        back = replace(shift_moves.to(row, DeploymentStatus.ROLLBACK_IN_PROGRESS), going_back=True)
        back = replace(back, source=again.revision or back.source, source_set=again.id)
        SERVICE_DEPLOYMENTS.update(tx, replace(back, rollback_reason=says, rollback_at=now, updated_at=now))


def _again(tx: Tx, service: Service, failed: TaskSet, now: datetime) -> TaskSet | None:
    """The task set of the last deployment that was complete: the same one, or one like it."""
    was = service.completed
    if was is None or was.id == failed.id:
        return None
    known = SERVICE_REVISIONS.find(tx, *SERVICES.key_of(service), was.revision)
    before = deploying.restored(service, known) if known else replace(service, **spec_of(was))
    SERVICES.update(tx, before)
    still = TASK_SETS.find(tx, *SERVICES.key_of(service), was.id)
    if still is not None and still.status != SetStatus.DRAINING:
        return still
    made = revision(before, now)
    return replace(made, load_balancers=was.load_balancers, images=was.images, revision=was.revision)


def completed(tx: Tx, service: Service, done: TaskSet, now: datetime) -> None:
    """The task set's deployment is complete: what that means for the service deployment."""
    row = deploying.current(tx, service)
    if row is None or row.is_shifting:
        return
    if row.going_back:
        deploying.finish(tx, row, DeploymentStatus.ROLLBACK_SUCCESSFUL, row.rollback_reason, now)
    elif row.target_set == done.id:
        counted = _counted(row, service, done)
        deploying.finish(tx, counted, DeploymentStatus.SUCCESSFUL, "Service deployment completed.", now)


def _counted(row: ServiceDeployment, service: Service, target: TaskSet) -> ServiceDeployment:
    """The deployment with what the circuit breaker has counted of its target."""
    if row.target_set != target.id:
        return row
    return replace(row, failures=planner.failures(service, target))
