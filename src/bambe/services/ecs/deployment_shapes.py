"""Service deployments and service revisions as the ECS API shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bambe.services.ecs import planner, strategy
from bambe.services.ecs.model import Service, Shape, Task, TaskSet
from bambe.services.ecs.names import cluster_arn, deployment_arn, revision_arn, service_arn
from bambe.services.ecs.service_deployment import (
    HOOK_WAITS,
    DeploymentStatus,
    HookRun,
    ServiceDeployment,
    ServiceRevision,
    Stage,
    TaskCount,
)
from bambe.services.ecs.shapes import pending, running

SHOWN_AS = {Stage.PRE_PRODUCTION_TRAFFIC_SHIFT: Stage.PRODUCTION_TRAFFIC_SHIFT}
"""ServiceDeploymentLifecycleStage has no name for it."""


def of_service(
    row: Service, history: Sequence[ServiceDeployment], sets: Sequence[TaskSet], tasks: Sequence[Task]
) -> Shape:
    """What DescribeServices shows of a service's deployments and revisions."""
    shown: Shape = {
        "currentServiceRevisions": [
            {
                "arn": revision_arn(row, one.revision),
                "requestedTaskCount": one.computed_count(row.wanted),
                "runningTaskCount": running(_of(one, tasks)),
                "pendingTaskCount": pending(_of(one, tasks)),
            }
            for one in sets
            if one.revision
        ]
    }
    going = [one for one in history if not one.is_over]
    return shown | ({"currentServiceDeployment": deployment_arn(going[0])} if going else {})


def brief(row: ServiceDeployment) -> Shape:
    """A ServiceDeploymentBrief."""
    shown: Shape = {
        "serviceDeploymentArn": deployment_arn(row),
        "serviceArn": service_arn(row),
        "clusterArn": cluster_arn(row),
        "createdAt": row.created_at,
        "targetServiceRevisionArn": revision_arn(row, row.target),
        "status": row.status.value,
    }
    return shown | _some(startedAt=row.started_at, finishedAt=row.finished_at, statusReason=row.reason)


def deployment(
    row: ServiceDeployment, service: Service | None, sets: Sequence[TaskSet], tasks: Sequence[Task]
) -> Shape:
    """A ServiceDeployment."""
    weights = {row.source_set: 100 - row.weight, row.target_set: row.weight}
    tests = {row.source_set: 100 - row.test_weight, row.target_set: row.test_weight}

    known = {one.task_set: one for one in row.counts or counted(row, service, sets, tasks)}

    def side(task_set: str, revision: str) -> Shape:
        shown: Shape = {
            "arn": revision_arn(row, revision),
            "requestedTaskCount": known[task_set].requested,
            "runningTaskCount": known[task_set].running,
            "pendingTaskCount": known[task_set].pending,
        }
        if row.is_shifting:
            shown |= {
                "requestedProductionTrafficWeight": weights[task_set],
                "requestedTestTrafficWeight": tests[task_set],
            }
        return shown

    shown = brief(row)
    del shown["targetServiceRevisionArn"]
    stage = SHOWN_AS.get(row.stage, row.stage) if row.stage else None
    return (
        shown
        | {
            "updatedAt": row.updated_at,
            "sourceServiceRevisions": [side(row.source_set, row.source)] if row.source else [],
            "targetServiceRevision": side(row.target_set, row.target),
            "deploymentConfiguration": row.configuration,
            "deploymentCircuitBreaker": _breaker(row, service, sets),
            "alarms": _alarms(row),
        }
        | _some(
            stoppedAt=row.stopped_at,
            lifecycleStage=stage.value if stage and row.is_shifting and not row.is_over else None,
            lifecycleHookDetails=[_hook(run) for run in row.hooks],
            rollback=_rollback(row),
            statusReason=row.reason or row.rollback_reason,
        )
    )


def counted(
    row: ServiceDeployment, service: Service | None, sets: Sequence[TaskSet], tasks: Sequence[Task]
) -> list[TaskCount]:
    """The tasks that both sides of the deployment have now."""

    def of(name: str) -> TaskCount:
        found = next((one for one in sets if one.id == name), None)
        mine = [task for task in tasks if task.task_set == name]
        wanted = found.computed_count(service.wanted) if found and service else 0
        return TaskCount(task_set=name, requested=wanted, running=running(mine), pending=pending(mine))

    return [of(name) for name in (row.source_set, row.target_set)]


def revision(row: ServiceRevision, images: Sequence[Mapping[str, str]]) -> Shape:
    """A ServiceRevision."""
    shown: Shape = {
        "serviceRevisionArn": revision_arn(row, row.id),
        "serviceArn": service_arn(row),
        "clusterArn": cluster_arn(row),
        "taskDefinition": row.task_definition,
        "platformVersion": row.platform_version,
        "platformFamily": "Linux",
        "loadBalancers": row.load_balancers,
        "serviceRegistries": row.registries,
        "containerImages": list(images),
        "guardDutyEnabled": False,
        "createdAt": row.created_at,
    }
    if row.capacity_strategy:
        shown["capacityProviderStrategy"] = row.capacity_strategy
    else:
        shown["launchType"] = row.launch_type or "FARGATE"
    groups = list(_groups(row))
    resolved = {"loadBalancers": groups} if groups else None
    return shown | _some(networkConfiguration=row.network, resolvedConfiguration=resolved)


def _groups(row: ServiceRevision) -> Iterable[Shape]:
    for said in row.load_balancers:
        advanced = said.get("advancedConfiguration") or {}
        group = advanced.get("alternateTargetGroupArn") if row.colour else said.get("targetGroupArn")
        yield {"targetGroupArn": group} | _some(productionListenerRule=advanced.get("productionListenerRule"))


def _breaker(row: ServiceDeployment, service: Service | None, sets: Sequence[TaskSet]) -> Shape:
    enabled = (row.configuration.get("deploymentCircuitBreaker") or {}).get("enable")
    status = "MONITORING_COMPLETE" if row.is_over else "MONITORING"
    status = "TRIGGERED" if row.breaker_open else status
    return {
        "status": status if enabled else "DISABLED",
        "failureCount": _failures(row, service, sets),
        "threshold": strategy.threshold(row.configuration, service.desired_count if service else 0),
    }


def _failures(row: ServiceDeployment, service: Service | None, sets: Sequence[TaskSet]) -> int:
    """What the circuit breaker counts now, or had counted when the deployment went back or was over."""
    target = next((one for one in sets if one.id == row.target_set), None)
    if row.is_over or row.going_back or service is None or target is None:
        return row.failures
    return planner.failures(service, target)


def _alarms(row: ServiceDeployment) -> Shape:
    names = list(strategy.alarms(row.configuration))
    status = "MONITORING_COMPLETE" if row.is_over else "MONITORING"
    status = "TRIGGERED" if row.triggered_alarms else status
    return {
        "status": status if names else "DISABLED",
        "alarmNames": names,
        "triggeredAlarmNames": row.triggered_alarms,
    }


def _hook(run: HookRun) -> Shape:
    shown: Shape = {
        "hookId": run.id,
        "targetType": "AWS_LAMBDA" if run.function else "PAUSE",
        "status": run.status.value,
        "timeoutAction": run.on_timeout,
    }
    expires = run.expires_at if run.status in HOOK_WAITS else None
    return shown | _some(targetArn=run.function, expiresAt=expires)


def _rollback(row: ServiceDeployment) -> Shape | None:
    back = row.status in (
        DeploymentStatus.ROLLBACK_IN_PROGRESS,
        DeploymentStatus.ROLLBACK_SUCCESSFUL,
        DeploymentStatus.ROLLBACK_FAILED,
    )
    if not back:
        return None
    return {"reason": row.rollback_reason, "serviceRevisionArn": revision_arn(row, row.source)} | _some(
        startedAt=row.rollback_at
    )


def _of(said: TaskSet, tasks: Iterable[Task]) -> list[Task]:
    return [task for task in tasks if task.task_set == said.id]


def _some(**members: Any) -> Shape:
    """Those that have something to say."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}
