"""DiscoverInstances and DiscoverInstancesRevision: what applications ask at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.servicediscovery import lookup
from bambe.services.servicediscovery.discovery import FAIL_OPEN, chosen
from bambe.services.servicediscovery.listing import SIZE
from bambe.services.servicediscovery.shapes import discovered_shape
from bambe.services.servicediscovery.tables import instances_of

if TYPE_CHECKING:
    from types_boto3_servicediscovery.type_defs import (
        DiscoverInstancesRequestTypeDef,
        DiscoverInstancesRevisionRequestTypeDef,
    )


async def discover_instances(call: Call, request: DiscoverInstancesRequestTypeDef) -> Answer:
    def read(tx: Tx) -> Answer:
        names = request["NamespaceName"], request["ServiceName"]
        namespace, service = lookup.discovered(tx, call, *names)
        # AWS: the filter is ignored for services without a health check.
        status = request.get("HealthStatus", FAIL_OPEN) if service.custom_health else "ALL"
        found = chosen(
            instances_of(tx, service),
            request.get("QueryParameters", {}),
            request.get("OptionalParameters", {}),
            status,
            request.get("MaxResults", SIZE),
        )
        shown = [discovered_shape(namespace, service, row) for row in found]
        return {"Instances": shown, "InstancesRevision": service.revision}

    return await call.store.read(read)


async def discover_instances_revision(call: Call, request: DiscoverInstancesRevisionRequestTypeDef) -> Answer:
    def read(tx: Tx) -> Answer:
        names = request["NamespaceName"], request["ServiceName"]
        _, service = lookup.discovered(tx, call, *names)
        return {"InstancesRevision": service.revision}

    return await call.store.read(read)
