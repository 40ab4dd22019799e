"""What a network is made of, as rows: VPCs, subnets, gateways, route tables, addresses, endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bambe.kernel.ids import digest_id

ZONES = ("a", "b", "c")
VPC_CIDR = "172.31.0.0/16"
MAIN = ""
"""The subnet of a route table's main association: none."""
LOCAL = "local"
WAIT = timedelta(seconds=1)
"""How long a gateway or an endpoint is pending or deleting, of the machine's time; minutes at AWS."""
REMEMBERED = timedelta(hours=1)
"""How long one that is deleted is still shown."""


class State(StrEnum):
    """The states of NAT gateways and VPC endpoints."""

    PENDING = "pending"
    FAILED = "failed"
    AVAILABLE = "available"
    DELETING = "deleting"
    DELETED = "deleted"


MOVES: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.AVAILABLE, State.FAILED, State.DELETING}),
    State.FAILED: frozenset({State.DELETING, State.DELETED}),
    State.AVAILABLE: frozenset({State.DELETING}),
    State.DELETING: frozenset({State.DELETED}),
    State.DELETED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    """A virtual network; it has a main route table and a default security group from its beginning."""

    account: str
    region: str
    id: str
    cidr: str
    tenancy: str = "default"
    is_default: bool = False
    dns_support: bool = True
    dns_hostnames: bool = False
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """A part of a VPC's addresses, in one zone."""

    account: str
    region: str
    id: str
    vpc: str
    zone: str
    cidr: str
    is_public: bool = False
    """Whether what starts in it gets a public address (MapPublicIpOnLaunch)."""
    is_default: bool = False
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InternetGateway:
    """A way out of the VPC it is attached to."""

    account: str
    region: str
    id: str
    vpc: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """Where packets to `destination` (a CIDR or a prefix list) go: `local` or a gateway's id."""

    destination: str
    target: str
    is_from_creation: bool = False


@dataclass(frozen=True, slots=True)
class Association:
    """A subnet that uses a route table, or that the table is its VPC's main one (no subnet)."""

    id: str
    subnet: str = MAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTable:
    """The routes that some subnets of a VPC use."""

    account: str
    region: str
    id: str
    vpc: str
    routes: list[Route]
    associations: list[Association] = field(default_factory=list)
    token: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def is_main(self) -> bool:
        return any(one.subnet == MAIN for one in self.associations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An Elastic IP address, of the networks that RFC 5737 keeps for documentation."""

    account: str
    region: str
    id: str
    ip: str
    gateway: str = ""
    """The NAT gateway that uses it."""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def association(self) -> str:
        return f"eipassoc-{digest_id(self.id, self.gateway, length=17)}" if self.gateway else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NatGateway:
    """A way out for subnets without public addresses. `due` is when its state changes next."""

    account: str
    region: str
    id: str
    vpc: str
    subnet: str
    private_ip: str
    connectivity: str
    created: datetime
    allocation: str = ""
    public_ip: str = ""
    state: State = State.PENDING
    due: datetime | None = None
    deleted: datetime | None = None
    failure: tuple[str, str] | None = None
    token: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def interface(self) -> str:
        return f"eni-{digest_id(self.id, length=17)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A way to an AWS service that stays inside the VPC. `due` is when its state changes next."""

    account: str
    region: str
    id: str
    vpc: str
    service: str
    kind: str
    policy: str
    created: datetime
    route_tables: list[str] = field(default_factory=list)
    subnets: dict[str, str] = field(default_factory=dict)
    """Each subnet with the endpoint's address in it."""
    groups: list[str] = field(default_factory=list)
    private_dns: bool = False
    state: State = State.AVAILABLE
    due: datetime | None = None
    token: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def interfaces(self) -> dict[str, str]:
        """The id of its network interface in each subnet."""
        return {subnet: f"eni-{digest_id(self.id, subnet, length=17)}" for subnet in self.subnets}


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLog:
    """A wish to have the traffic of a VPC, a subnet or an interface written down."""

    account: str
    region: str
    id: str
    resource: str
    traffic: str
    destination_type: str
    destination: str
    group: str
    role: str
    format: str
    interval: int
    created: datetime
    token: str = ""
    options: dict[str, bool | str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
