"""Routes: where they may lead, and how they are shown."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.services.ec2 import cidrs
from bambe.services.ec2.errors import (
    InvalidNatGatewayIDNotFound,
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
)
from bambe.services.ec2.lookup import ENDPOINTS, GATEWAYS, NATS
from bambe.services.ec2.model import LOCAL, Route, RouteTable, State

TARGETS = {"GatewayId": GATEWAYS, "NatGatewayId": NATS}
ELSEWHERE = (
    "CarrierGatewayId",
    "CoreNetworkArn",
    "EgressOnlyInternetGatewayId",
    "InstanceId",
    "LocalGatewayId",
    "NetworkInterfaceId",
    "OdbNetworkArn",
    "TransitGatewayId",
    "VpcEndpointId",
    "VpcPeeringConnectionId",
)
"""Targets that AWS has and Bambe has not."""


def destination(request: Any) -> str:
    """Where a route leads to."""
    for member in ("DestinationIpv6CidrBlock", "DestinationPrefixListId"):
        if request.get(member):
            raise NotImplementedByBambe(f"Bambe has no routes with {member}.")
    if not request.get("DestinationCidrBlock"):
        raise MissingParameter("The request must contain the parameter destinationCidrBlock")
    return str(cidrs.parse(request["DestinationCidrBlock"], "destinationCidrBlock"))


def target(tx: Tx, call: Call, table: RouteTable, request: Any) -> str:
    """What a route leads through, which must be there and in the table's network."""
    for member in ELSEWHERE:
        if request.get(member):
            raise NotImplementedByBambe(f"Bambe has no routes with {member}.")
    given = [str(request[member]) for member in TARGETS if request.get(member)]
    if request.get("LocalTarget"):
        given.append(LOCAL)
    if len(given) > 1:
        raise InvalidParameterCombination("Exactly one target of the route must be specified")
    if not given:
        raise MissingParameter("The request must contain exactly one target of the route")
    return _checked(tx, call, table, given[0])


def _checked(tx: Tx, call: Call, table: RouteTable, id: str) -> str:
    if id == LOCAL:
        return id
    if id.startswith(NATS.prefix):
        nat = NATS.find(tx, call, id)
        if nat is None or nat.state is State.DELETED:
            raise InvalidNatGatewayIDNotFound(f"The natGateway ID '{id}' does not exist")
        network = nat.vpc
    else:
        network = GATEWAYS.get(tx, call, id).vpc
    if network != table.vpc:
        raise InvalidParameterValue(
            f"route table {table.id} and network gateway {id} belong to different networks"
        )
    return id


def shown_route(tx: Tx, call: Call, route: Route) -> Answer:
    """A route; one whose gateway is gone is a black hole."""
    to = "DestinationPrefixListId" if route.destination.startswith("pl-") else "DestinationCidrBlock"
    through = "NatGatewayId" if route.target.startswith(NATS.prefix) else "GatewayId"
    return {
        to: route.destination,
        through: route.target,
        "State": "active" if _leads(tx, call, route.target) else "blackhole",
        "Origin": "CreateRouteTable" if route.is_from_creation else "CreateRoute",
    }


def _leads(tx: Tx, call: Call, id: str) -> bool:
    if id == LOCAL:
        return True
    if id.startswith(NATS.prefix):
        nat = NATS.find(tx, call, id)
        return nat is not None and nat.state in (State.PENDING, State.AVAILABLE)
    if id.startswith(ENDPOINTS.prefix):
        return ENDPOINTS.find(tx, call, id) is not None
    gateway = GATEWAYS.find(tx, call, id)
    return gateway is not None and bool(gateway.vpc)
