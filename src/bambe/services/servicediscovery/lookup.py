"""Finding namespaces, services and instances, with AWS's errors when they are missing."""

from __future__ import annotations

from bambe.kernel.call import Call, Tx
from bambe.services.servicediscovery.errors import (
    InstanceNotFound,
    NamespaceNotFound,
    ResourceNotFoundException,
    ServiceNotFound,
)
from bambe.services.servicediscovery.model import Instance, Namespace, Service
from bambe.services.servicediscovery.tables import INSTANCES, NAMESPACES, SERVICES


def get_namespace(tx: Tx, call: Call, said: str) -> Namespace:
    """The namespace of this id or ARN."""
    found = NAMESPACES.find(tx, call.account, call.region, _id(said))
    if found is None:
        raise NamespaceNotFound(f"The namespace {said} can't be found.")
    return found


def get_service(tx: Tx, call: Call, said: str) -> Service:
    """The service of this id or ARN."""
    found = SERVICES.find(tx, call.account, call.region, _id(said))
    if found is None:
        raise ServiceNotFound(f"The service {said} can't be found.")
    return found


def get_instance(tx: Tx, service: Service, name: str) -> Instance:
    """The instance of this id."""
    found = INSTANCES.find(tx, service.account, service.region, service.id, name)
    if found is None:
        raise InstanceNotFound(f"The instance {name} can't be found in the service {service.id}.")
    return found


def named_service(tx: Tx, call: Call, namespace: str, name: str) -> tuple[Namespace, Service]:
    """A service as DiscoverInstances names it; case counts only in HTTP namespaces."""
    spaces = [row for row in namespaces(tx, call) if same_name(row, row.name, namespace)]
    if not spaces:
        raise NamespaceNotFound(f"The namespace {namespace} can't be found.")
    for space in spaces:
        for service in services(tx, space):
            if same_name(space, service.name, name):
                return space, service
    raise ServiceNotFound(f"The service {name} can't be found in the namespace {namespace}.")


def named_resource(tx: Tx, call: Call, arn: str) -> Namespace | Service:
    """The namespace or service of this ARN, for its tags."""
    table = NAMESPACES if ":namespace/" in arn else SERVICES
    found = table.find(tx, call.account, call.region, _id(arn))
    if not isinstance(found, Namespace | Service) or found.arn != arn:
        raise ResourceNotFoundException(f"The resource {arn} can't be found.")
    return found


def namespaces(tx: Tx, call: Call) -> list[Namespace]:
    """All namespaces of the caller's account and region."""
    return NAMESPACES.list(tx, account=call.account, region=call.region)


def services(tx: Tx, namespace: Namespace) -> list[Service]:
    """The services of a namespace."""
    return SERVICES.list(tx, account=namespace.account, region=namespace.region, namespace_id=namespace.id)


def instances(tx: Tx, service: Service) -> list[Instance]:
    """The instances of a service."""
    return INSTANCES.list(tx, account=service.account, region=service.region, service_id=service.id)


def same_name(namespace: Namespace, one: str, other: str) -> bool:
    """Names in DNS have no case."""
    return one.lower() == other.lower() if namespace.is_dns else one == other


def _id(said: str) -> str:
    return said.rsplit("/", 1)[-1]
