"""What several sources told the name server, as one truth."""

from __future__ import annotations

from collections.abc import Mapping

from bambe.engines.dns.answers import plain
from bambe.engines.dns.port import Name, Zones


def merge(sources: Mapping[str, Zones]) -> Zones:
    """Add the sources up, in the order of their names; a name told twice has all its instances."""
    zones: dict[str, None] = {}
    names: dict[str, Name] = {}
    hosts: dict[str, tuple[str, ...]] = {}
    for _, told in sorted(sources.items()):
        zones.update({plain(zone): None for zone in told.zones})
        for name in told.names:
            names[plain(name.name)] = _both(names.get(plain(name.name)), name)
        for host, addresses in told.hosts.items():
            hosts[plain(host)] = tuple(dict.fromkeys((*hosts.get(plain(host), ()), *addresses)))
    return Zones(tuple(zones), tuple(names.values()), hosts)


def _both(first: Name | None, second: Name) -> Name:
    if first is None:
        return second
    ttls = {**first.ttls, **second.ttls}
    return Name(first.name, first.routing, ttls, (*first.instances, *second.instances))
