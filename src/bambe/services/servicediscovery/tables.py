"""The tables of Cloud Map."""

from __future__ import annotations

from bambe.kernel.call import Tx
from bambe.services.servicediscovery.model import Instance, Namespace, Operation, Service
from bambe.store import Migration, Table

NAMESPACES = Table("servicediscovery_namespaces", Namespace, ("account", "region", "id"), ("name",))
SERVICES = Table("servicediscovery_services", Service, ("account", "region", "id"), ("namespace_id",))
INSTANCES = Table("servicediscovery_instances", Instance, ("account", "region", "service_id", "id"))
OPERATIONS = Table("servicediscovery_operations", Operation, ("account", "region", "id"), ("status",))


def _tables(tx: Tx) -> None:
    for table in (NAMESPACES, SERVICES, INSTANCES, OPERATIONS):
        table.create(tx)


MIGRATIONS = (Migration("servicediscovery/0001_tables", _tables),)
