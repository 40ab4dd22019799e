"""Registering, listing and deregistering instances, and their health."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.servicediscovery import checks, lookup
from bambe.services.servicediscovery.errors import CustomHealthNotFound
from bambe.services.servicediscovery.listing import paged
from bambe.services.servicediscovery.model import Instance, OperationType, Service
from bambe.services.servicediscovery.shapes import health, instance_shape
from bambe.services.servicediscovery.submission import submit
from bambe.services.servicediscovery.tables import INSTANCES, SERVICES, instances_of

if TYPE_CHECKING:
    from types_boto3_servicediscovery.type_defs import (
        DeregisterInstanceRequestTypeDef,
        GetInstanceRequestTypeDef,
        GetInstancesHealthStatusRequestTypeDef,
        ListInstancesRequestTypeDef,
        RegisterInstanceRequestTypeDef,
        UpdateInstanceCustomHealthStatusRequestTypeDef,
    )


async def register_instance(call: Call, request: RegisterInstanceRequestTypeDef) -> Answer:
    def register(tx: Tx) -> str:
        service = lookup.service(tx, call, request["ServiceId"])
        namespace = lookup.namespace(tx, call, service.namespace)
        checks.instance(namespace, service, request["InstanceId"], request["Attributes"])
        row = Instance(
            account=call.account,
            region=call.region,
            service=service.id,
            id=request["InstanceId"],
            attributes=dict(request["Attributes"]),
            healthy=request["Attributes"].get(checks.HEALTH) != "UNHEALTHY",
            creator_request_id=request.get("CreatorRequestId", ""),
        )
        _put(tx, service, row)
        return submit(
            tx, call, OperationType.REGISTER_INSTANCE, service, INSTANCE=row.id, SERVICE=service.id,
            NAMESPACE=service.namespace,
        )  # fmt: skip

    return {"OperationId": await call.store.write(register)}


async def deregister_instance(call: Call, request: DeregisterInstanceRequestTypeDef) -> Answer:
    def deregister(tx: Tx) -> str:
        service = lookup.service(tx, call, request["ServiceId"])
        row = lookup.instance(tx, service, request["InstanceId"])
        INSTANCES.delete(tx, *row.key)
        _count(tx, service)
        return submit(
            tx, call, OperationType.DEREGISTER_INSTANCE, service, INSTANCE=row.id, SERVICE=service.id,
            NAMESPACE=service.namespace,
        )  # fmt: skip

    return {"OperationId": await call.store.write(deregister)}


async def get_instance(call: Call, request: GetInstanceRequestTypeDef) -> Answer:
    def read(tx: Tx) -> Instance:
        service = lookup.service(tx, call, request["ServiceId"])
        return lookup.instance(tx, service, request["InstanceId"])

    row = await call.store.read(read)
    return {"ResourceOwner": row.account, "Instance": instance_shape(row)}


async def list_instances(call: Call, request: ListInstancesRequestTypeDef) -> Answer:
    def read(tx: Tx) -> list[Instance]:
        return instances_of(tx, lookup.service(tx, call, request["ServiceId"]))

    members = ("Id", "Attributes", "CreatedByAccount")
    shown = [instance_shape(row) for row in await call.store.read(read)]
    summaries = [{member: one[member] for member in members} for one in shown]
    return {"ResourceOwner": call.account, **paged("Instances", summaries, request)}


async def get_instances_health_status(call: Call, request: GetInstancesHealthStatusRequestTypeDef) -> Answer:
    def read(tx: Tx) -> list[tuple[str, str]]:
        service = lookup.service(tx, call, request["ServiceId"])
        named = request.get("Instances")
        rows = [lookup.instance(tx, service, one) for one in named] if named else instances_of(tx, service)
        return [(row.id, health(service, row)) for row in rows]

    answer = paged("Status", await call.store.read(read), request)
    return {**answer, "Status": dict(answer["Status"])}


async def update_instance_custom_health_status(
    call: Call, request: UpdateInstanceCustomHealthStatusRequestTypeDef
) -> Answer:
    def update(tx: Tx) -> None:
        service = lookup.service(tx, call, request["ServiceId"])
        if not service.custom_health:
            raise CustomHealthNotFound(f"The service {service.id} has no custom health check")
        row = lookup.instance(tx, service, request["InstanceId"])
        INSTANCES.update(tx, replace(row, healthy=request["Status"] == "HEALTHY"))

    await call.store.write(update)
    return {}


def _put(tx: Tx, service: Service, row: Instance) -> None:
    """Write the instance; registering the very same again leaves its health and the revision alone."""
    known = INSTANCES.find(tx, *row.key)
    if known is not None and known.attributes == row.attributes:
        INSTANCES.update(tx, replace(known, creator_request_id=row.creator_request_id))
        return
    INSTANCES.put(tx, row)
    _count(tx, service)


def _count(tx: Tx, service: Service) -> None:
    SERVICES.update(tx, replace(service, revision=service.revision + 1))
