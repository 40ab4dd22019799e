"""AWS::EC2::VPC, Subnet, InternetGateway and VPCGatewayAttachment."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties, ResourceFailed, ResourceType, Wish
from bambe.services.ec2.resources.words import BUSY, LEAVING, once, retag, said, specifications, truth, unless

ATTRIBUTES = {"EnableDnsSupport": True, "EnableDnsHostnames": False}
"""The attributes of a VPC, and what they are where a template says nothing."""


async def _create_vpc(aws: Aws, wish: Wish) -> Made:
    async def create() -> Any:
        answer = await aws.ec2.create_vpc(
            **said(wish.properties, "CidrBlock", "InstanceTenancy"),
            TagSpecifications=specifications(wish, "vpc"),
        )
        return answer["Vpc"]

    vpc = (await once(wish, aws.ec2.describe_vpcs, "Vpcs", create))["VpcId"]
    await _attributes(aws, vpc, wish.properties)
    return await _made_vpc(aws, vpc)


async def _attributes(aws: Aws, vpc: str, properties: Properties) -> None:
    for name, unsaid in ATTRIBUTES.items():
        value = {"Value": truth(properties.get(name, unsaid))}
        await aws.ec2.modify_vpc_attribute(VpcId=vpc, **{name: value})


async def _update_vpc(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    await _attributes(aws, made.physical_id, wish.properties)
    await retag(aws, made.physical_id, wish)
    return await _made_vpc(aws, made.physical_id)


async def _made_vpc(aws: Aws, id: str) -> Made:
    vpc = (await aws.ec2.describe_vpcs(VpcIds=[id]))["Vpcs"][0]
    filters = [{"Name": "vpc-id", "Values": [id]}, {"Name": "group-name", "Values": ["default"]}]
    group = (await aws.ec2.describe_security_groups(Filters=filters))["SecurityGroups"][0]
    attributes = {
        "CidrBlock": vpc["CidrBlock"],
        "CidrBlockAssociations": [one["AssociationId"] for one in vpc["CidrBlockAssociationSet"]],
        "DefaultNetworkAcl": id.replace("vpc-", "acl-"),
        "DefaultSecurityGroup": group["GroupId"],
        "Ipv6CidrBlocks": [],
        "VpcId": id,
    }
    return Made(id, attributes)


async def _delete_vpc(aws: Aws, made: Made, properties: Properties) -> None:
    await unless(("InvalidVpcID.NotFound",), aws.ec2.delete_vpc(VpcId=made.physical_id))


async def _create_subnet(aws: Aws, wish: Wish) -> Made:
    async def create() -> Any:
        answer = await aws.ec2.create_subnet(
            **said(wish.properties, "VpcId", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId"),
            TagSpecifications=specifications(wish, "subnet"),
        )
        return answer["Subnet"]

    subnet = (await once(wish, aws.ec2.describe_subnets, "Subnets", create))["SubnetId"]
    await _set_public(aws, subnet, wish.properties)
    return await _made_subnet(aws, subnet)


async def _set_public(aws: Aws, subnet: str, properties: Properties) -> None:
    value = {"Value": truth(properties.get("MapPublicIpOnLaunch", False))}
    await aws.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch=value)


async def _update_subnet(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    await _set_public(aws, made.physical_id, wish.properties)
    await retag(aws, made.physical_id, wish)
    return await _made_subnet(aws, made.physical_id)


async def _made_subnet(aws: Aws, id: str) -> Made:
    subnet = (await aws.ec2.describe_subnets(SubnetIds=[id]))["Subnets"][0]
    attributes = {
        "AvailabilityZone": subnet["AvailabilityZone"],
        "AvailabilityZoneId": subnet["AvailabilityZoneId"],
        "CidrBlock": subnet["CidrBlock"],
        "Ipv6CidrBlocks": [],
        "NetworkAclAssociationId": id.replace("subnet-", "aclassoc-"),
        "OutpostArn": "",
        "SubnetId": id,
        "VpcId": subnet["VpcId"],
    }
    return Made(id, attributes)


async def _delete_subnet(aws: Aws, made: Made, properties: Properties) -> None:
    await unless(("InvalidSubnetID.NotFound",), aws.ec2.delete_subnet(SubnetId=made.physical_id))


async def _create_gateway(aws: Aws, wish: Wish) -> Made:
    async def create() -> Any:
        tags = specifications(wish, "internet-gateway")
        return (await aws.ec2.create_internet_gateway(TagSpecifications=tags))["InternetGateway"]

    found = await once(wish, aws.ec2.describe_internet_gateways, "InternetGateways", create)
    id = str(found["InternetGatewayId"])
    return Made(id, {"InternetGatewayId": id})


async def _update_gateway(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    await retag(aws, made.physical_id, wish)
    return made


async def _delete_gateway(aws: Aws, made: Made, properties: Properties) -> None:
    request = aws.ec2.delete_internet_gateway(InternetGatewayId=made.physical_id)
    await unless(("InvalidInternetGatewayID.NotFound",), request)


async def _attach(aws: Aws, wish: Wish) -> Made:
    gateway, vpc = _attachment(wish.properties)
    found = await aws.ec2.describe_internet_gateways(InternetGatewayIds=[gateway])
    attached = [one["VpcId"] for one in found["InternetGateways"][0]["Attachments"]]
    if attached != [vpc]:
        await aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    return Made(f"IGW|{vpc}", {"AttachmentType": "IGW"})


async def _attach_another(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    if _attachment(wish.properties) != _attachment(old):
        await _detach(aws, made, old)
    return await _attach(aws, wish)


async def _detach(aws: Aws, made: Made, properties: Properties) -> None:
    gateway, vpc = _attachment(properties)
    gone = ("Gateway.NotAttached", "InvalidInternetGatewayID.NotFound", "InvalidVpcID.NotFound")
    await unless(gone, aws.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc))


def _attachment(properties: Properties) -> tuple[str, str]:
    if not properties.get("InternetGatewayId"):
        raise ResourceFailed("Bambe attaches internet gateways only: InternetGatewayId must be given")
    return properties["InternetGatewayId"], properties["VpcId"]


VPCS = (
    ResourceType(
        name="AWS::EC2::VPC",
        properties=frozenset({*ATTRIBUTES, "CidrBlock", "InstanceTenancy", "Tags"}),
        required=frozenset({"CidrBlock"}),
        replaces=frozenset({"CidrBlock", "InstanceTenancy"}),
        create=_create_vpc,
        update=_update_vpc,
        delete=_delete_vpc,
        busy=BUSY,
        limit=LEAVING,
    ),
    ResourceType(
        name="AWS::EC2::Subnet",
        properties=frozenset(
            {"AvailabilityZone", "AvailabilityZoneId", "CidrBlock", "MapPublicIpOnLaunch", "Tags", "VpcId"}
        ),
        required=frozenset({"CidrBlock", "VpcId"}),
        replaces=frozenset({"AvailabilityZone", "AvailabilityZoneId", "CidrBlock", "VpcId"}),
        create=_create_subnet,
        update=_update_subnet,
        delete=_delete_subnet,
        busy=BUSY,
        limit=LEAVING,
    ),
    ResourceType(
        name="AWS::EC2::InternetGateway",
        properties=frozenset({"Tags"}),
        create=_create_gateway,
        update=_update_gateway,
        delete=_delete_gateway,
        busy=BUSY,
        limit=LEAVING,
    ),
    ResourceType(
        name="AWS::EC2::VPCGatewayAttachment",
        properties=frozenset({"InternetGatewayId", "VpcId"}),
        required=frozenset({"VpcId"}),
        replaces=frozenset({"VpcId"}),
        create=_attach,
        update=_attach_another,
        delete=_detach,
        busy=BUSY,
        limit=LEAVING,
    ),
)
