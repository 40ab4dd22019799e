"""Subnets: blocks of a VPC's addresses, each in a zone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.tags import to_list
from bambe.services.ec2 import cidrs, in_use
from bambe.services.ec2.errors import (
    DependencyViolation,
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
)
from bambe.services.ec2.filters import yes
from bambe.services.ec2.lookup import ROUTE_TABLES, SUBNETS, VPCS
from bambe.services.ec2.model import ZONES, Subnet
from bambe.services.ec2.requests import described, fresh_id, tags_of

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        CreateSubnetRequestTypeDef,
        DeleteSubnetRequestTypeDef,
        DescribeSubnetsRequestTypeDef,
        ModifySubnetAttributeRequestTypeDef,
    )

FIELDS: Any = {
    "availability-zone": lambda one: [one.zone],
    "availability-zone-id": lambda one: [zone_id(one)],
    "availabilityZone": lambda one: [one.zone],
    "cidr": lambda one: [one.cidr],
    "cidr-block": lambda one: [one.cidr],
    "cidrBlock": lambda one: [one.cidr],
    "default-for-az": lambda one: yes(one.is_default),
    "defaultForAz": lambda one: yes(one.is_default),
    "map-public-ip-on-launch": lambda one: yes(one.is_public),
    "owner-id": lambda one: [one.account],
    "state": lambda _: ["available"],
    "subnet-id": lambda one: [one.id],
    "vpc-id": lambda one: [one.vpc],
}


async def create_subnet(call: Call, request: CreateSubnetRequestTypeDef) -> Answer:
    for member in ("Ipv6CidrBlock", "Ipv6Native", "OutpostArn", "Ipv4IpamPoolId", "Ipv6IpamPoolId"):
        if request.get(member):
            raise NotImplementedByBambe(f"Bambe has no subnets with {member}.")
    if not request.get("CidrBlock"):
        raise MissingParameter("The request must contain the parameter cidrBlock")
    tags = tags_of(request, SUBNETS)

    def create(tx: Tx) -> Subnet:
        vpc = VPCS.get(tx, call, request["VpcId"])
        others = [one for one in SUBNETS.rows(tx, call) if one.vpc == vpc.id]
        row = Subnet(
            account=call.account,
            region=call.region,
            id=fresh_id(SUBNETS),
            vpc=vpc.id,
            zone=_zone(call, request, others),
            cidr=cidrs.of_subnet(request["CidrBlock"], vpc.cidr, [one.cidr for one in others]),
            tags=tags,
        )
        SUBNETS.table.insert(tx, row)
        return row

    return {"Subnet": _shown(await call.store.write(create), 0)}


async def describe_subnets(call: Call, request: DescribeSubnetsRequestTypeDef) -> Answer:
    def shape(tx: Tx, row: Subnet) -> Answer:
        return _shown(row, len(in_use.addresses(tx, call, row.id)))

    return await described(call, request, SUBNETS, ("SubnetIds", "Subnets"), FIELDS, shape)


async def modify_subnet_attribute(call: Call, request: ModifySubnetAttributeRequestTypeDef) -> Answer:
    given = set(request) - {"SubnetId"}
    if len(given) != 1:
        raise InvalidParameterCombination("Exactly one attribute can be modified at a time")
    if given != {"MapPublicIpOnLaunch"}:
        raise NotImplementedByBambe(f"Bambe has no subnets with {given.pop()}.")

    def modify(tx: Tx) -> None:
        value = bool(request["MapPublicIpOnLaunch"].get("Value"))
        SUBNETS.table.put(tx, replace(SUBNETS.get(tx, call, request["SubnetId"]), is_public=value))

    await call.store.write(modify)
    return {}


async def delete_subnet(call: Call, request: DeleteSubnetRequestTypeDef) -> Answer:
    wanted = request["SubnetId"]
    users = await in_use.outside(call)

    def delete(tx: Tx) -> None:
        row = SUBNETS.get(tx, call, wanted)
        if row.is_default:
            raise NotImplementedByBambe("The default subnets of Bambe stay.")
        if wanted in users or in_use.addresses(tx, call, wanted):
            raise DependencyViolation(f"The subnet '{wanted}' has dependencies and cannot be deleted.")
        for table in ROUTE_TABLES.rows(tx, call):
            kept = [one for one in table.associations if one.subnet != wanted]
            if kept != table.associations:
                ROUTE_TABLES.table.put(tx, replace(table, associations=kept))
        SUBNETS.table.delete(tx, *SUBNETS.table.key_of(row))

    await call.store.write(delete)
    return {}


def zone_id(subnet: Subnet) -> str:
    """The id of a subnet's zone."""
    return f"{subnet.region}-az{ZONES.index(subnet.zone[-1]) + 1}"


def _zone(call: Call, request: Any, others: list[Subnet]) -> str:
    """The zone asked for; else the one with the fewest subnets."""
    names = {call.region + letter: f"{call.region}-az{number}" for number, letter in enumerate(ZONES, 1)}
    by_id = {id: name for name, id in names.items()}
    name, id = request.get("AvailabilityZone"), request.get("AvailabilityZoneId")
    if not name and not id:
        used = Counter(one.zone for one in others)
        return min(names, key=lambda one: used[one])
    if name and name not in names:
        raise InvalidParameterValue(
            f"Value ({name}) for parameter availabilityZone is invalid. Subnets can currently only be "
            f"created in the following availability zones: {', '.join(names)}."
        )
    if id and id not in by_id:
        raise InvalidParameterValue(f"Value ({id}) for parameter availabilityZoneId is invalid.")
    return str(name or by_id[id])


def _shown(subnet: Subnet, taken: int) -> Answer:
    return {
        "SubnetId": subnet.id,
        "SubnetArn": f"arn:aws:ec2:{subnet.region}:{subnet.account}:subnet/{subnet.id}",
        "VpcId": subnet.vpc,
        "AvailabilityZone": subnet.zone,
        "AvailabilityZoneId": zone_id(subnet),
        "CidrBlock": subnet.cidr,
        "AvailableIpAddressCount": cidrs.capacity(subnet.cidr) - taken,
        "DefaultForAz": subnet.is_default,
        "MapPublicIpOnLaunch": subnet.is_public,
        "AssignIpv6AddressOnCreation": False,
        "Ipv6CidrBlockAssociationSet": [],
        "State": "available",
        "OwnerId": subnet.account,
        "Tags": to_list(subnet.tags),
    }
