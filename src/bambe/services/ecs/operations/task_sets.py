"""CreateTaskSet, UpdateTaskSet, DescribeTaskSets, DeleteTaskSet, UpdateServicePrimaryTaskSet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.tags import to_dict
from bambe.services.ecs import lookup, placement, shapes
from bambe.services.ecs.births import platform
from bambe.services.ecs.errors import InvalidParameterException
from bambe.services.ecs.model import Controller, Service, SetStatus, Shape, TaskDefinition, TaskSet
from bambe.services.ecs.names import (
    cluster_name,
    definition_arn,
    new_task_set_id,
    service_name,
    task_set_id,
)
from bambe.services.ecs.network import check_network
from bambe.services.ecs.tables import SERVICES, TASK_SETS

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import (
        CreateTaskSetRequestTypeDef,
        DeleteTaskSetRequestTypeDef,
        DescribeTaskSetsRequestTypeDef,
        UpdateServicePrimaryTaskSetRequestTypeDef,
        UpdateTaskSetRequestTypeDef,
    )

MOST = 5


async def create_task_set(call: Call, request: CreateTaskSetRequestTypeDef) -> Answer:
    placement.check_launch(request)
    definition = await call.store.read(
        lambda tx: lookup.usable_definition(tx, call, request["taskDefinition"])
    )
    service = await call.store.read(lambda tx: _service(tx, call, request))
    wanted = _wanted(call, request, service, definition)
    placement.check_network(definition, wanted.network)
    placement.check_ports(definition, wanted.load_balancers, wanted.registries)
    # CodeDeploy's second target group hangs on no listener until traffic is shifted to it.
    await check_network(call, wanted.network)
    await placement.check_target_groups(call, wanted.load_balancers, behind=False)
    await placement.check_registries(call, wanted.registries)
    return {"taskSet": await call.store.write(lambda tx: _create(tx, call, request, wanted))}


async def update_task_set(call: Call, request: UpdateTaskSetRequestTypeDef) -> Answer:
    scale = _scale(request["scale"])

    def update(tx: Tx) -> Shape:
        service, row = _task_set(tx, call, request, request["taskSet"])
        if row.scale != scale:
            row = replace(row, scale=scale, updated_at=call.clock.now())
            TASK_SETS.update(tx, row)
        return _shown(tx, service, row)

    return {"taskSet": await call.store.write(update)}


async def describe_task_sets(call: Call, request: DescribeTaskSetsRequestTypeDef) -> Answer:
    said = request.get("taskSets")
    with_tags = "TAGS" in request.get("include", ())

    def describe(tx: Tx) -> Answer:
        service = _service(tx, call, request)
        rows = lookup.sets_of(tx, service)
        known = {row.id: row for row in rows}
        wanted = [task_set_id(each) for each in said] if said else list(known)
        tasks = lookup.tasks_of(tx, service)
        found = [
            shapes.task_set(
                service, known[each], [t for t in tasks if t.task_set == each], with_tags=with_tags
            )
            for each in wanted
            if each in known
        ]
        failures = [{"arn": each, "reason": "MISSING"} for each in wanted if each not in known]
        return {"taskSets": found, "failures": failures}

    return await call.store.read(describe)


async def delete_task_set(call: Call, request: DeleteTaskSetRequestTypeDef) -> Answer:
    def delete(tx: Tx) -> Shape:
        service, row = _task_set(tx, call, request, request["taskSet"])
        # Others may go with all their tasks: deploy tools rely on it (PipeCD's ECS plugin, DeleteTaskSet).
        if row.status == SetStatus.PRIMARY and not request.get("force"):
            raise InvalidParameterException("The primary task set cannot be deleted without force.")
        if row.status != SetStatus.DRAINING:
            row = replace(row, status=SetStatus.DRAINING, updated_at=call.clock.now())
            TASK_SETS.update(tx, row)
        return _shown(tx, service, row)

    return {"taskSet": await call.store.write(delete)}


async def update_service_primary_task_set(
    call: Call, request: UpdateServicePrimaryTaskSetRequestTypeDef
) -> Answer:
    now = call.clock.now()

    def update(tx: Tx) -> Shape:
        service, row = _task_set(tx, call, request, request["primaryTaskSet"])
        if row.status == SetStatus.DRAINING:
            raise InvalidParameterException("A task set that is draining cannot become the primary task set.")
        for other in lookup.sets_of(tx, service):
            if other.status == SetStatus.PRIMARY and other.id != row.id:
                TASK_SETS.update(tx, replace(other, status=SetStatus.ACTIVE, updated_at=now))
        if row.status != SetStatus.PRIMARY:
            row = replace(row, status=SetStatus.PRIMARY, updated_at=now)
            TASK_SETS.update(tx, row)
        SERVICES.update(tx, _like(service, row))
        return _shown(tx, service, row)

    return {"taskSet": await call.store.write(update)}


def _like(service: Service, primary: TaskSet) -> Service:
    """DescribeServices shows definition, target groups and network of the primary task set."""
    return replace(
        service,
        task_definition=primary.task_definition,
        load_balancers=primary.load_balancers,
        registries=primary.registries,
        network=primary.network,
    )


def _service(tx: Tx, call: Call, request: Mapping[str, Any]) -> Service:
    row = lookup.active_service(tx, call, cluster_name(request["cluster"]), service_name(request["service"]))
    if row.controller == Controller.ECS:
        raise InvalidParameterException(
            "Task sets are only supported for services with a CODE_DEPLOY or EXTERNAL deployment controller."
        )
    return row


def _task_set(tx: Tx, call: Call, request: Mapping[str, Any], said: str) -> tuple[Service, TaskSet]:
    service = _service(tx, call, request)
    return service, lookup.task_set(tx, service, said)


def _wanted(call: Call, request: Mapping[str, Any], service: Service, definition: TaskDefinition) -> TaskSet:
    now = call.clock.now()
    strategy = [dict(item) for item in request.get("capacityProviderStrategy") or ()]
    return TaskSet(
        account=call.account,
        region=call.region,
        cluster=service.cluster,
        service=service.name,
        id=new_task_set_id(),
        status=SetStatus.ACTIVE,
        task_definition=definition_arn(definition),
        scale=_scale(request.get("scale") or {"value": 100.0}),
        external_id=request.get("externalId", ""),
        started_by=service.controller.value if service.controller == Controller.CODE_DEPLOY else "",
        client_token=request.get("clientToken", ""),
        load_balancers=[dict(said) for said in request.get("loadBalancers") or ()],
        registries=[dict(said) for said in request.get("serviceRegistries") or ()],
        network=dict(request.get("networkConfiguration") or service.network),
        launch_type="" if strategy else request.get("launchType", "FARGATE"),
        capacity_strategy=strategy,
        platform_version=platform(request.get("platformVersion", "LATEST")),
        created_at=now,
        updated_at=now,
        steady_at=now,
        tags=to_dict(request.get("tags") or (), "key", "value"),
    )


def _create(tx: Tx, call: Call, request: Mapping[str, Any], wanted: TaskSet) -> Shape:
    service = _service(tx, call, request)
    rows = lookup.sets_of(tx, service)
    token = wanted.client_token
    again = next((row for row in rows if token and row.client_token == token), None)
    if again is not None:
        return _shown(tx, service, again)
    if len(rows) >= MOST:
        raise InvalidParameterException(
            f"{MOST} deployments exist on the service."
            " Unable to create new TaskSet since this exceeds the maximum limit."
        )
    TASK_SETS.insert(tx, wanted)
    return _shown(tx, service, wanted)


def _scale(said: Mapping[str, Any]) -> float:
    value = float(said.get("value", 100.0))
    if said.get("unit", "PERCENT") != "PERCENT" or not 0 <= value <= 100:
        raise InvalidParameterException("Scale must be a percentage between 0 and 100.")
    return value


def _shown(tx: Tx, service: Service, row: TaskSet) -> Shape:
    tasks = [task for task in lookup.tasks_of(tx, service) if task.task_set == row.id]
    return shapes.task_set(service, row, tasks, with_tags=True)
