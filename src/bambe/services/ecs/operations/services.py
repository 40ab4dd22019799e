"""CreateService, DescribeServices, ListServices, UpdateService, DeleteService."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.pages import page
from bambe.kernel.tags import to_dict
from bambe.services.ecs import controllers, deploying, deployment_shapes, lookup, placement, shapes, strategy
from bambe.services.ecs.births import revision
from bambe.services.ecs.errors import InvalidParameterException, ServiceNotFoundException
from bambe.services.ecs.model import (
    Controller,
    Service,
    ServiceStatus,
    SetStatus,
    Shape,
    TaskDefinition,
    spec_of,
)
from bambe.services.ecs.names import cluster_name, definition_arn, service_arn, service_name
from bambe.services.ecs.network import check_network
from bambe.services.ecs.tables import DIARIES, SERVICES, TASK_SETS

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import (
        CreateServiceRequestTypeDef,
        DeleteServiceRequestTypeDef,
        DescribeServicesRequestTypeDef,
        ListServicesRequestTypeDef,
        UpdateServiceRequestTypeDef,
    )

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
DESCRIBED_AT_ONCE = 10


async def create_service(call: Call, request: CreateServiceRequestTypeDef) -> Answer:
    name = request["serviceName"]
    if not NAME.fullmatch(name):
        raise InvalidParameterException(
            "Invalid service name. Use letters, numbers, hyphens and underscores."
        )
    placement.check_supported(request)
    placement.check_launch(request)
    definition = await call.store.read(lambda tx: _definition(tx, call, request))
    wanted = _wanted(call, request, definition)
    if definition is not None:
        placement.check_network(definition, wanted.network)
        placement.check_ports(definition, wanted.load_balancers, wanted.registries)
    strategy.check_balancers(wanted.strategy, wanted.load_balancers)
    await check_network(call, wanted.network)
    await placement.check_target_groups(call, wanted.load_balancers, behind=True)
    await placement.check_registries(call, wanted.registries)
    return {"service": await call.store.write(lambda tx: _create(tx, call, wanted))}


async def describe_services(call: Call, request: DescribeServicesRequestTypeDef) -> Answer:
    said = request["services"]
    if not said:
        raise InvalidParameterException("Services cannot be empty.")
    if len(said) > DESCRIBED_AT_ONCE:
        raise InvalidParameterException(f"Services can have at most {DESCRIBED_AT_ONCE} items.")
    with_tags = "TAGS" in request.get("include", ())

    def describe(tx: Tx) -> Answer:
        of = lookup.cluster(tx, call, request.get("cluster"))
        found: list[Shape] = []
        failures: list[Shape] = []
        for each in said:
            row = SERVICES.find(tx, call.account, call.region, of.name, service_name(each))
            if row is None:
                arn = call.arn("ecs", f"service/{of.name}/{service_name(each)}")
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                found.append(_shown(tx, row, with_tags=with_tags))
        return {"services": found, "failures": failures}

    return await call.store.read(describe)


async def list_services(call: Call, request: ListServicesRequestTypeDef) -> Answer:
    def arns(tx: Tx) -> list[str]:
        of = lookup.cluster(tx, call, request.get("cluster"))
        rows = SERVICES.list(tx, account=of.account, region=of.region, cluster=of.name)
        asked = request.get("launchType"), request.get("schedulingStrategy")
        return [
            service_arn(row)
            for row in rows
            if row.status != ServiceStatus.INACTIVE
            and asked[0] in (None, row.launch_type)
            and asked[1] in (None, row.scheduling)
        ]

    found = await call.store.read(arns)
    try:
        shown, token = page(found, request.get("nextToken"), request.get("maxResults") or 10)
    except ValueError:
        raise lookup.bad_token() from None
    return {"serviceArns": shown} | ({"nextToken": token} if token else {})


async def update_service(call: Call, request: UpdateServiceRequestTypeDef) -> Answer:
    placement.check_supported(request)
    placement.check_launch(request)
    row = await call.store.read(
        lambda tx: lookup.active_service(tx, call, request.get("cluster"), request["service"])
    )
    definition = await call.store.read(lambda tx: _definition(tx, call, request))
    wanted = _changed(row, request, definition)
    controllers.check(row, wanted, force=bool(request.get("forceNewDeployment")))
    strategy.check_balancers(wanted.strategy, wanted.load_balancers)
    placement.check_grace(request, wanted.controller, wanted.load_balancers)
    runs = definition or await call.store.read(lambda tx: _known(tx, call, wanted))
    if runs is not None and not PLACED.isdisjoint(request):
        placement.check_network(runs, wanted.network)
        placement.check_ports(runs, wanted.load_balancers, wanted.registries)
    if "networkConfiguration" in request:
        await check_network(call, wanted.network)
    if "loadBalancers" in request:
        await placement.check_target_groups(call, wanted.load_balancers, behind=True)
    if "serviceRegistries" in request:
        await placement.check_registries(call, wanted.registries)
    return {"service": await call.store.write(lambda tx: _update(tx, call, request, definition))}


async def delete_service(call: Call, request: DeleteServiceRequestTypeDef) -> Answer:
    def delete(tx: Tx) -> Shape:
        of = lookup.cluster(tx, call, request.get("cluster"))
        row = lookup.service(tx, call, of, request["service"])
        if row.status == ServiceStatus.INACTIVE:
            raise ServiceNotFoundException
        if row.desired_count > 0 and not request.get("force"):
            raise InvalidParameterException("The service cannot be stopped while it is scaled above 0.")
        row = replace(row, status=ServiceStatus.DRAINING, desired_count=0, is_steady=False)
        SERVICES.update(tx, row)
        if row.controller != Controller.ECS:
            for task_set in lookup.sets_of(tx, row):
                TASK_SETS.update(tx, replace(task_set, status=SetStatus.DRAINING))
        return _shown(tx, row, with_tags=True)

    return {"service": await call.store.write(delete)}


def _definition(tx: Tx, call: Call, request: Mapping[str, Any]) -> TaskDefinition | None:
    """The definition the request names, in a cluster that must exist."""
    lookup.cluster(tx, call, request.get("cluster"))
    said = request.get("taskDefinition")
    return lookup.usable_definition(tx, call, said) if said else None


def _known(tx: Tx, call: Call, row: Service) -> TaskDefinition | None:
    """What the service runs already."""
    return lookup.find_definition(tx, call, row.task_definition) if row.task_definition else None


def _wanted(call: Call, request: Mapping[str, Any], definition: TaskDefinition | None) -> Service:
    controller = Controller((request.get("deploymentController") or {}).get("type", "ECS"))
    if definition is None and controller != Controller.EXTERNAL:
        raise InvalidParameterException("TaskDefinition cannot be empty.")
    balancers = [dict(said) for said in request.get("loadBalancers") or ()]
    grace = request.get("healthCheckGracePeriodSeconds")
    placement.check_grace(request, controller, balancers)
    capacity = [dict(item) for item in request.get("capacityProviderStrategy") or ()]
    return Service(
        account=call.account,
        region=call.region,
        cluster=cluster_name(request.get("cluster")),
        name=request["serviceName"],
        controller=controller,
        desired_count=placement.check_count(
            request.get("desiredCount", 0 if controller == Controller.EXTERNAL else None)
        ),
        task_definition=definition_arn(definition) if definition else "",
        launch_type="" if capacity else request.get("launchType", "FARGATE"),
        capacity_strategy=capacity,
        platform_version=request.get("platformVersion", "LATEST"),
        deployment_configuration=strategy.checked(request.get("deploymentConfiguration") or {}),
        load_balancers=balancers,
        registries=[dict(said) for said in request.get("serviceRegistries") or ()],
        network=dict(request.get("networkConfiguration") or {}),
        placement_constraints=[dict(said) for said in request.get("placementConstraints") or ()],
        placement_strategy=[dict(said) for said in request.get("placementStrategy") or ()],
        grace_seconds=grace if grace is not None else (0 if balancers else None),
        role=request.get("role", ""),
        created_at=call.clock.now(),
        created_by=call.caller.principal,
        client_token=request.get("clientToken", ""),
        execute_command=request.get("enableExecuteCommand", False),
        managed_tags=request.get("enableECSManagedTags", False),
        propagate_tags=request.get("propagateTags", "NONE"),
        zone_rebalancing=request.get("availabilityZoneRebalancing", "DISABLED"),
        tags=to_dict(request.get("tags") or (), "key", "value"),
    )


def _create(tx: Tx, call: Call, wanted: Service) -> Shape:
    lookup.cluster(tx, call, wanted.cluster)
    row = SERVICES.find(tx, *SERVICES.key_of(wanted))
    if row is not None and row.status == ServiceStatus.ACTIVE:
        if not _is_same_wish(row, wanted):
            raise InvalidParameterException("Creation of service was not idempotent.")
        return _shown(tx, row, with_tags=True)
    if row is not None and row.status == ServiceStatus.DRAINING:
        raise InvalidParameterException("Unable to Start a service that is still Draining.")
    DIARIES.delete(tx, *SERVICES.key_of(wanted))
    SERVICES.put(tx, wanted)
    deploying.forget(tx, wanted)
    if wanted.controller == Controller.ECS:
        deploying.begin(tx, wanted, wanted.created_at)
    elif wanted.controller == Controller.CODE_DEPLOY:
        TASK_SETS.insert(tx, revision(wanted, wanted.created_at))
    return _shown(tx, wanted, with_tags=True)


def _is_same_wish(row: Service, wanted: Service) -> bool:
    """Whether both say the same, apart from when, by whom and how it has fared since."""
    return wanted == replace(
        row,
        created_at=wanted.created_at,
        created_by=wanted.created_by,
        client_token=wanted.client_token,
        is_steady=wanted.is_steady,
        completed=wanted.completed,
    )


def _changed(row: Service, request: Mapping[str, Any], definition: TaskDefinition | None) -> Service:
    """The service as the request wants it; what it does not name stays."""
    changes: dict[str, Any] = {}
    if request.get("deploymentController"):
        changes["controller"] = Controller(request["deploymentController"]["type"])
    if "desiredCount" in request:
        changes["desired_count"] = placement.check_count(request["desiredCount"])
    if definition is not None:
        changes["task_definition"] = definition_arn(definition)
    if "deploymentConfiguration" in request:
        said = request["deploymentConfiguration"]
        changes["deployment_configuration"] = strategy.changed(row.deployment_configuration, said)
    for member, name in PLAIN.items():
        if member in request:
            changes[name] = request[member]
    for member, name in LISTS.items():
        if member in request:
            changes[name] = [dict(said) for said in request[member]]
    if changes.get("load_balancers") == []:
        changes["grace_seconds"] = None
    if "networkConfiguration" in request:
        changes["network"] = dict(request["networkConfiguration"])
    if changes.get("capacity_strategy"):
        changes["launch_type"] = ""
    return replace(row, **changes)


PLACED = frozenset({"taskDefinition", "networkConfiguration", "loadBalancers", "serviceRegistries"})
"""What has to fit together."""
PLAIN = {
    "platformVersion": "platform_version",
    "healthCheckGracePeriodSeconds": "grace_seconds",
    "enableExecuteCommand": "execute_command",
    "enableECSManagedTags": "managed_tags",
    "propagateTags": "propagate_tags",
    "availabilityZoneRebalancing": "zone_rebalancing",
}
LISTS = {
    "loadBalancers": "load_balancers",
    "serviceRegistries": "registries",
    "capacityProviderStrategy": "capacity_strategy",
    "placementConstraints": "placement_constraints",
    "placementStrategy": "placement_strategy",
}


def _update(tx: Tx, call: Call, request: Mapping[str, Any], definition: TaskDefinition | None) -> Shape:
    row = lookup.active_service(tx, call, request.get("cluster"), request["service"])
    changed = _changed(row, request, definition)
    if changed.strategy != row.strategy and deploying.current(tx, row) and row.strategy and changed.strategy:
        raise InvalidParameterException(
            "Unable to change the deployment strategy while a service deployment is in progress."
        )
    if changed.controller != row.controller:
        row = controllers.hand_over(tx, row, changed.controller, call.clock.now())
        changed = _changed(row, request, definition)
        row = controllers.with_pairs(tx, row, changed)
    SERVICES.update(tx, changed)
    if changed.controller == Controller.ECS and (
        request.get("forceNewDeployment") or _is_revised(row, changed)
    ):
        changed = replace(changed, is_steady=False)
        SERVICES.update(tx, changed)
        deploying.begin(tx, changed, call.clock.now())
    return _shown(tx, changed, with_tags=True)


def _is_revised(row: Service, changed: Service) -> bool:
    """Whether the change is one that running tasks cannot take on."""
    return spec_of(row) != spec_of(changed) or row.execute_command != changed.execute_command


def _shown(tx: Tx, row: Service, *, with_tags: bool) -> Shape:
    diary = DIARIES.find(tx, *SERVICES.key_of(row))
    sets, tasks = lookup.sets_of(tx, row), lookup.tasks_of(tx, row)
    shown = shapes.service(row, sets, tasks, diary, with_tags=with_tags)
    if row.controller == Controller.ECS:
        shown |= deployment_shapes.of_service(row, deploying.history(tx, row), sets, tasks)
    return shown
