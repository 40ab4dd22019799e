"""VPCs, subnets, gateways and routes: what AWS lets them be, what they depend on, and how that is said."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.kernel.errors import AwsError
from bambe.services.ec2 import cidrs
from bambe.services.ec2.defaults import Network
from tests.support.house import ACCOUNT, REGION, House
from tests.unit.services.ec2.conftest import Net, refused

BLOCKS = st.builds(
    lambda host, length: str(IPv4Network((0x0A000000 + host, length), strict=False)),
    st.integers(0, 0xFFFF),
    st.integers(17, 30),
)


def refusal(block: str, taken: list[str]) -> str:
    try:
        cidrs.of_subnet(block, "10.0.0.0/16", taken)
    except AwsError as error:
        return error.wire_code()
    return ""


@given(st.lists(BLOCKS, max_size=20))
def test_subnets_that_are_taken_lie_in_the_vpc_and_never_overlap(blocks: list[str]) -> None:
    taken: list[str] = []
    for block in blocks:
        net = IPv4Network(block)
        if net.prefixlen > 28:
            expected = "InvalidSubnet.Range"
        else:
            overlaps = any(net.overlaps(IPv4Network(one)) for one in taken)
            expected = "InvalidSubnet.Conflict" if overlaps else ""
        assert refusal(block, taken) == expected
        taken += [] if expected else [block]
    assert refusal("10.1.0.0/24", taken) == refusal("10.0.0.0/15", taken) == "InvalidSubnet.Range"


@given(st.sets(st.integers(0, 15)))
def test_the_next_free_address_is_nobodys(numbers: set[int]) -> None:
    block = IPv4Network("10.0.0.0/28")
    taken = {str(block[number]) for number in numbers}
    found = cidrs.free(str(block), taken)
    usable = {str(block[number]) for number in range(4, 15)}
    assert len(usable) == cidrs.capacity(str(block))
    assert found in usable - taken if usable - taken else found is None


@pytest.mark.parametrize(
    ("cidr", "code"),
    [
        ("10.0.0.0/15", "InvalidVpc.Range"),
        ("10.0.0.0/29", "InvalidVpc.Range"),
        ("10.0.0.0", "InvalidParameterValue"),
        ("ten/16", "InvalidParameterValue"),
    ],
)
async def test_a_vpc_has_16_to_65536_addresses(house: House, cidr: str, code: str) -> None:
    await refused(house.aws.ec2.create_vpc(CidrBlock=cidr), code)


async def test_a_vpc_comes_with_a_main_table_and_a_default_group(net: Net) -> None:
    of_vpc = [{"Name": "vpc-id", "Values": [net.vpc]}]
    (table,) = (await net.ec2.describe_route_tables(Filters=of_vpc))["RouteTables"]
    assert [one["Main"] for one in table["Associations"]] == [True]
    (local,) = table["Routes"]
    assert (local["DestinationCidrBlock"], local["GatewayId"]) == ("10.0.0.0/16", "local")
    (group,) = (await net.ec2.describe_security_groups(Filters=of_vpc))["SecurityGroups"]
    assert group["GroupName"] == "default"
    await refused(net.ec2.delete_security_group(GroupId=group["GroupId"]), "CannotDelete")
    await refused(net.ec2.delete_route_table(RouteTableId=table["RouteTableId"]), "DependencyViolation")


async def test_what_is_written_behind_the_prefix_is_cleared(house: House) -> None:
    vpc = (await house.aws.ec2.create_vpc(CidrBlock="100.68.0.18/18"))["Vpc"]
    assert vpc["CidrBlock"] == "100.68.0.0/18"


async def test_subnets_are_checked_as_aws_does(net: Net) -> None:
    create = net.ec2.create_subnet
    await refused(
        create(VpcId=net.vpc, CidrBlock="10.0.1.128/25"),
        "InvalidSubnet.Conflict",
        "The CIDR '10.0.1.128/25' conflicts with another subnet",
    )
    await refused(create(VpcId=net.vpc, CidrBlock="10.1.0.0/24"), "InvalidSubnet.Range")
    await refused(create(VpcId=net.vpc, CidrBlock="10.0.9.0/29"), "InvalidSubnet.Range")
    await refused(create(VpcId="vpc-1", CidrBlock="10.0.9.0/24"), "InvalidVpcID.NotFound")
    nowhere = create(VpcId=net.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone="us-east-1z")
    await refused(nowhere, "InvalidParameterValue", "eu-central-1a, eu-central-1b, eu-central-1c")


async def test_a_subnet_without_a_zone_gets_the_emptiest(net: Net) -> None:
    subnet = (await net.ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.0.2.0/24"))["Subnet"]
    assert subnet["AvailabilityZone"] == "eu-central-1c"
    assert subnet["AvailableIpAddressCount"] == 251


async def test_attributes_of_vpcs_and_subnets(net: Net) -> None:
    await net.ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": True})
    told = await net.ec2.describe_vpc_attribute(VpcId=net.vpc, Attribute="enableDnsHostnames")
    assert told["EnableDnsHostnames"] == {"Value": True}
    told = await net.ec2.describe_vpc_attribute(VpcId=net.vpc, Attribute="enableDnsSupport")
    assert told["EnableDnsSupport"] == {"Value": True}
    await net.ec2.modify_subnet_attribute(SubnetId=net.subnets[0], MapPublicIpOnLaunch={"Value": True})
    public = [
        {"Name": "map-public-ip-on-launch", "Values": ["true"]},
        {"Name": "vpc-id", "Values": [net.vpc]},
    ]
    (subnet,) = (await net.ec2.describe_subnets(Filters=public))["Subnets"]
    assert subnet["SubnetId"] == net.subnets[0]
    both = {"EnableDnsHostnames": {"Value": True}, "EnableDnsSupport": {"Value": True}}
    await refused(net.ec2.modify_vpc_attribute(VpcId=net.vpc, **both), "InvalidParameterCombination")


async def test_a_vpc_goes_when_nothing_is_in_it(net: Net) -> None:
    words = f"The vpc '{net.vpc}' has dependencies and cannot be deleted."
    await refused(net.ec2.delete_vpc(VpcId=net.vpc), "DependencyViolation", words)
    for subnet in net.subnets:
        await net.ec2.delete_subnet(SubnetId=subnet)
    gateway = await net.attached()
    await refused(net.ec2.delete_vpc(VpcId=net.vpc), "DependencyViolation")
    await refused(net.ec2.delete_internet_gateway(InternetGatewayId=gateway), "DependencyViolation")
    await net.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc)
    await net.ec2.delete_vpc(VpcId=net.vpc)
    await refused(net.ec2.describe_vpcs(VpcIds=[net.vpc]), "InvalidVpcID.NotFound")
    tables = (await net.ec2.describe_route_tables())["RouteTables"]
    assert [one["VpcId"] for one in tables] == [Network(ACCOUNT, REGION).vpc]


async def test_a_vpc_has_one_internet_gateway(net: Net) -> None:
    gateway = await net.attached()
    again = net.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc)
    await refused(again, "Resource.AlreadyAssociated")
    other = (await net.ec2.create_internet_gateway())["InternetGateway"]["InternetGatewayId"]
    second = net.ec2.attach_internet_gateway(InternetGatewayId=other, VpcId=net.vpc)
    await refused(second, "InvalidParameterValue", "already has an internet gateway attached")
    detach = net.ec2.detach_internet_gateway(InternetGatewayId=other, VpcId=net.vpc)
    await refused(detach, "Gateway.NotAttached")


async def test_the_default_network_has_a_way_out_and_stays(house: House) -> None:
    ec2, network = house.aws.ec2, Network(ACCOUNT, REGION)
    (gateway,) = (await ec2.describe_internet_gateways())["InternetGateways"]
    assert gateway["Attachments"] == [{"State": "available", "VpcId": network.vpc}]
    await refused(ec2.delete_vpc(VpcId=network.vpc), "NotImplemented")
    await refused(ec2.delete_subnet(SubnetId=network.subnets[0].id), "NotImplemented")
    await ec2.create_tags(Resources=[network.vpc], Tags=[{"Key": "Name", "Value": "here"}])
    (vpc,) = (await ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["here"]}]))["Vpcs"]
    assert (vpc["VpcId"], vpc["IsDefault"]) == (network.vpc, True)


async def table_of(net: Net) -> str:
    return str((await net.ec2.create_route_table(VpcId=net.vpc))["RouteTable"]["RouteTableId"])


async def routes(net: Net, table: str) -> dict[str, tuple[str, str]]:
    """Each destination with where it leads and how that is."""
    (shown,) = (await net.ec2.describe_route_tables(RouteTableIds=[table]))["RouteTables"]
    found: dict[str, tuple[str, str]] = {}
    for one in shown["Routes"]:
        to = one.get("DestinationCidrBlock") or one["DestinationPrefixListId"]
        found[to] = (one.get("GatewayId") or one["NatGatewayId"], one["State"])
    return found


async def test_routes(net: Net) -> None:
    table, gateway = await table_of(net), await net.attached()
    way = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    await refused(net.ec2.replace_route(**way, GatewayId=gateway), "InvalidParameterValue", "Use CreateRoute")
    await net.ec2.create_route(**way, GatewayId=gateway)
    await refused(
        net.ec2.create_route(**way, GatewayId=gateway),
        "RouteAlreadyExists",
        "The route identified by 0.0.0.0/0 already exists.",
    )
    assert await routes(net, table) == {"10.0.0.0/16": ("local", "active"), "0.0.0.0/0": (gateway, "active")}
    nat = await net.nat()
    await net.ec2.replace_route(**way, NatGatewayId=nat)
    assert (await routes(net, table))["0.0.0.0/0"] == (nat, "active")
    await net.ec2.delete_nat_gateway(NatGatewayId=nat)
    assert (await routes(net, table))["0.0.0.0/0"] == (nat, "blackhole")
    await net.ec2.delete_route(**way)
    await refused(net.ec2.delete_route(**way), "InvalidRoute.NotFound")
    local = net.ec2.delete_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/16")
    await refused(local, "InvalidParameterValue", "cannot remove local route")


async def test_routes_lead_through_gateways_of_their_network(net: Net) -> None:
    table = await table_of(net)
    way = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    other = (await net.ec2.create_internet_gateway())["InternetGateway"]["InternetGatewayId"]
    await refused(
        net.ec2.create_route(**way, GatewayId=other),
        "InvalidParameterValue",
        f"route table {table} and network gateway {other} belong to different networks",
    )
    await refused(net.ec2.create_route(**way, NatGatewayId="nat-1"), "InvalidNatGatewayID.NotFound")
    await refused(net.ec2.create_route(**way, GatewayId="igw-1"), "InvalidInternetGatewayID.NotFound")
    await refused(net.ec2.create_route(**way, TransitGatewayId="tgw-1"), "NotImplemented")
    await refused(net.ec2.create_route(**way), "MissingParameter")


async def test_subnets_use_one_route_table(net: Net) -> None:
    one, other = await table_of(net), await table_of(net)
    link = {"RouteTableId": one, "SubnetId": net.subnets[0]}
    made = (await net.ec2.associate_route_table(**link))["AssociationId"]
    assert (await net.ec2.associate_route_table(**link))["AssociationId"] == made
    conflict = net.ec2.associate_route_table(RouteTableId=other, SubnetId=net.subnets[0])
    await refused(conflict, "Resource.AlreadyAssociated")
    await refused(net.ec2.delete_route_table(RouteTableId=one), "DependencyViolation")
    moved = await net.ec2.replace_route_table_association(AssociationId=made, RouteTableId=other)
    await net.ec2.delete_route_table(RouteTableId=one)
    filters = [{"Name": "association.subnet-id", "Values": [net.subnets[0]]}]
    (table,) = (await net.ec2.describe_route_tables(Filters=filters))["RouteTables"]
    assert table["RouteTableId"] == other
    await net.ec2.disassociate_route_table(AssociationId=moved["NewAssociationId"])
    gone = net.ec2.disassociate_route_table(AssociationId=moved["NewAssociationId"])
    await refused(gone, "InvalidAssociationID.NotFound")
    strange = Network(ACCOUNT, REGION).subnets[0].id
    foreign = net.ec2.associate_route_table(RouteTableId=other, SubnetId=strange)
    await refused(foreign, "InvalidParameterValue", "belong to different networks")


async def test_another_table_can_be_the_main_one(net: Net) -> None:
    main = [{"Name": "vpc-id", "Values": [net.vpc]}, {"Name": "association.main", "Values": ["true"]}]
    (first,) = (await net.ec2.describe_route_tables(Filters=main))["RouteTables"]
    link, other = first["Associations"][0]["RouteTableAssociationId"], await table_of(net)
    await refused(net.ec2.disassociate_route_table(AssociationId=link), "InvalidParameterValue")
    await net.ec2.replace_route_table_association(AssociationId=link, RouteTableId=other)
    (table,) = (await net.ec2.describe_route_tables(Filters=main))["RouteTables"]
    assert table["RouteTableId"] == other
    await net.ec2.delete_route_table(RouteTableId=first["RouteTableId"])


async def test_tags_and_pages(net: Net) -> None:
    tags: Any = [{"Key": "team", "Value": "a"}, {"Key": "stage", "Value": "b"}]
    await net.ec2.create_tags(Resources=[net.vpc, *net.subnets], Tags=tags)
    team = [{"Name": "tag:team", "Values": ["a"]}]
    found = await net.ec2.describe_subnets(Filters=team)
    assert {one["SubnetId"] for one in found["Subnets"]} == set(net.subnets)
    await net.ec2.delete_tags(Resources=[net.vpc], Tags=[{"Key": "team", "Value": "other"}, {"Key": "stage"}])
    shown = await net.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [net.vpc]}])
    assert [(one["Key"], one["ResourceType"]) for one in shown["Tags"]] == [("team", "vpc")]
    seen, token = [], {}
    while True:
        page = await net.ec2.describe_subnets(MaxResults=5, **token)
        seen += [one["SubnetId"] for one in page["Subnets"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert len(seen) == len(set(seen)) == 5
    await refused(net.ec2.describe_subnets(NextToken="nonsense"), "InvalidPaginationToken")
    wrong = [{"ResourceType": "vpc", "Tags": tags}]
    await refused(net.ec2.create_internet_gateway(TagSpecifications=wrong), "InvalidParameterValue")
