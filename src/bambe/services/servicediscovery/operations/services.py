"""Creating, describing, changing and deleting services, and their attributes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.tags import to_dict
from bambe.services.servicediscovery import checks, lookup
from bambe.services.servicediscovery.errors import (
    InvalidInput,
    ResourceInUse,
    ServiceAlreadyExists,
    ServiceAttributesLimitExceededException,
)
from bambe.services.servicediscovery.listing import filtered, paged
from bambe.services.servicediscovery.model import Namespace, OperationType, Service
from bambe.services.servicediscovery.shapes import service_shape, service_summary
from bambe.services.servicediscovery.submission import lower_id, submit
from bambe.services.servicediscovery.tables import SERVICES, instances_of, services_of

if TYPE_CHECKING:
    from types_boto3_servicediscovery.type_defs import (
        CreateServiceRequestTypeDef,
        DeleteServiceAttributesRequestTypeDef,
        DeleteServiceRequestTypeDef,
        GetServiceAttributesRequestTypeDef,
        GetServiceRequestTypeDef,
        ListServicesRequestTypeDef,
        UpdateServiceAttributesRequestTypeDef,
        UpdateServiceRequestTypeDef,
    )

MAX_ATTRIBUTES = 30
FIELDS = {"NAMESPACE_ID": lambda row: row.namespace, "RESOURCE_OWNER": lambda row: "SELF"}
CONDITIONS = {"NAMESPACE_ID": ("EQ", "IN")}


async def create_service(call: Call, request: CreateServiceRequestTypeDef) -> Answer:
    config: Any = request.get("DnsConfig") or {}
    named = request.get("NamespaceId") or config.get("NamespaceId")
    if not named:
        raise InvalidInput("A NamespaceId must be specified")
    custom = checks.health_check(request)

    def create(tx: Tx) -> Service:
        namespace = lookup.namespace(tx, call, named)
        row = Service(
            account=call.account,
            region=call.region,
            id=f"srv-{lower_id(16)}",
            namespace=namespace.id,
            name=request["Name"],
            created_at=call.clock.now(),
            records=checks.records(namespace.type, request),
            routing=config.get("RoutingPolicy", "MULTIVALUE"),
            custom_health=custom,
            description=request.get("Description", ""),
            creator_request_id=request.get("CreatorRequestId", ""),
            tags=to_dict(request.get("Tags", ())),
        )
        if row.records:
            checks.dns_name(f"{row.name}.{namespace.name}")
        _check_free(tx, namespace, row)
        SERVICES.insert(tx, row)
        return row

    return {"Service": service_shape(await call.store.write(create), 0)}


async def get_service(call: Call, request: GetServiceRequestTypeDef) -> Answer:
    def read(tx: Tx) -> Answer:
        row = lookup.service(tx, call, request["Id"])
        return service_shape(row, len(instances_of(tx, row)))

    return {"Service": await call.store.read(read)}


async def list_services(call: Call, request: ListServicesRequestTypeDef) -> Answer:
    def read(tx: Tx) -> list[Answer]:
        rows = SERVICES.list(tx, account=call.account, region=call.region)
        kept = filtered(rows, request.get("Filters", ()), FIELDS, CONDITIONS)
        return [service_summary(row, len(instances_of(tx, row))) for row in kept]

    return paged("Services", await call.store.read(read), request)


async def update_service(call: Call, request: UpdateServiceRequestTypeDef) -> Answer:
    change = request["Service"]
    checks.health_check(change)

    def update(tx: Tx) -> str:
        row = lookup.service(tx, call, request["Id"])
        # AWS: records that an update omits are deleted from the service.
        records = checks.ttls(list(change["DnsConfig"]["DnsRecords"])) if "DnsConfig" in change else {}
        if not records.keys() <= row.records.keys():
            raise InvalidInput("The record types of a service cannot be changed: create another service")
        fresh = replace(row, records=records, description=change.get("Description", row.description))
        SERVICES.update(tx, fresh)
        return submit(tx, call, OperationType.UPDATE_SERVICE, row, SERVICE=row.id)

    return {"OperationId": await call.store.write(update)}


async def delete_service(call: Call, request: DeleteServiceRequestTypeDef) -> Answer:
    def delete(tx: Tx) -> None:
        row = lookup.service(tx, call, request["Id"])
        if instances_of(tx, row):
            raise ResourceInUse(
                "Service contains registered instances; delete the instances before deleting the service"
            )
        SERVICES.delete(tx, row.account, row.region, row.id)

    await call.store.write(delete)
    return {}


async def get_service_attributes(call: Call, request: GetServiceAttributesRequestTypeDef) -> Answer:
    row = await call.store.read(lambda tx: lookup.service(tx, call, request["ServiceId"]))
    shown = {"ServiceArn": row.arn, "ResourceOwner": row.account, "Attributes": row.attributes}
    return {"ServiceAttributes": shown}


async def update_service_attributes(call: Call, request: UpdateServiceAttributesRequestTypeDef) -> Answer:
    def update(tx: Tx) -> None:
        row = lookup.service(tx, call, request["ServiceId"])
        fresh = {**row.attributes, **request["Attributes"]}
        if len(fresh) > MAX_ATTRIBUTES:
            raise ServiceAttributesLimitExceededException(
                f"A service can have at most {MAX_ATTRIBUTES} attributes"
            )
        SERVICES.update(tx, replace(row, attributes=fresh))

    await call.store.write(update)
    return {}


async def delete_service_attributes(call: Call, request: DeleteServiceAttributesRequestTypeDef) -> Answer:
    gone = set(request["Attributes"])

    def delete(tx: Tx) -> None:
        row = lookup.service(tx, call, request["ServiceId"])
        kept = {key: value for key, value in row.attributes.items() if key not in gone}
        SERVICES.update(tx, replace(row, attributes=kept))

    await call.store.write(delete)
    return {}


def _check_free(tx: Tx, namespace: Namespace, row: Service) -> None:
    for known in services_of(tx, namespace):
        same_in_dns = known.records and row.records and known.name.lower() == row.name.lower()
        if known.name == row.name or same_in_dns:
            raise ServiceAlreadyExists(
                f"Service already exists: {known.name}",
                CreatorRequestId=known.creator_request_id,
                ServiceId=known.id,
                ServiceArn=known.arn,
            )
