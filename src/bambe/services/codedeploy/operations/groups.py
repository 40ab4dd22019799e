"""Deployment groups: which service is released, behind which pair of target groups, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel import tags
from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.ids import uuid_id
from bambe.services.codedeploy import checks, configs, lookups, shapes, tables
from bambe.services.codedeploy.errors import (
    BatchLimitExceededException,
    DeploymentGroupAlreadyExistsException,
    ECSServiceMappingLimitExceededException,
    InvalidECSServiceException,
)
from bambe.services.codedeploy.model import Group
from bambe.services.codedeploy.observe import find_service

if TYPE_CHECKING:
    from types_boto3_codedeploy.type_defs import (
        BatchGetDeploymentGroupsInputTypeDef,
        CreateDeploymentGroupInputTypeDef,
        DeleteDeploymentGroupInputTypeDef,
        GetDeploymentGroupInputTypeDef,
        ListDeploymentGroupsInputTypeDef,
        UpdateDeploymentGroupInputTypeDef,
    )


async def create_deployment_group(call: Call, request: CreateDeploymentGroupInputTypeDef) -> Answer:
    checks.only_ecs(request)
    checks.style(request.get("deploymentStyle"))
    cluster, service = checks.service(request.get("ecsServices"))
    row = Group(
        account=call.account,
        region=call.region,
        application=request["applicationName"],
        name=request["deploymentGroupName"],
        id=uuid_id(),
        config=request.get("deploymentConfigName", configs.DEFAULT),
        role=request["serviceRoleArn"],
        cluster=cluster,
        service=service,
        load_balancer=checks.load_balancer(request.get("loadBalancerInfo")),
        blue_green=checks.blue_green(request.get("blueGreenDeploymentConfiguration")),
        auto_rollback=checks.auto_rollback(request.get("autoRollbackConfiguration")),
        alarms=checks.alarms(request.get("alarmConfiguration")),
        triggers=_plain(request.get("triggerConfigurations")),
        outdated=request.get("outdatedInstancesStrategy", "UPDATE"),
        tags=tags.to_dict(request.get("tags", ())),
    )
    await _check_service(call, row)

    def write(tx: Tx) -> None:
        lookups.application(tx, call, row.application)
        lookups.config(tx, call, row.config)
        if tables.deployment_groups.find(tx, *tables.deployment_groups.key_of(row)):
            raise DeploymentGroupAlreadyExistsException(row.name, row.application)
        _check_mapping(tx, row)
        tables.deployment_groups.insert(tx, row)

    await call.store.write(write)
    return {"deploymentGroupId": row.id}


async def update_deployment_group(call: Call, request: UpdateDeploymentGroupInputTypeDef) -> Answer:
    checks.only_ecs(request)
    if "deploymentStyle" in request:
        checks.style(request["deploymentStyle"])
    application, name = request["applicationName"], request["currentDeploymentGroupName"]
    changes = _changes(request)
    old = await call.store.read(lambda tx: lookups.group(tx, call, application, name))
    if "service" in changes:
        await _check_service(call, replace(old, **changes))

    def write(tx: Tx) -> None:
        was = lookups.group(tx, call, application, name)
        row = replace(was, **changes)
        lookups.config(tx, call, row.config)
        if row.name == was.name:
            _check_mapping(tx, row)
            tables.deployment_groups.update(tx, row)
            return
        if tables.deployment_groups.find(tx, *tables.deployment_groups.key_of(row)):
            raise DeploymentGroupAlreadyExistsException(row.name, application)
        tables.deployment_groups.delete(tx, *tables.deployment_groups.key_of(was))
        _check_mapping(tx, row)
        tables.deployment_groups.insert(tx, row)
        for deployment in lookups.history(tx, was):
            tables.deployments.update(tx, replace(deployment, group=row.name))

    await call.store.write(write)
    return {"hooksNotCleanedUp": []}


async def get_deployment_group(call: Call, request: GetDeploymentGroupInputTypeDef) -> Answer:
    def read(tx: Tx) -> Answer:
        row = lookups.group(tx, call, request["applicationName"], request["deploymentGroupName"])
        return shapes.group(row, lookups.history(tx, row))

    return {"deploymentGroupInfo": await call.store.read(read)}


async def batch_get_deployment_groups(call: Call, request: BatchGetDeploymentGroupsInputTypeDef) -> Answer:
    names, application = request["deploymentGroupNames"], request["applicationName"]
    if len(names) > 100:
        raise BatchLimitExceededException("deployment groups", 100)

    def read(tx: Tx) -> list[Answer]:
        lookups.application(tx, call, application)
        key = (call.account, call.region, application)
        rows = [tables.deployment_groups.find(tx, *key, name) for name in names]
        return [shapes.group(row, lookups.history(tx, row)) for row in rows if row is not None]

    found = await call.store.read(read)
    answer: Answer = {"deploymentGroupsInfo": found}
    missing = set(names) - {group["deploymentGroupName"] for group in found}
    if missing:
        answer["errorMessage"] = f"No Deployment Group found for name: {', '.join(sorted(missing))}"
    return answer


async def list_deployment_groups(call: Call, request: ListDeploymentGroupsInputTypeDef) -> Answer:
    application = request["applicationName"]

    def read(tx: Tx) -> list[str]:
        lookups.application(tx, call, application)
        where = {"account": call.account, "region": call.region, "application": application}
        return [row.name for row in tables.deployment_groups.list(tx, **where)]

    names, more = lookups.page(await call.store.read(read), request.get("nextToken"))
    return {"applicationName": application, "deploymentGroups": names, **more}


async def delete_deployment_group(call: Call, request: DeleteDeploymentGroupInputTypeDef) -> Answer:
    key = (call.account, call.region, request["applicationName"], request["deploymentGroupName"])
    await call.store.write(lambda tx: tables.deployment_groups.delete(tx, *key))
    return {"hooksNotCleanedUp": []}


def _changes(request: UpdateDeploymentGroupInputTypeDef) -> dict[str, Any]:
    """The columns an update names; what it leaves out stays."""
    found: dict[str, Any] = {}
    plain = {
        "newDeploymentGroupName": "name",
        "deploymentConfigName": "config",
        "serviceRoleArn": "role",
        "outdatedInstancesStrategy": "outdated",
    }
    for member, column in plain.items():
        if request.get(member):
            found[column] = request[member]  # type: ignore[literal-required]
    if "ecsServices" in request:
        found["cluster"], found["service"] = checks.service(request["ecsServices"])
    if "loadBalancerInfo" in request:
        found["load_balancer"] = checks.load_balancer(request["loadBalancerInfo"])
    if "blueGreenDeploymentConfiguration" in request:
        found["blue_green"] = checks.blue_green(request["blueGreenDeploymentConfiguration"])
    if "autoRollbackConfiguration" in request:
        found["auto_rollback"] = checks.auto_rollback(request["autoRollbackConfiguration"])
    if "alarmConfiguration" in request:
        found["alarms"] = checks.alarms(request["alarmConfiguration"])
    if "triggerConfigurations" in request:
        found["triggers"] = _plain(request["triggerConfigurations"])
    return found


async def _check_service(call: Call, row: Group) -> None:
    _, trouble = await find_service(call.aws, row.cluster, row.service)
    if trouble:
        raise InvalidECSServiceException(trouble)


def _check_mapping(tx: Tx, row: Group) -> None:
    for other in tables.deployment_groups.list(tx, account=row.account, region=row.region):
        same = (_name(other.cluster), _name(other.service)) == (_name(row.cluster), _name(row.service))
        if same and other.id != row.id:
            raise ECSServiceMappingLimitExceededException(row.service, other.name)


def _name(text: str) -> str:
    return text.rsplit("/", 1)[-1]


def _plain(given: Any) -> list[dict[str, Any]]:
    items: list[Mapping[str, Any]] = given or []
    return [dict(item) for item in items]
