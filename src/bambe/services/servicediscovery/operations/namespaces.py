"""Creating, describing, changing and deleting namespaces."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.tags import to_dict
from bambe.services.servicediscovery import lookup
from bambe.services.servicediscovery.checks import dns_name
from bambe.services.servicediscovery.errors import (
    InvalidInput,
    NamespaceAlreadyExists,
    ResourceInUse,
    TooManyTagsException,
)
from bambe.services.servicediscovery.listing import filtered, paged
from bambe.services.servicediscovery.model import Namespace, NamespaceType, OperationType
from bambe.services.servicediscovery.shapes import namespace_shape, namespace_summary
from bambe.services.servicediscovery.submission import lower_id, submit
from bambe.services.servicediscovery.tables import NAMESPACES, services_of

if TYPE_CHECKING:
    from types_boto3_servicediscovery.type_defs import (
        CreateHttpNamespaceRequestTypeDef,
        CreatePrivateDnsNamespaceRequestTypeDef,
        CreatePublicDnsNamespaceRequestTypeDef,
        DeleteNamespaceRequestTypeDef,
        GetNamespaceRequestTypeDef,
        ListNamespacesRequestTypeDef,
        UpdateHttpNamespaceRequestTypeDef,
        UpdatePrivateDnsNamespaceRequestTypeDef,
        UpdatePublicDnsNamespaceRequestTypeDef,
    )

MAX_TAGS = 50
FIELDS = {
    "TYPE": lambda row: row.type.value,
    "NAME": lambda row: row.name,
    "HTTP_NAME": lambda row: row.name,
    "RESOURCE_OWNER": lambda row: "SELF",
}
CONDITIONS = {name: ("EQ", "BEGINS_WITH") for name in ("TYPE", "NAME", "HTTP_NAME")}


async def create_http_namespace(call: Call, request: CreateHttpNamespaceRequestTypeDef) -> Answer:
    return await _create(call, NamespaceType.HTTP, request)


async def create_private_dns_namespace(
    call: Call, request: CreatePrivateDnsNamespaceRequestTypeDef
) -> Answer:
    return await _create(call, NamespaceType.DNS_PRIVATE, request)


async def create_public_dns_namespace(call: Call, request: CreatePublicDnsNamespaceRequestTypeDef) -> Answer:
    return await _create(call, NamespaceType.DNS_PUBLIC, request)


async def get_namespace(call: Call, request: GetNamespaceRequestTypeDef) -> Answer:
    def read(tx: Tx) -> Answer:
        row = lookup.namespace(tx, call, request["Id"])
        return namespace_shape(row, len(services_of(tx, row)))

    return {"Namespace": await call.store.read(read)}


async def list_namespaces(call: Call, request: ListNamespacesRequestTypeDef) -> Answer:
    def read(tx: Tx) -> list[Answer]:
        rows = NAMESPACES.list(tx, account=call.account, region=call.region)
        kept = filtered(rows, request.get("Filters", ()), FIELDS, CONDITIONS)
        return [namespace_summary(row) | {"ServiceCount": len(services_of(tx, row))} for row in kept]

    return paged("Namespaces", await call.store.read(read), request)


async def update_http_namespace(call: Call, request: UpdateHttpNamespaceRequestTypeDef) -> Answer:
    return await _update(call, NamespaceType.HTTP, request)


async def update_private_dns_namespace(
    call: Call, request: UpdatePrivateDnsNamespaceRequestTypeDef
) -> Answer:
    return await _update(call, NamespaceType.DNS_PRIVATE, request)


async def update_public_dns_namespace(call: Call, request: UpdatePublicDnsNamespaceRequestTypeDef) -> Answer:
    return await _update(call, NamespaceType.DNS_PUBLIC, request)


async def delete_namespace(call: Call, request: DeleteNamespaceRequestTypeDef) -> Answer:
    def delete(tx: Tx) -> str:
        row = lookup.namespace(tx, call, request["Id"])
        if services_of(tx, row):
            raise ResourceInUse(
                "Namespace has associated services; delete the services before deleting the namespace"
            )
        NAMESPACES.delete(tx, row.account, row.region, row.id)
        return submit(tx, call, OperationType.DELETE_NAMESPACE, row, NAMESPACE=row.id)

    return {"OperationId": await call.store.write(delete)}


async def _create(call: Call, kind: NamespaceType, request: Any) -> Answer:
    if kind != NamespaceType.HTTP:
        dns_name(request["Name"])
    tags = to_dict(request.get("Tags", ()))
    if len(tags) > MAX_TAGS:
        raise TooManyTagsException(f"A resource can have at most {MAX_TAGS} tags")
    row = Namespace(
        account=call.account,
        region=call.region,
        id=f"ns-{lower_id(16)}",
        name=request["Name"],
        type=kind,
        created_at=call.clock.now(),
        vpc=request.get("Vpc", ""),
        description=request.get("Description", ""),
        creator_request_id=request.get("CreatorRequestId", ""),
        hosted_zone="" if kind == NamespaceType.HTTP else f"Z{lower_id(20).upper()}",
        tags=tags,
    )
    row = replace(row, soa_ttl=_soa_ttl(request, row.soa_ttl))

    def create(tx: Tx) -> str:
        for known in NAMESPACES.list(tx, account=call.account, region=call.region, folded=row.folded):
            raise NamespaceAlreadyExists(
                f"Namespace already exists: {known.name}",
                CreatorRequestId=known.creator_request_id,
                NamespaceId=known.id,
            )
        NAMESPACES.insert(tx, row)
        return submit(tx, call, OperationType.CREATE_NAMESPACE, row, NAMESPACE=row.id)

    return {"OperationId": await call.store.write(create)}


async def _update(call: Call, kind: NamespaceType, request: Any) -> Answer:
    change = request["Namespace"]

    def update(tx: Tx) -> str:
        row = lookup.namespace(tx, call, request["Id"])
        if row.type != kind:
            raise InvalidInput(f"The namespace {row.id} is of type {row.type}, not {kind}")
        description = change.get("Description", row.description)
        fresh = replace(row, description=description, soa_ttl=_soa_ttl(change, row.soa_ttl))
        NAMESPACES.update(tx, fresh)
        return submit(tx, call, OperationType.UPDATE_NAMESPACE, row, NAMESPACE=row.id)

    return {"OperationId": await call.store.write(update)}


def _soa_ttl(said: Any, otherwise: int) -> int:
    soa = said.get("Properties", {}).get("DnsProperties", {}).get("SOA", {})
    return int(soa.get("TTL", otherwise))
