"""Deployments: begin one, look at it, stop it, let it go on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.evidence.wishes import NEWEST, QUEUE, WAIT
from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.ids import upper_id
from bambe.services.codedeploy import appspec, checks, configs, lifecycle, lookups, shapes, tables
from bambe.services.codedeploy.deployment import AppSpec, Deployment, EventStatus, Phase, Plan, Status
from bambe.services.codedeploy.errors import (
    BatchLimitExceededException,
    DeploymentAlreadyCompletedException,
    DeploymentGroupNameRequiredException,
    DeploymentIsNotInReadyStateException,
    DeploymentLimitExceededException,
    InvalidECSServiceException,
    InvalidLifecycleEventHookExecutionIdException,
    InvalidLifecycleEventHookExecutionStatusException,
    LifecycleEventAlreadyCompletedException,
    UnsupportedActionForDeploymentTypeException,
)
from bambe.services.codedeploy.model import Config, Group, Revision
from bambe.services.codedeploy.observe import find_service

if TYPE_CHECKING:
    from types_boto3_codedeploy.type_defs import (
        BatchGetDeploymentsInputTypeDef,
        ContinueDeploymentInputTypeDef,
        CreateDeploymentInputTypeDef,
        GetDeploymentInputTypeDef,
        ListDeploymentsInputTypeDef,
        PutLifecycleEventHookExecutionStatusInputTypeDef,
        SkipWaitTimeForInstanceTerminationInputTypeDef,
        StopDeploymentInputTypeDef,
    )

BUILD = re.compile(r"arn:aws:sts::\d+:assumed-role/[^/]+/AWSCodeBuild-(?P<uuid>.+)")
"""The principal of a build (CodeBuild names its sessions so)."""


async def create_deployment(call: Call, request: CreateDeploymentInputTypeDef) -> Answer:
    checks.standard_mode(request)
    application, name = request["applicationName"], request.get("deploymentGroupName")
    if not name:
        await call.store.read(lambda tx: lookups.application(tx, call, application))
        raise DeploymentGroupNameRequiredException
    group = await call.store.read(lambda tx: lookups.group(tx, call, application, name))
    revision = request.get("revision")
    spec = appspec.from_revision(revision)
    rollback = checks.auto_rollback(request.get("autoRollbackConfiguration")) or group.auto_rollback
    alarms = checks.alarms(request.get("overrideAlarmConfiguration"))
    checks.hooks(spec, group)
    _, trouble = await find_service(call.aws, group.cluster, group.service)
    if trouble:
        raise InvalidECSServiceException(trouble)
    order = await _order(call, group)

    def write(tx: Tx) -> str:
        current = lookups.group(tx, call, application, name)
        running = tables.active(tx, call.account, call.region, application, name)
        if running is not None and not order:
            raise DeploymentLimitExceededException(name, running.id)
        config = lookups.config(tx, call, request.get("deploymentConfigName") or current.config)
        row = _row(call, request, current, config, spec, rollback, alarms, _released(tx, current))
        if order:
            row = replace(row, status=Status.QUEUED, order=order)
        _register(tx, call, application, row.revision)
        tables.save(tx, row, "created")
        return row.id

    return {"deploymentId": await call.store.write(write)}


async def _order(call: Call, group: Group) -> int:
    """The number of the build that asks, where the group has a queue; 0 for everybody else."""
    hit = BUILD.fullmatch(call.caller.principal)
    if hit is None or group.tags.get(QUEUE) not in (NEWEST, WAIT):
        return 0
    recent = (await call.aws.codebuild.list_builds())["ids"]
    asking = [id for id in recent if id.endswith(f":{hit['uuid']}")]
    builds = (await call.aws.codebuild.batch_get_builds(ids=asking))["builds"] if asking else []
    return int(builds[0]["buildNumber"]) if builds else 0


def _row(
    call: Call,
    request: CreateDeploymentInputTypeDef,
    group: Group,
    config: Config,
    spec: AppSpec,
    rollback: Mapping[str, Any],
    alarms: dict[str, Any],
    previous: dict[str, Any] | None,
) -> Deployment:
    now = call.clock.now()
    info: dict[str, Any] = {
        "blueGreenDeploymentConfiguration": group.blue_green,
        "loadBalancerInfo": group.load_balancer,
    }
    if rollback:
        info["autoRollbackConfiguration"] = dict(rollback)
    if alarms:
        info["overrideAlarmConfiguration"] = alarms
    plan = _plan(group, config, spec, rollback, alarms or group.alarms)
    return Deployment(
        account=call.account,
        region=call.region,
        id=f"d-{upper_id(9)}",
        application=group.application,
        group=group.name,
        group_id=group.id,
        status=Status.CREATED,
        phase=Phase.START,
        plan=plan,
        config=config.name,
        revision=dict(request.get("revision") or {}),
        created=now,
        entered=now,
        events=lifecycle.fresh(bool(plan.test_listener)),
        description=request.get("description", ""),
        previous_revision=previous,
        group_info=info,
    )


def _plan(
    group: Group, config: Config, spec: AppSpec, rollback: Mapping[str, Any], alarms: Mapping[str, Any]
) -> Plan:
    pair = group.load_balancer["targetGroupPairInfoList"][0]
    blue = group.blue_green["terminateBlueInstancesOnDeploymentSuccess"]
    ready = group.blue_green["deploymentReadyOption"]
    test = (pair.get("testTrafficRoute") or {}).get("listenerArns") or [""]
    first, second = (item["name"] for item in pair["targetGroups"])
    return Plan(
        cluster=group.cluster,
        service=group.service,
        pair=(first, second),
        listener=pair["prodTrafficRoute"]["listenerArns"][0],
        test_listener=test[0],
        steps=configs.steps(config.routing),
        terminates_blue=blue["action"] == "TERMINATE",
        termination_minutes=blue["terminationWaitTimeInMinutes"],
        waits_ready=ready["actionOnTimeout"] == "STOP_DEPLOYMENT",
        ready_minutes=ready["waitTimeInMinutes"],
        rollback_on=tuple(rollback.get("events", ())) if rollback.get("enabled") else (),
        appspec=spec,
        alarms=tuple(alarm["name"] for alarm in alarms.get("alarms", ())) if alarms.get("enabled") else (),
        ignores_alarm_failure=bool(alarms.get("ignorePollAlarmFailure")),
    )


def _released(tx: Tx, group: Group) -> dict[str, Any] | None:
    good = [row for row in lookups.history(tx, group) if row.status is Status.SUCCEEDED]
    return good[-1].revision if good else None


def _register(tx: Tx, call: Call, application: str, revision: dict[str, Any]) -> None:
    key = (call.account, call.region, application, appspec.digest(revision))
    if tables.revisions.find(tx, *key) is None:
        tables.revisions.insert(tx, Revision(*key, revision, call.clock.now()))


async def get_deployment(call: Call, request: GetDeploymentInputTypeDef) -> Answer:
    row = await call.store.read(lambda tx: lookups.deployment(tx, call, request["deploymentId"]))
    return {"deploymentInfo": shapes.deployment(row)}


async def batch_get_deployments(call: Call, request: BatchGetDeploymentsInputTypeDef) -> Answer:
    ids = request["deploymentIds"]
    if len(ids) > 25:
        raise BatchLimitExceededException("deployments", 25)

    def read(tx: Tx) -> list[Deployment]:
        rows = [tables.deployments.find(tx, call.account, call.region, id) for id in ids]
        return [row for row in rows if row is not None]

    return {"deploymentsInfo": [shapes.deployment(row) for row in await call.store.read(read)]}


async def list_deployments(call: Call, request: ListDeploymentsInputTypeDef) -> Answer:
    """Newest first."""
    application, group = request.get("applicationName"), request.get("deploymentGroupName")
    if application and not group:
        raise DeploymentGroupNameRequiredException
    statuses = request.get("includeOnlyStatuses") or [status.value for status in Status]
    span = request.get("createTimeRange") or {}

    def read(tx: Tx) -> list[Deployment]:
        if application and group:
            return lookups.history(tx, lookups.group(tx, call, application, group))
        rows = tables.deployments.list(tx, account=call.account, region=call.region)
        return sorted(rows, key=lambda row: row.created)

    found = [
        row.id
        for row in reversed(await call.store.read(read))
        if row.status in statuses and not request.get("externalId") and _within(row, span)
    ]
    ids, more = lookups.page(found, request.get("nextToken"))
    return {"deployments": ids, **more}


def _within(row: Deployment, span: Mapping[str, Any]) -> bool:
    start, end = span.get("start"), span.get("end")
    return (start is None or row.created >= start) and (end is None or row.created <= end)


async def stop_deployment(call: Call, request: StopDeploymentInputTypeDef) -> Answer:
    def write(tx: Tx) -> bool:
        row = lookups.deployment(tx, call, request["deploymentId"])
        if row.is_over or row.phase is Phase.CLEAN_UP:
            raise DeploymentAlreadyCompletedException(row.id)
        if row.is_rollback:
            raise UnsupportedActionForDeploymentTypeException("A rollback on its way cannot be stopped")
        asked = request.get("autoRollbackEnabled")
        back = "DEPLOYMENT_STOP_ON_REQUEST" in row.plan.rollback_on if asked is None else asked
        again = row.stop_asked
        tables.save(tx, replace(row, stop_asked=True, stop_rolls_back=back or row.stop_rolls_back), "stop")
        return again

    if await call.store.write(write):
        return {"status": "Succeeded", "statusMessage": "The deployment is stopped"}
    return {"status": "Pending", "statusMessage": "The deployment is being stopped"}


async def continue_deployment(call: Call, request: ContinueDeploymentInputTypeDef) -> Answer:
    await _go_on(call, request.get("deploymentId"), request.get("deploymentWaitType", "READY_WAIT"))
    return {}


async def skip_wait_time_for_instance_termination(
    call: Call, request: SkipWaitTimeForInstanceTerminationInputTypeDef
) -> Answer:
    await _go_on(call, request.get("deploymentId"), "TERMINATION_WAIT")
    return {}


async def _go_on(call: Call, id: str | None, wait: str) -> None:
    def write(tx: Tx) -> None:
        row = lookups.deployment(tx, call, id)
        if row.is_over:
            raise DeploymentAlreadyCompletedException(row.id)
        if wait == "READY_WAIT" and row.phase is Phase.READY:
            tables.save(tx, replace(row, go_on=True), "continue")
        elif wait == "TERMINATION_WAIT" and row.phase is Phase.TERMINATION_WAIT:
            tables.save(tx, replace(row, end_wait=True), "continue")
        else:
            raise DeploymentIsNotInReadyStateException(
                f"The deployment {row.id} is not in the wait {wait}: its status is {row.status}"
            )

    await call.store.write(write)


async def put_lifecycle_event_hook_execution_status(
    call: Call, request: PutLifecycleEventHookExecutionStatusInputTypeDef
) -> Answer:
    execution = request.get("lifecycleEventHookExecutionId", "")
    status = request.get("status", "")
    if status not in (EventStatus.SUCCEEDED, EventStatus.FAILED):
        raise InvalidLifecycleEventHookExecutionStatusException(status)

    def write(tx: Tx) -> None:
        row = lookups.deployment(tx, call, request.get("deploymentId"))
        run = next((run for run in row.hooks if run.id == execution), None)
        if run is None:
            raise InvalidLifecycleEventHookExecutionIdException(execution)
        if row.is_over or run.status is not EventStatus.IN_PROGRESS or row.run(row.phase) != run:
            raise LifecycleEventAlreadyCompletedException(run.event)
        judged = replace(run, status=EventStatus(status), invoked=True)
        hooks = tuple(judged if one.id == execution else one for one in row.hooks)
        tables.save(tx, replace(row, hooks=hooks), f"{run.event}: {status}")

    await call.store.write(write)
    return {"lifecycleEventHookExecutionId": execution}
