"""Finding what a network is made of by id; the default VPC's rows are there without being stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bambe.kernel.call import Call, Tx
from bambe.kernel.errors import AwsError
from bambe.services.ec2 import errors, tables
from bambe.services.ec2.defaults import Network
from bambe.services.ec2.groups import SecurityGroup
from bambe.services.ec2.model import (
    Address,
    Endpoint,
    FlowLog,
    InternetGateway,
    NatGateway,
    RouteTable,
    Subnet,
    Vpc,
)
from bambe.store import Table

Row = TypeVar("Row", bound=Any)


@dataclass(frozen=True, slots=True)
class Kind(Generic[Row]):
    """One kind of thing: how its ids begin, where its rows are, and what AWS says when one is missing."""

    prefix: str
    resource: str
    """Its name in TagSpecifications and ARNs."""
    table: Table[Row]
    missing: type[AwsError]
    words: str
    defaults: Callable[[Network], list[Row]] = lambda _: []

    def rows(self, tx: Tx, call: Call) -> list[Row]:
        """All of them in the caller's account and region, the default VPC's first."""
        stored = self.table.list(tx, account=call.account, region=call.region)
        known = {one.id for one in stored}
        computed = self.defaults(Network(call.account, call.region))
        return [one for one in computed if one.id not in known] + stored

    def find(self, tx: Tx, call: Call, id: str) -> Row | None:
        """The one of that id, or None."""
        found = self.table.find(tx, call.account, call.region, id)
        if found is not None:
            return found
        computed = self.defaults(Network(call.account, call.region))
        return next((one for one in computed if one.id == id), None)

    def get(self, tx: Tx, call: Call, id: str) -> Row:
        """The one of that id; else AWS's error."""
        found = self.find(tx, call, id)
        if found is None:
            raise self.missing(self.words.format(id))
        return found


VPCS: Kind[Vpc] = Kind(
    "vpc-", "vpc", tables.VPCS, errors.InvalidVpcIDNotFound, "The vpc ID '{}' does not exist", Network.vpcs
)
SUBNETS: Kind[Subnet] = Kind(
    "subnet-",
    "subnet",
    tables.SUBNETS,
    errors.InvalidSubnetIDNotFound,
    "The subnet ID '{}' does not exist",
    lambda network: list(network.subnets),
)
GATEWAYS: Kind[InternetGateway] = Kind(
    "igw-",
    "internet-gateway",
    tables.GATEWAYS,
    errors.InvalidInternetGatewayIDNotFound,
    "The internetGateway ID '{}' does not exist",
    Network.gateways,
)
ROUTE_TABLES: Kind[RouteTable] = Kind(
    "rtb-",
    "route-table",
    tables.ROUTE_TABLES,
    errors.InvalidRouteTableIDNotFound,
    "The routeTable ID '{}' does not exist",
    Network.tables,
)
GROUPS: Kind[SecurityGroup] = Kind(
    "sg-",
    "security-group",
    tables.GROUPS,
    errors.InvalidGroupNotFound,
    "The security group '{}' does not exist",
    Network.groups,
)
ADDRESSES: Kind[Address] = Kind(
    "eipalloc-",
    "elastic-ip",
    tables.ADDRESSES,
    errors.InvalidAllocationIDNotFound,
    "The allocation ID '{}' does not exist",
)
NATS: Kind[NatGateway] = Kind(
    "nat-", "natgateway", tables.NATS, errors.NatGatewayNotFound, "NatGateway {} was not found"
)
ENDPOINTS: Kind[Endpoint] = Kind(
    "vpce-",
    "vpc-endpoint",
    tables.ENDPOINTS,
    errors.InvalidVpcEndpointIdNotFound,
    "The Vpc Endpoint Id '{}' does not exist",
)
FLOW_LOGS: Kind[FlowLog] = Kind(
    "fl-",
    "vpc-flow-log",
    tables.FLOW_LOGS,
    errors.InvalidFlowLogIdNotFound,
    "The flow log ID '{}' does not exist",
)
KINDS: tuple[Kind[Any], ...] = (
    VPCS,
    SUBNETS,
    GATEWAYS,
    ROUTE_TABLES,
    GROUPS,
    ADDRESSES,
    NATS,
    ENDPOINTS,
    FLOW_LOGS,
)


def kind_of(id: str) -> Kind[Any]:
    """What an id names; InvalidID."""
    for kind in KINDS:
        if id.startswith(kind.prefix):
            return kind
    raise errors.InvalidID(f"The ID '{id}' is not valid")


def group_of_vpc(tx: Tx, call: Call, vpc: str) -> SecurityGroup:
    """A VPC's default security group."""
    return next(one for one in GROUPS.rows(tx, call) if one.vpc == vpc and one.is_default)


def main_table(tx: Tx, call: Call, vpc: str) -> RouteTable:
    """A VPC's main route table."""
    return next(one for one in ROUTE_TABLES.rows(tx, call) if one.vpc == vpc and one.is_main)


def gateway_of(tx: Tx, call: Call, vpc: str) -> InternetGateway | None:
    """The internet gateway that is attached to a VPC."""
    return next((one for one in GATEWAYS.rows(tx, call) if one.vpc == vpc), None)
