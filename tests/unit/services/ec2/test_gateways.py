"""NAT gateways, their addresses, VPC endpoints and flow logs: what they need and how they come and go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.services.ec2.model import MOVES, NatGateway, State
from bambe.services.ec2.planner import Forget, Move, plan
from tests.unit.services.ec2.conftest import Net, refused

NOW = datetime(2026, 1, 1, tzinfo=UTC)
S3 = "com.amazonaws.eu-central-1.s3"
LOGS = "com.amazonaws.eu-central-1.logs"


@given(st.sampled_from(State), st.booleans(), st.sampled_from(["public", "private"]))
def test_every_gateway_ends_available_or_forgotten(state: State, attached: bool, connectivity: str) -> None:
    row: Any = NatGateway(
        account="1", region="r", id="nat-1", vpc="v", subnet="s", private_ip="p", created=NOW,
        connectivity=connectivity, state=state, due=None if state is State.AVAILABLE else NOW,
    )  # fmt: skip
    for _ in range(5):
        if row is None or row.due is None:
            break
        assert plan(row, row.due - timedelta(microseconds=1), has_gateway=attached) == ()
        for action in plan(row, row.due, has_gateway=attached):
            if isinstance(action, Move):
                assert action.row.state in MOVES[row.state]
                row = action.row
            elif isinstance(action, Forget):
                row = None
    assert row is None or row.state is State.AVAILABLE


async def test_a_gateway_comes_and_goes(net: Net) -> None:
    await net.attached()
    nat = await net.nat()
    assert await net.state(nat) == "pending"
    await net.house.advance(2)
    assert await net.state(nat) == "available"
    (address,) = (await net.ec2.describe_addresses())["Addresses"]
    assert address["PrivateIpAddress"] == "10.0.0.4"
    release = net.ec2.release_address(AllocationId=address["AllocationId"])
    await refused(release, "InvalidIPAddress.InUse")
    await refused(net.ec2.delete_subnet(SubnetId=net.subnets[0]), "DependencyViolation")
    (interface,) = (await net.ec2.describe_network_interfaces())["NetworkInterfaces"]
    assert interface["Description"] == f"Interface for NAT Gateway {nat}"
    await net.ec2.delete_nat_gateway(NatGatewayId=nat)
    assert await net.state(nat) == "deleting"
    await net.house.advance(2)
    assert await net.state(nat) == "deleted"
    await net.ec2.release_address(AllocationId=address["AllocationId"])
    await net.ec2.delete_subnet(SubnetId=net.subnets[0])
    await net.house.advance(3700, step=600)
    await refused(net.state(nat), "NatGatewayNotFound")


async def test_one_without_a_way_out_fails_as_at_aws(net: Net) -> None:
    nat = await net.nat()
    await net.house.advance(2)
    (shown,) = (await net.ec2.describe_nat_gateways(NatGatewayIds=[nat]))["NatGateways"]
    assert (shown["State"], shown["FailureCode"]) == ("failed", "Gateway.NotAttached")
    assert shown["FailureMessage"] == f"Network {net.vpc} has no Internet gateway attached"
    private = await net.ec2.create_nat_gateway(SubnetId=net.subnets[0], ConnectivityType="private")
    await net.house.advance(2)
    assert await net.state(private["NatGateway"]["NatGatewayId"]) == "available"


async def test_what_a_gateway_needs(net: Net) -> None:
    create = net.ec2.create_nat_gateway
    await refused(create(SubnetId=net.subnets[0]), "MissingParameter")
    await refused(create(SubnetId="subnet-1", AllocationId=await net.address()), "InvalidSubnetID.NotFound")
    await refused(create(SubnetId=net.subnets[0], AllocationId="eipalloc-1"), "InvalidAllocationID.NotFound")
    address = await net.address()
    made = await create(SubnetId=net.subnets[0], AllocationId=address, ClientToken="t")
    again = await create(SubnetId=net.subnets[0], AllocationId=address, ClientToken="t")
    assert again["NatGateway"]["NatGatewayId"] == made["NatGateway"]["NatGatewayId"]
    await refused(create(SubnetId=net.subnets[0], AllocationId=address), "Resource.AlreadyAssociated")


async def test_an_attached_gateway_stays_while_addresses_are_mapped(net: Net) -> None:
    gateway = await net.attached()
    await net.nat()
    detach = net.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc)
    await refused(detach, "DependencyViolation", "has some mapped public address(es)")


async def test_a_gateway_endpoint_is_a_route(net: Net) -> None:
    table = (await net.ec2.create_route_table(VpcId=net.vpc))["RouteTable"]["RouteTableId"]
    request = {"VpcId": net.vpc, "ServiceName": S3, "RouteTableIds": [table]}
    made = (await net.ec2.create_vpc_endpoint(**request))["VpcEndpoint"]
    assert made["State"] == "available"
    (shown,) = (await net.ec2.describe_route_tables(RouteTableIds=[table]))["RouteTables"]
    (route,) = [one for one in shown["Routes"] if one["GatewayId"] == made["VpcEndpointId"]]
    (listed,) = (await net.ec2.describe_prefix_lists(PrefixListIds=[route["DestinationPrefixListId"]]))[
        "PrefixLists"
    ]
    assert listed["PrefixListName"] == S3
    await refused(net.ec2.create_vpc_endpoint(**request), "RouteAlreadyExists")
    await net.ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], RemoveRouteTableIds=[table])
    (shown,) = (await net.ec2.describe_route_tables(RouteTableIds=[table]))["RouteTables"]
    assert len(shown["Routes"]) == 1
    await refused(net.ec2.delete_vpc(VpcId=net.vpc), "DependencyViolation")
    assert (await net.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]]))["Unsuccessful"] == []
    await net.house.advance(2)
    assert (await net.ec2.describe_vpc_endpoints())["VpcEndpoints"] == []


async def test_an_interface_endpoint_has_an_address_in_each_zone(net: Net) -> None:
    request: dict[str, Any] = {
        "VpcId": net.vpc, "ServiceName": LOGS, "VpcEndpointType": "Interface", "SubnetIds": net.subnets
    }  # fmt: skip
    await refused(net.ec2.create_vpc_endpoint(**request), "InvalidParameter", "enableDnsHostnames")
    await net.ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": True})
    made = (await net.ec2.create_vpc_endpoint(**request))["VpcEndpoint"]
    assert (made["State"], len(made["NetworkInterfaceIds"])) == ("pending", 2)
    assert made["DnsEntries"][1]["DnsName"] == "logs.eu-central-1.amazonaws.com"
    conflict = net.ec2.create_vpc_endpoint(**request)
    await refused(conflict, "InvalidParameter", "there is already a conflicting DNS domain")
    await net.house.advance(2)
    (shown,) = (await net.ec2.describe_vpc_endpoints())["VpcEndpoints"]
    assert shown["State"] == "available"
    group = shown["Groups"][0]["GroupId"]
    used = [{"Name": "group-id", "Values": [group]}]
    assert len((await net.ec2.describe_network_interfaces(Filters=used))["NetworkInterfaces"]) == 2
    await refused(net.ec2.delete_subnet(SubnetId=net.subnets[1]), "DependencyViolation")


async def test_what_an_endpoint_may_be(net: Net) -> None:
    create = net.ec2.create_vpc_endpoint
    await refused(create(VpcId=net.vpc, ServiceName="com.amazonaws.eu-central-1.none"), "InvalidServiceName")
    await refused(create(VpcId=net.vpc, ServiceName=LOGS), "InvalidParameter", "does not match")
    same = (
        await net.ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.0.7.0/24", AvailabilityZone="eu-central-1a")
    )["Subnet"]
    twice = [net.subnets[0], same["SubnetId"]]
    kind = {"VpcEndpointType": "Interface", "PrivateDnsEnabled": False}
    request = create(VpcId=net.vpc, ServiceName=LOGS, SubnetIds=twice, **kind)
    await refused(request, "DuplicateSubnetsInSameZone")
    names = (await net.ec2.describe_vpc_endpoint_services())["ServiceNames"]
    assert {S3, LOGS} <= set(names)


async def test_flow_logs_are_recorded(net: Net) -> None:
    request: dict[str, Any] = {
        "ResourceIds": [net.vpc, "vpc-1"], "ResourceType": "VPC", "TrafficType": "ALL",
        "LogGroupName": "flows", "DeliverLogsPermissionArn": "arn:aws:iam::000000000000:role/flows",
    }  # fmt: skip
    answer = await net.ec2.create_flow_logs(**request)
    (failed,) = answer["Unsuccessful"]
    assert failed["Error"]["Code"] == "InvalidVpcID.NotFound"
    (shown,) = (await net.ec2.describe_flow_logs(FlowLogIds=answer["FlowLogIds"]))["FlowLogs"]
    assert (shown["ResourceId"], shown["LogGroupName"]) == (net.vpc, "flows")
    again = await net.ec2.create_flow_logs(**{**request, "ResourceIds": [net.vpc]})
    assert again["Unsuccessful"][0]["Error"]["Code"] == "FlowLogAlreadyExists"
    await net.ec2.delete_flow_logs(FlowLogIds=answer["FlowLogIds"])
    gone = await net.ec2.delete_flow_logs(FlowLogIds=answer["FlowLogIds"])
    assert gone["Unsuccessful"][0]["Error"]["Code"] == "InvalidFlowLogId.NotFound"


@pytest.mark.parametrize("missing", ["DeliverLogsPermissionArn", "LogGroupName"])
async def test_a_flow_log_says_where_and_as_whom(net: Net, missing: str) -> None:
    request = {"LogGroupName": "flows", "DeliverLogsPermissionArn": "arn:aws:iam::000000000000:role/flows"}
    del request[missing]
    made = net.ec2.create_flow_logs(ResourceIds=[net.vpc], ResourceType="VPC", TrafficType="ALL", **request)
    await refused(made, "InvalidParameter")


async def test_addresses_are_of_the_networks_for_documentation(net: Net) -> None:
    one, other = await net.ec2.allocate_address(), await net.ec2.allocate_address(Domain="vpc")
    assert (one["PublicIp"], other["PublicIp"]) == ("203.0.113.1", "203.0.113.2")
    await net.ec2.release_address(AllocationId=one["AllocationId"])
    await refused(net.ec2.release_address(AllocationId=one["AllocationId"]), "InvalidAllocationID.NotFound")
    (left,) = (await net.ec2.describe_addresses(PublicIps=["203.0.113.2"]))["Addresses"]
    assert left["AllocationId"] == other["AllocationId"]
