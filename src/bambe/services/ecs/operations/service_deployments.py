"""Service deployments and revisions: list, describe, stop, and let a paused one go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.pages import page
from bambe.services.ecs import deploying, deployment_shapes, lookup, shift_moves
from bambe.services.ecs.errors import (
    ConflictException,
    InvalidParameterException,
    ServiceDeploymentNotFoundException,
)
from bambe.services.ecs.model import Shape
from bambe.services.ecs.names import deployment_arn, part_of_service
from bambe.services.ecs.service_deployment import (
    DeploymentStatus,
    HookStatus,
    ServiceDeployment,
    ServiceRevision,
    Stage,
)
from bambe.services.ecs.tables import SERVICE_DEPLOYMENTS, SERVICE_REVISIONS, SERVICES, TASK_SETS, of_service

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import (
        ContinueServiceDeploymentRequestTypeDef,
        DescribeServiceDeploymentsRequestTypeDef,
        DescribeServiceRevisionsRequestTypeDef,
        ListServiceDeploymentsRequestTypeDef,
        StopServiceDeploymentRequestTypeDef,
    )

AT_ONCE = 20
KIND = "service-deployment"


async def list_service_deployments(call: Call, request: ListServiceDeploymentsRequestTypeDef) -> Answer:
    """Newest first."""
    wanted, span = set(request.get("status") or ()), request.get("createdAt") or {}

    def rows(tx: Tx) -> list[ServiceDeployment]:
        of = lookup.cluster(tx, call, request.get("cluster"))
        return deploying.history(tx, lookup.service(tx, call, of, request["service"]))

    found = [
        deployment_shapes.brief(row)
        for row in await call.store.read(rows)
        if (not wanted or row.status in wanted) and _within(row, span)
    ]
    try:
        shown, token = page(found, request.get("nextToken"), request.get("maxResults") or AT_ONCE)
    except ValueError:
        raise lookup.bad_token() from None
    return {"serviceDeployments": shown} | ({"nextToken": token} if token else {})


async def describe_service_deployments(
    call: Call, request: DescribeServiceDeploymentsRequestTypeDef
) -> Answer:
    def describe(tx: Tx, arn: str) -> Shape | None:
        row = _find(tx, call, arn)
        if row is None:
            return None
        service = SERVICES.find(tx, *row.service_key)
        sets = lookup.sets_of(tx, service) if service else []
        tasks = lookup.tasks_of(tx, service) if service else []
        return deployment_shapes.deployment(row, service, sets, tasks)

    return await _each(call, request["serviceDeploymentArns"], "serviceDeployments", describe)


async def describe_service_revisions(call: Call, request: DescribeServiceRevisionsRequestTypeDef) -> Answer:
    def describe(tx: Tx, arn: str) -> Shape | None:
        said = part_of_service(arn, "service-revision")
        row = SERVICE_REVISIONS.find(tx, call.account, call.region, *said) if said else None
        return deployment_shapes.revision(row, _images(tx, call, row)) if row else None

    return await _each(call, request["serviceRevisionArns"], "serviceRevisions", describe)


async def stop_service_deployment(call: Call, request: StopServiceDeploymentRequestTypeDef) -> Answer:
    kind = request.get("stopType", "ROLLBACK")

    def stop(tx: Tx) -> ServiceDeployment:
        row = _get(tx, call, request["serviceDeploymentArn"])
        if row.is_over or row.going_back or row.stage is Stage.CLEAN_UP:
            raise ConflictException(
                f"Service deployment cannot be stopped because its status is {row.status}"
                f"{' and its stage CLEAN_UP' if row.stage is Stage.CLEAN_UP and not row.is_over else ''}."
            )
        if row.asked:
            return row
        to = DeploymentStatus.STOP_REQUESTED if kind == "ABORT" else DeploymentStatus.ROLLBACK_REQUESTED
        why = "Service deployment stopped because StopServiceDeployment was called."
        asked = replace(shift_moves.to(row, to), asked=kind, asked_why=why, updated_at=call.clock.now())
        SERVICE_DEPLOYMENTS.update(tx, asked)
        return asked

    return {"serviceDeploymentArn": deployment_arn(await call.store.write(stop))}


async def continue_service_deployment(call: Call, request: ContinueServiceDeploymentRequestTypeDef) -> Answer:
    action = request.get("action", "CONTINUE")

    def go_on(tx: Tx) -> ServiceDeployment:
        row = _get(tx, call, request["serviceDeploymentArn"])
        run = next((one for one in row.hooks if one.id == request["hookId"]), None)
        if run is None:
            raise InvalidParameterException(f"The lifecycle hook {request['hookId']} was not found.")
        if row.is_over or run.status is not HookStatus.AWAITING_ACTION:
            raise InvalidParameterException(f"The lifecycle hook {run.id} is not awaiting an action.")
        status = HookStatus.SUCCEEDED if action == "CONTINUE" else HookStatus.FAILED
        answered = shift_moves.answered(row, run.id, status, call.clock.now())
        if action != "CONTINUE" and not row.going_back and not row.asked:
            to = shift_moves.to(answered, DeploymentStatus.ROLLBACK_REQUESTED)
            why = "Service deployment rolled back because ContinueServiceDeployment was called."
            answered = replace(to, asked="ROLLBACK", asked_why=why)
        SERVICE_DEPLOYMENTS.update(tx, answered)
        return answered

    return {"serviceDeploymentArn": deployment_arn(await call.store.write(go_on))}


async def _each(
    call: Call, arns: Sequence[str], member: str, describe: Callable[[Tx, str], Shape | None]
) -> Answer:
    if not 1 <= len(arns) <= AT_ONCE:
        raise InvalidParameterException(f"Between 1 and {AT_ONCE} ARNs can be described at once.")
    shown = await call.store.read(lambda tx: [(arn, describe(tx, arn)) for arn in arns])
    return {
        member: [one for _, one in shown if one is not None],
        "failures": [{"arn": arn, "reason": "MISSING"} for arn, one in shown if one is None],
    }


def _find(tx: Tx, call: Call, arn: str) -> ServiceDeployment | None:
    said = part_of_service(arn, KIND)
    return SERVICE_DEPLOYMENTS.find(tx, call.account, call.region, *said) if said else None


def _get(tx: Tx, call: Call, arn: str) -> ServiceDeployment:
    row = _find(tx, call, arn)
    if row is None:
        raise ServiceDeploymentNotFoundException
    return row


def _within(row: ServiceDeployment, span: Mapping[str, Any]) -> bool:
    after, before = span.get("after"), span.get("before")
    return (after is None or row.created_at > after) and (before is None or row.created_at < before)


def _images(tx: Tx, call: Call, row: ServiceRevision) -> list[dict[str, str]]:
    """Each container's image, with the digest that the revision's tasks run."""
    sets = [one for one in TASK_SETS.list(tx, **of_service(row)) if one.revision == row.id]
    known = sets[0].images if sets else {}
    definition = lookup.find_definition(tx, call, row.task_definition)
    shown = []
    for said in definition.containers if definition else ():
        digest = known.get(said["name"], "").rpartition("@")[2]
        one = {"containerName": said["name"], "image": said["image"]}
        shown.append(one | ({"imageDigest": digest} if digest.startswith("sha256:") else {}))
    return shown
