"""Finding what a request names by id, ARN or name, with AWS's errors."""

from __future__ import annotations

from bambe.kernel.arn import is_arn
from bambe.kernel.call import Call, Tx
from bambe.services.servicediscovery.errors import InstanceNotFound, NamespaceNotFound, ServiceNotFound
from bambe.services.servicediscovery.model import Instance, Namespace, Service
from bambe.services.servicediscovery.tables import INSTANCES, NAMESPACES, SERVICES, services_of


def namespace(tx: Tx, call: Call, named: str) -> Namespace:
    """The namespace with this id or ARN, or NamespaceNotFound."""
    row = NAMESPACES.find(tx, call.account, call.region, _id(named))
    if row is None or named not in (row.id, row.arn):
        raise NamespaceNotFound(f"Namespace not found: {named}")
    return row


def service(tx: Tx, call: Call, named: str) -> Service:
    """The service with this id or ARN, or ServiceNotFound."""
    row = SERVICES.find(tx, call.account, call.region, _id(named))
    if row is None or named not in (row.id, row.arn):
        raise ServiceNotFound(f"Service not found: {named}")
    return row


def instance(tx: Tx, row: Service, named: str) -> Instance:
    """The service's instance with this id, or InstanceNotFound."""
    found = INSTANCES.find(tx, row.account, row.region, row.id, named)
    if found is None:
        raise InstanceNotFound(f"Instance not found: {named}")
    return found


def discovered(tx: Tx, call: Call, namespace_name: str, service_name: str) -> tuple[Namespace, Service]:
    """Namespace and service as DiscoverInstances names them."""
    if is_arn(namespace_name):
        space = namespace(tx, call, namespace_name)
    else:
        folded = namespace_name.lower()
        found = NAMESPACES.list(tx, account=call.account, region=call.region, folded=folded)
        if not found:
            raise NamespaceNotFound(f"Namespace not found: {namespace_name}")
        space = found[0]
    for row in services_of(tx, space):
        if row.name == service_name or (row.records and row.name.lower() == service_name.lower()):
            return space, row
    raise ServiceNotFound(f"Service not found: {service_name}")


def _id(named: str) -> str:
    return named.rsplit("/", 1)[-1]
