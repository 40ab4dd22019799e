"""The tables of Cloud Map."""

from __future__ import annotations

from bambe.kernel.call import Tx
from bambe.services.servicediscovery.model import Instance, Namespace, Operation, Service
from bambe.store import Migration, Table

NAMESPACES = Table("servicediscovery_namespaces", Namespace, ("account", "region", "id"), ("folded",))
SERVICES = Table("servicediscovery_services", Service, ("account", "region", "id"), ("namespace",))
INSTANCES = Table("servicediscovery_instances", Instance, ("account", "region", "service", "id"))
OPERATIONS = Table("servicediscovery_operations", Operation, ("account", "region", "id"), ("status",))


def _tables(tx: Tx) -> None:
    NAMESPACES.create(tx)
    SERVICES.create(tx)
    INSTANCES.create(tx)
    OPERATIONS.create(tx)


MIGRATIONS = (Migration("servicediscovery/0001_tables", _tables),)


def services_of(tx: Tx, row: Namespace) -> list[Service]:
    """The services of a namespace."""
    return SERVICES.list(tx, account=row.account, region=row.region, namespace=row.id)


def instances_of(tx: Tx, row: Service) -> list[Instance]:
    """The instances of a service, in order of their ids."""
    return INSTANCES.list(tx, account=row.account, region=row.region, service=row.id)
