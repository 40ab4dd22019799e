"""DescribeVpcs, DescribeSubnets, DescribeRouteTables, DescribeAvailabilityZones: the default VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call
from bambe.services.ec2.errors import InvalidSubnetIDNotFound, InvalidVpcIDNotFound
from bambe.services.ec2.filters import filtered
from bambe.services.ec2.model import VPC_CIDR, ZONES, Network, Subnet

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        DescribeAvailabilityZonesRequestTypeDef,
        DescribeRouteTablesRequestTypeDef,
        DescribeSubnetsRequestTypeDef,
        DescribeVpcsRequestTypeDef,
    )


async def describe_vpcs(call: Call, request: DescribeVpcsRequestTypeDef) -> Answer:
    network = Network(call.account, call.region)
    for wanted in request.get("VpcIds", ()):
        if wanted != network.vpc:
            raise InvalidVpcIDNotFound(f"The vpc ID '{wanted}' does not exist")
    found = filtered(
        [network],
        request.get("Filters"),
        {
            "is-default": lambda _: ["true"],
            "isDefault": lambda _: ["true"],
            "vpc-id": lambda one: [one.vpc],
            "cidr": lambda _: [VPC_CIDR],
            "state": lambda _: ["available"],
            "owner-id": lambda one: [one.account],
        },
    )
    return {"Vpcs": [_vpc(one) for one in found]}


async def describe_subnets(call: Call, request: DescribeSubnetsRequestTypeDef) -> Answer:
    network = Network(call.account, call.region)
    known = {one.id for one in network.subnets}
    wanted = request.get("SubnetIds", ())
    for one in wanted:
        if one not in known:
            raise InvalidSubnetIDNotFound(f"The subnet ID '{one}' does not exist")
    found = filtered(
        [one for one in network.subnets if not wanted or one.id in wanted],
        request.get("Filters"),
        {
            "vpc-id": lambda _: [network.vpc],
            "subnet-id": lambda one: [one.id],
            "availability-zone": lambda one: [one.zone],
            "availabilityZone": lambda one: [one.zone],
            "default-for-az": lambda _: ["true"],
            "state": lambda _: ["available"],
        },
    )
    return {"Subnets": [_subnet(network, one) for one in found]}


async def describe_route_tables(call: Call, request: DescribeRouteTablesRequestTypeDef) -> Answer:
    network = Network(call.account, call.region)
    found = filtered(
        [network],
        request.get("Filters"),
        {
            "vpc-id": lambda one: [one.vpc],
            "association.main": lambda _: ["true"],
            "association.subnet-id": lambda one: [subnet.id for subnet in one.subnets],
        },
    )
    return {"RouteTables": [_route_table(one) for one in found]}


async def describe_availability_zones(call: Call, request: DescribeAvailabilityZonesRequestTypeDef) -> Answer:
    zones = [
        {
            "State": "available",
            "RegionName": call.region,
            "ZoneName": call.region + letter,
            "ZoneId": f"{call.region}-az{number}",
            "ZoneType": "availability-zone",
            "OptInStatus": "opt-in-not-required",
        }
        for number, letter in enumerate(ZONES, 1)
    ]
    wanted = request.get("ZoneNames")
    return {"AvailabilityZones": [zone for zone in zones if not wanted or zone["ZoneName"] in wanted]}


def _vpc(network: Network) -> Answer:
    return {
        "VpcId": network.vpc,
        "CidrBlock": VPC_CIDR,
        "IsDefault": True,
        "State": "available",
        "OwnerId": network.account,
        "InstanceTenancy": "default",
        "DhcpOptionsId": "default",
        "Tags": [],
    }


def _subnet(network: Network, subnet: Subnet) -> Answer:
    return {
        "SubnetId": subnet.id,
        "SubnetArn": f"arn:aws:ec2:{network.region}:{network.account}:subnet/{subnet.id}",
        "VpcId": network.vpc,
        "AvailabilityZone": subnet.zone,
        "CidrBlock": subnet.cidr,
        "AvailableIpAddressCount": 4091,
        "DefaultForAz": True,
        "MapPublicIpOnLaunch": True,
        "State": "available",
        "OwnerId": network.account,
        "Tags": [],
    }


def _route_table(network: Network) -> Answer:
    association = {
        "Main": True,
        "RouteTableId": network.route_table,
        "RouteTableAssociationId": network.route_table.replace("rtb-", "rtbassoc-"),
        "AssociationState": {"State": "associated"},
    }
    local = {
        "DestinationCidrBlock": VPC_CIDR,
        "GatewayId": "local",
        "State": "active",
        "Origin": "CreateRouteTable",
    }
    return {
        "RouteTableId": network.route_table,
        "VpcId": network.vpc,
        "OwnerId": network.account,
        "Associations": [association],
        "Routes": [local],
        "Tags": [],
    }
