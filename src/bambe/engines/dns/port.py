"""What the house asks of the name server: the whole truth about names, told again at every change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance behind a name."""

    id: str
    ipv4: str = ""
    ipv6: str = ""
    port: int = 0
    cname: str = ""
    healthy: bool = True


@dataclass(frozen=True, slots=True)
class Name:
    """A name and how it is answered. `routing` is MULTIVALUE or WEIGHTED, `ttls` type -> seconds."""

    name: str
    routing: str
    ttls: Mapping[str, int]
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True)
class Zones:
    """All we answer for. Inside `zones` an unknown name is NXDOMAIN; outside, a query is forwarded.

    `hosts` are fixed addresses (the API's endpoint, load balancers' names) by name.
    """

    zones: tuple[str, ...] = ()
    names: tuple[Name, ...] = ()
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Dns(Protocol):
    """A name server in a process of its own: it goes on without us and is found again at `start`."""

    async def start(self, address: str, port: int = 53) -> None:
        """Find the running server on `address` or start one."""
        ...

    async def stop(self) -> None:
        """Let go of it; it runs on."""
        ...

    async def apply(self, source: str, zones: Zones) -> None:
        """Make `zones` true for `source`; sources (servicediscovery, elbv2, daemon) add up."""
        ...

    async def remove_everything(self) -> None:
        """End the process and remove its files."""
        ...
