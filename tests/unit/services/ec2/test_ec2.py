"""The default network, the same every time; security groups and their rules; CloudFormation types."""

from __future__ import annotations

from collections.abc import Awaitable
from ipaddress import ip_network
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import ResourceType, Wish
from bambe.services.ec2.defaults import Network
from bambe.services.ec2.model import VPC_CIDR
from bambe.services.ec2.resources import RESOURCES
from tests.support.house import ACCOUNT, REGION, House

HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
TYPES: dict[str, ResourceType] = {one.name: one for one in RESOURCES}


async def refused(request: Awaitable[Any], code: str) -> None:
    with pytest.raises(AwsError) as caught:
        await request
    assert caught.value.wire_code() == code


def wish(token: str = "t", **properties: Any) -> Wish:
    return Wish("s", "arn", "G", "s-G-1", token, properties, {"team": "a"})


def test_the_network_is_the_same_every_time_and_another_elsewhere() -> None:
    one, again, other = Network("1", "here"), Network("1", "here"), Network("1", "there")
    assert one == again
    assert one.vpc == again.vpc != other.vpc
    cidrs = [ip_network(subnet.cidr) for subnet in one.subnets]
    assert all(cidr.subnet_of(ip_network(VPC_CIDR)) for cidr in cidrs)  # type: ignore[arg-type]
    assert not any(a.overlaps(b) for a in cidrs for b in cidrs if a != b)


async def test_the_default_network(house: House) -> None:
    ec2 = house.aws.ec2
    (vpc,) = (await ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}]))["Vpcs"]
    subnets = (await ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]))["Subnets"]
    zones = (await ec2.describe_availability_zones())["AvailabilityZones"]
    assert [one["AvailabilityZone"] for one in subnets] == [one["ZoneName"] for one in zones]
    (table,) = (await ec2.describe_route_tables())["RouteTables"]
    assert table["Associations"][0]["Main"]
    (group,) = (await ec2.describe_security_groups())["SecurityGroups"]
    assert (group["GroupName"], group["VpcId"]) == ("default", vpc["VpcId"])
    assert (await ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}]))["Vpcs"] == []


async def test_what_does_not_exist_is_named_as_aws_does(house: House) -> None:
    ec2 = house.aws.ec2
    await refused(ec2.describe_vpcs(VpcIds=["vpc-1"]), "InvalidVpcID.NotFound")
    await refused(ec2.describe_subnets(SubnetIds=["subnet-1"]), "InvalidSubnetID.NotFound")
    await refused(ec2.describe_security_groups(GroupIds=["sg-1"]), "InvalidGroup.NotFound")
    await refused(ec2.delete_security_group(GroupId="sg-1"), "InvalidGroup.NotFound")
    await refused(
        ec2.describe_network_interfaces(NetworkInterfaceIds=["eni-1"]), "InvalidNetworkInterfaceID.NotFound"
    )
    strange = [{"Name": "colour", "Values": ["red"]}]
    await refused(ec2.describe_vpcs(Filters=strange), "InvalidParameterValue")


async def test_a_groups_life(house: House) -> None:
    ec2 = house.aws.ec2
    made = (await ec2.create_security_group(GroupName="web", Description="d"))["GroupId"]
    await refused(ec2.create_security_group(GroupName="web", Description="d"), "InvalidGroup.Duplicate")
    await ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[HTTPS])
    again = ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[HTTPS])
    await refused(again, "InvalidPermission.Duplicate")
    await ec2.create_tags(Resources=[made], Tags=[{"Key": "team", "Value": "a"}])
    tagged = await ec2.describe_security_groups(Filters=[{"Name": "tag:team", "Values": ["a"]}])
    (group,) = tagged["SecurityGroups"]
    assert group["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    assert group["IpPermissionsEgress"][0]["IpProtocol"] == "-1"
    await ec2.revoke_security_group_ingress(GroupId=made, IpPermissions=[HTTPS])
    gone = ec2.revoke_security_group_ingress(GroupId=made, IpPermissions=[HTTPS])
    await refused(gone, "InvalidPermission.NotFound")
    await ec2.delete_security_group(GroupId=made)
    assert len((await ec2.describe_security_groups())["SecurityGroups"]) == 1


async def test_the_default_group_stays(house: House) -> None:
    default = Network(ACCOUNT, REGION).default_group
    await refused(house.aws.ec2.delete_security_group(GroupId=default), "CannotDelete")


async def test_a_group_from_a_template_is_made_once_per_token(house: House) -> None:
    group = TYPES["AWS::EC2::SecurityGroup"]
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "192.0.2.0/24"}
    said = {"GroupDescription": "d", "SecurityGroupIngress": [rule]}
    made = await group.create(house.aws, wish(**said))
    assert made == await group.create(house.aws, wish(**said))
    assert made.attributes["GroupId"] == made.physical_id
    assert group.update
    changed = {"GroupDescription": "d", "SecurityGroupIngress": [{**rule, "ToPort": 81}]}
    await group.update(house.aws, wish(**changed), made, said)
    found = await house.aws.ec2.describe_security_groups(GroupIds=[made.physical_id])
    (shown,) = found["SecurityGroups"]
    assert [one["ToPort"] for one in shown["IpPermissions"]] == [81]
    await group.delete(house.aws, made, changed)
    await group.delete(house.aws, made, changed)


@pytest.mark.parametrize("direction", ["Ingress", "Egress"])
async def test_a_rule_from_a_template(house: House, direction: str) -> None:
    rule = TYPES[f"AWS::EC2::SecurityGroup{direction}"]
    group = (await house.aws.ec2.create_security_group(GroupName="web", Description="d"))["GroupId"]
    said = {"GroupId": group, "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "192.0.2.0/24"}

    async def rules() -> list[Any]:
        (shown,) = (await house.aws.ec2.describe_security_groups(GroupIds=[group]))["SecurityGroups"]
        found = shown["IpPermissions" if direction == "Ingress" else "IpPermissionsEgress"]
        return [one for one in found if one.get("FromPort") == 80]

    made = await rule.create(house.aws, wish(**said))
    assert made == await rule.create(house.aws, wish(**said))
    assert len(await rules()) == 1
    await rule.delete(house.aws, made, said)
    await rule.delete(house.aws, made, said)
    assert await rules() == []


async def test_a_group_with_rules_of_its_own_for_egress_has_no_other(house: House) -> None:
    group = TYPES["AWS::EC2::SecurityGroup"]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
    made = await group.create(house.aws, wish(GroupDescription="d", SecurityGroupEgress=[rule]))
    (shown,) = (await house.aws.ec2.describe_security_groups(GroupIds=[made.physical_id]))["SecurityGroups"]
    assert [one["IpProtocol"] for one in shown["IpPermissionsEgress"]] == ["tcp"]
