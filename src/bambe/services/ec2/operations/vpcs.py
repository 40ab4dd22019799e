"""VPCs: made with a main route table and a default security group, and deleted with them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import NotImplementedByBambe
from bambe.kernel.tags import to_list
from bambe.services.ec2 import cidrs
from bambe.services.ec2.errors import (
    DependencyViolation,
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
)
from bambe.services.ec2.filters import yes
from bambe.services.ec2.groups import default_group
from bambe.services.ec2.lookup import (
    ENDPOINTS,
    GATEWAYS,
    GROUPS,
    ROUTE_TABLES,
    SUBNETS,
    VPCS,
    group_of_vpc,
    main_table,
)
from bambe.services.ec2.model import LOCAL, MAIN, Association, Route, RouteTable, Vpc
from bambe.services.ec2.requests import described, fresh_id, tags_of

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        CreateVpcRequestTypeDef,
        DeleteVpcRequestTypeDef,
        DescribeVpcAttributeRequestTypeDef,
        DescribeVpcsRequestTypeDef,
        ModifyVpcAttributeRequestTypeDef,
    )

FIELDS: Any = {
    "cidr": lambda one: [one.cidr],
    "cidr-block-association.cidr-block": lambda one: [one.cidr],
    "dhcp-options-id": lambda _: ["default"],
    "is-default": lambda one: yes(one.is_default),
    "isDefault": lambda one: yes(one.is_default),
    "owner-id": lambda one: [one.account],
    "state": lambda _: ["available"],
    "vpc-id": lambda one: [one.id],
}
ATTRIBUTES = {"EnableDnsSupport": "dns_support", "EnableDnsHostnames": "dns_hostnames"}
ASKED = {"enableDnsSupport": "EnableDnsSupport", "enableDnsHostnames": "EnableDnsHostnames"}


async def create_vpc(call: Call, request: CreateVpcRequestTypeDef) -> Answer:
    for member in ("Ipv4IpamPoolId", "Ipv6Pool", "Ipv6CidrBlock", "Ipv6IpamPoolId"):
        if request.get(member):
            raise NotImplementedByBambe(f"Bambe has no VPCs with {member}.")
    if request.get("AmazonProvidedIpv6CidrBlock"):
        raise NotImplementedByBambe("Bambe has no VPCs with IPv6 addresses.")
    if not request.get("CidrBlock"):
        raise MissingParameter("The request must contain the parameter cidrBlock")
    vpc = Vpc(
        account=call.account,
        region=call.region,
        id=fresh_id(VPCS),
        cidr=cidrs.of_vpc(request["CidrBlock"]),
        tenancy=request.get("InstanceTenancy", "default"),
        tags=tags_of(request, VPCS),
    )
    table = RouteTable(
        account=call.account,
        region=call.region,
        id=fresh_id(ROUTE_TABLES),
        vpc=vpc.id,
        routes=[Route(vpc.cidr, LOCAL, is_from_creation=True)],
        associations=[Association(fresh_id(ROUTE_TABLES).replace("rtb-", "rtbassoc-"), MAIN)],
    )
    group = default_group(call.account, call.region, fresh_id(GROUPS), vpc.id)

    def create(tx: Tx) -> None:
        VPCS.table.insert(tx, vpc)
        ROUTE_TABLES.table.insert(tx, table)
        GROUPS.table.insert(tx, group)

    await call.store.write(create)
    return {"Vpc": {**_shown(vpc), "State": "pending"}}


async def describe_vpcs(call: Call, request: DescribeVpcsRequestTypeDef) -> Answer:
    return await described(call, request, VPCS, ("VpcIds", "Vpcs"), FIELDS, lambda _, row: _shown(row))


async def delete_vpc(call: Call, request: DeleteVpcRequestTypeDef) -> Answer:
    def delete(tx: Tx) -> None:
        vpc = VPCS.get(tx, call, request["VpcId"])
        if vpc.is_default:
            raise NotImplementedByBambe("The default VPC of Bambe stays.")
        if _is_used(tx, call, vpc.id):
            raise DependencyViolation(f"The vpc '{vpc.id}' has dependencies and cannot be deleted.")
        group, table = group_of_vpc(tx, call, vpc.id), main_table(tx, call, vpc.id)
        GROUPS.table.delete(tx, *GROUPS.table.key_of(group))
        ROUTE_TABLES.table.delete(tx, *ROUTE_TABLES.table.key_of(table))
        VPCS.table.delete(tx, *VPCS.table.key_of(vpc))

    await call.store.write(delete)
    return {}


async def modify_vpc_attribute(call: Call, request: ModifyVpcAttributeRequestTypeDef) -> Answer:
    given = [name for name in (*ATTRIBUTES, "EnableNetworkAddressUsageMetrics") if name in request]
    if len(given) != 1:
        raise InvalidParameterCombination("Exactly one attribute can be modified at a time")
    if given[0] not in ATTRIBUTES:
        raise NotImplementedByBambe("Bambe has no network address usage metrics.")
    value = bool(request[given[0]].get("Value"))  # type: ignore[literal-required]

    def modify(tx: Tx) -> None:
        changed: Any = {ATTRIBUTES[given[0]]: value}
        vpc = replace(VPCS.get(tx, call, request["VpcId"]), **changed)
        VPCS.table.put(tx, vpc)

    await call.store.write(modify)
    return {}


async def describe_vpc_attribute(call: Call, request: DescribeVpcAttributeRequestTypeDef) -> Answer:
    vpc = await call.store.read(lambda tx: VPCS.get(tx, call, request["VpcId"]))
    member = ASKED.get(request["Attribute"])
    if member is None:
        raise InvalidParameterValue(f"Value ({request['Attribute']}) for parameter attribute is invalid.")
    return {"VpcId": vpc.id, member: {"Value": getattr(vpc, ATTRIBUTES[member])}}


def _is_used(tx: Tx, call: Call, vpc: str) -> bool:
    """Whether it has anything but what it was made with."""
    groups = [one for one in GROUPS.rows(tx, call) if one.vpc == vpc]
    tables = [one for one in ROUTE_TABLES.rows(tx, call) if one.vpc == vpc]
    others: list[Any] = [*SUBNETS.rows(tx, call), *GATEWAYS.rows(tx, call), *ENDPOINTS.rows(tx, call)]
    return len(groups) > 1 or len(tables) > 1 or any(one.vpc == vpc for one in others)


def _shown(vpc: Vpc) -> Answer:
    block = {
        "AssociationId": vpc.id.replace("vpc-", "vpc-cidr-assoc-"),
        "CidrBlock": vpc.cidr,
        "CidrBlockState": {"State": "associated"},
    }
    return {
        "VpcId": vpc.id,
        "CidrBlock": vpc.cidr,
        "CidrBlockAssociationSet": [block],
        "IsDefault": vpc.is_default,
        "State": "available",
        "OwnerId": vpc.account,
        "InstanceTenancy": vpc.tenancy,
        "DhcpOptionsId": "default",
        "Tags": to_list(vpc.tags),
    }
