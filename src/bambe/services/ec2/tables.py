"""The tables of EC2."""

from __future__ import annotations

from bambe.kernel.call import Tx
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
from bambe.store import Migration, Table

KEY = ("account", "region", "id")
GROUPS = Table("ec2_security_groups", SecurityGroup, KEY)
VPCS = Table("ec2_vpcs", Vpc, KEY)
SUBNETS = Table("ec2_subnets", Subnet, KEY)
GATEWAYS = Table("ec2_internet_gateways", InternetGateway, KEY)
ROUTE_TABLES = Table("ec2_route_tables", RouteTable, KEY)
ADDRESSES = Table("ec2_addresses", Address, KEY)
NATS = Table("ec2_nat_gateways", NatGateway, KEY)
ENDPOINTS = Table("ec2_vpc_endpoints", Endpoint, KEY)
FLOW_LOGS = Table("ec2_flow_logs", FlowLog, KEY)


def _networks(tx: Tx) -> None:
    for table in (VPCS, SUBNETS, GATEWAYS, ROUTE_TABLES, ADDRESSES, NATS, ENDPOINTS, FLOW_LOGS):
        table.create(tx)


MIGRATIONS = (Migration("ec2/0001_tables", GROUPS.create), Migration("ec2/0002_networks", _networks))
