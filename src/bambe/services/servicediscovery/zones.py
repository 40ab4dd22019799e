"""From rows to what the name server is told: all namespaces with DNS, as a value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bambe.engines.dns import port as dns
from bambe.services.servicediscovery.model import Instance, Namespace, Service


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of all accounts and regions."""

    namespaces: Sequence[Namespace]
    services: Sequence[Service]
    instances: Sequence[Instance]


def zones(rows: Rows) -> dns.Zones:
    """One zone for each namespace with DNS, one name for each of its services with records."""
    spaces = {(row.account, row.region, row.id): row for row in rows.namespaces if row.has_dns}
    members: defaultdict[tuple[str, str, str], list[Instance]] = defaultdict(list)
    for row in rows.instances:
        members[row.account, row.region, row.service].append(row)
    return dns.Zones(
        zones=tuple(sorted({row.folded for row in spaces.values()})),
        names=tuple(
            _name(spaces[place], service, members[service.account, service.region, service.id])
            for service in rows.services
            if service.records and (place := (service.account, service.region, service.namespace)) in spaces
        ),
    )


def _name(namespace: Namespace, service: Service, instances: Sequence[Instance]) -> dns.Name:
    return dns.Name(
        name=f"{service.name}.{namespace.name}".lower(),
        routing=service.routing,
        ttls=dict(service.records),
        instances=tuple(_instance(one) for one in instances),
    )


def _instance(row: Instance) -> dns.Instance:
    said = row.attributes
    return dns.Instance(
        id=row.id,
        ipv4=said.get("AWS_INSTANCE_IPV4", ""),
        ipv6=said.get("AWS_INSTANCE_IPV6", ""),
        port=int(said.get("AWS_INSTANCE_PORT", 0)),
        cname=said.get("AWS_INSTANCE_CNAME", ""),
        healthy=row.healthy,
    )
