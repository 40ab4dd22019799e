"""How VPCs and all that lies in them are read back."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties
from bambe.services.ec2.resources.routing import DESTINATIONS, TARGETS
from bambe.services.ec2.resources.vpcs import ATTRIBUTES

GOING = ("deleting", "deleted")


async def _vpc(aws: Aws, made: Made, expected: Properties) -> Properties:
    found = (await aws.ec2.describe_vpcs(VpcIds=[made.physical_id]))["Vpcs"][0]
    shown = {"CidrBlock": found["CidrBlock"], "InstanceTenancy": found["InstanceTenancy"]}
    for name in ATTRIBUTES:
        asked = name[0].lower() + name[1:]
        answer = await aws.ec2.describe_vpc_attribute(VpcId=made.physical_id, Attribute=asked)
        shown[name] = answer[name]["Value"]
    return shown


async def _subnet(aws: Aws, made: Made, expected: Properties) -> Properties:
    return dict((await aws.ec2.describe_subnets(SubnetIds=[made.physical_id]))["Subnets"][0])


async def _gateway(aws: Aws, made: Made, expected: Properties) -> Properties:
    answer = await aws.ec2.describe_internet_gateways(InternetGatewayIds=[made.physical_id])
    return dict(answer["InternetGateways"][0])


async def _attachment(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    gateway = expected["InternetGatewayId"]
    answer = await aws.ec2.describe_internet_gateways(InternetGatewayIds=[gateway])
    attached = answer["InternetGateways"][0]["Attachments"]
    return {"InternetGatewayId": gateway, "VpcId": attached[0]["VpcId"]} if attached else None


async def _table(aws: Aws, made: Made, expected: Properties) -> Properties:
    return await _route_table(aws, made.physical_id)


async def _route_table(aws: Aws, id: str) -> dict[str, Any]:
    return dict((await aws.ec2.describe_route_tables(RouteTableIds=[id]))["RouteTables"][0])


async def _route(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    table = await _route_table(aws, expected["RouteTableId"])
    wanted = {(name, expected[name]) for name in DESTINATIONS if expected.get(name)}
    found = [one for one in table["Routes"] if wanted <= {(name, one.get(name)) for name in DESTINATIONS}]
    if not found:
        return None
    # A target that is not shown is another one than the template's.
    return {**dict.fromkeys(TARGETS, ""), **found[0], "RouteTableId": table["RouteTableId"]}


async def _association(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    filters = [{"Name": "association.route-table-association-id", "Values": [made.physical_id]}]
    tables = (await aws.ec2.describe_route_tables(Filters=filters))["RouteTables"]
    found = [
        one
        for table in tables
        for one in table["Associations"]
        if one["RouteTableAssociationId"] == made.physical_id
    ]
    return dict(found[0]) if found else None


async def _address(aws: Aws, made: Made, expected: Properties) -> Properties:
    id = made.attributes["AllocationId"]
    return dict((await aws.ec2.describe_addresses(AllocationIds=[id]))["Addresses"][0])


async def _nat(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    answer = await aws.ec2.describe_nat_gateways(NatGatewayIds=[made.physical_id])
    found = answer["NatGateways"][0]
    if found["State"] in GOING:
        return None
    address = found["NatGatewayAddresses"][0]
    return {
        **found,
        "AllocationId": address.get("AllocationId", ""),
        "PrivateIpAddress": address["PrivateIp"],
    }


async def _endpoint(aws: Aws, made: Made, expected: Properties) -> Properties | None:
    answer = await aws.ec2.describe_vpc_endpoints(VpcEndpointIds=[made.physical_id])
    found = answer["VpcEndpoints"][0]
    if found["State"] in GOING:
        return None
    return {**found, "SecurityGroupIds": [one["GroupId"] for one in found["Groups"]]}


async def _flow_log(aws: Aws, made: Made, expected: Properties) -> Properties:
    return dict((await aws.ec2.describe_flow_logs(FlowLogIds=[made.physical_id]))["FlowLogs"][0])


NETWORKS = {
    "AWS::EC2::EIP": _address,
    "AWS::EC2::FlowLog": _flow_log,
    "AWS::EC2::InternetGateway": _gateway,
    "AWS::EC2::NatGateway": _nat,
    "AWS::EC2::Route": _route,
    "AWS::EC2::RouteTable": _table,
    "AWS::EC2::Subnet": _subnet,
    "AWS::EC2::SubnetRouteTableAssociation": _association,
    "AWS::EC2::VPC": _vpc,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::EC2::VPCGatewayAttachment": _attachment,
}
