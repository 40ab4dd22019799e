"""Rules of security groups: references between groups, limits, descriptions, and what keeps a group."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.services.ec2.defaults import Network
from tests.support.house import ACCOUNT, REGION
from tests.unit.services.ec2.conftest import Net, refused


async def group(net: Net, name: str = "web", vpc: str | None = None) -> str:
    made = await net.ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc or net.vpc)
    return str(made["GroupId"])


def rule(port: int = 80, **more: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **more}


async def test_names_are_unique_in_a_vpc(net: Net) -> None:
    await group(net)
    await refused(group(net), "InvalidGroup.Duplicate")
    await group(net, vpc=Network(ACCOUNT, REGION).vpc)
    await refused(group(net, "default"), "InvalidParameterValue", "reserved")
    await refused(group(net, "sg-web"), "InvalidParameterValue")
    long = net.ec2.create_security_group(GroupName="x", Description="<html>", VpcId=net.vpc)
    await refused(long, "InvalidParameterValue", "Invalid security group description")


async def test_a_group_that_a_rule_names_stays(net: Net) -> None:
    web, data = await group(net, "web"), await group(net, "data")
    pair = rule(5432, UserIdGroupPairs=[{"GroupId": web, "Description": "from web"}])
    await net.ec2.authorize_security_group_ingress(GroupId=data, IpPermissions=[pair])
    await refused(
        net.ec2.delete_security_group(GroupId=web),
        "DependencyViolation",
        f"resource {web} has a dependent object",
    )
    # A rule is the same whatever its description says.
    bare = rule(5432, UserIdGroupPairs=[{"GroupId": web}])
    again = net.ec2.authorize_security_group_ingress(GroupId=data, IpPermissions=[bare])
    await refused(again, "InvalidPermission.Duplicate")
    await net.ec2.revoke_security_group_ingress(GroupId=data, IpPermissions=[bare])
    await net.ec2.delete_security_group(GroupId=web)


async def test_rules_name_groups_of_their_own_vpc(net: Net) -> None:
    web, foreign = await group(net), await group(net, vpc=Network(ACCOUNT, REGION).vpc)
    pair = rule(UserIdGroupPairs=[{"GroupId": foreign}])
    request = net.ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[pair])
    await refused(request, "InvalidGroup.NotFound", "belong to different networks")
    pair = rule(UserIdGroupPairs=[{"GroupId": "sg-1"}])
    request = net.ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[pair])
    await refused(request, "InvalidGroup.NotFound", "'sg-1' does not exist")


async def test_a_direction_has_sixty_rules(net: Net) -> None:
    web = await group(net)
    some = [rule(1000 + number, IpRanges=[{"CidrIp": "10.0.0.0/8"}]) for number in range(60)]
    await net.ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=some)
    more = [rule(80, IpRanges=[{"CidrIp": "10.0.0.0/8"}])]
    request = net.ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=more)
    await refused(request, "RulesPerSecurityGroupLimitExceeded")


@pytest.mark.parametrize(
    "wrong",
    [
        {"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        {"IpProtocol": "tcp", "FromPort": 90, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        {"IpProtocol": "http", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        rule(IpRanges=[{"CidrIp": "10.0.0.1"}]),
        rule(IpRanges=[{"CidrIp": "::/0"}]),
        rule(IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "it's"}]),
        rule(),
    ],
)
async def test_rules_that_are_none(net: Net, wrong: dict[str, Any]) -> None:
    request = net.ec2.authorize_security_group_ingress(GroupId=await group(net), IpPermissions=[wrong])
    await refused(request, "InvalidParameterValue")


async def test_rules_have_ids(net: Net) -> None:
    web = await group(net)
    ranges = [{"CidrIp": "10.1.2.3/8", "Description": "inside"}]
    made = await net.ec2.authorize_security_group_ingress(
        GroupId=web, IpPermissions=[{**rule(), "IpProtocol": "6", "IpRanges": ranges}]
    )
    (shown,) = made["SecurityGroupRules"]
    assert (shown["CidrIpv4"], shown["IpProtocol"]) == ("10.0.0.0/8", "tcp")
    said = [{"SecurityGroupRuleId": shown["SecurityGroupRuleId"], "Description": "from everywhere inside"}]
    await net.ec2.update_security_group_rule_descriptions_ingress(
        GroupId=web, SecurityGroupRuleDescriptions=said
    )
    filters = [{"Name": "group-id", "Values": [web]}]
    rules = (await net.ec2.describe_security_group_rules(Filters=filters))["SecurityGroupRules"]
    (inward,) = [one for one in rules if not one["IsEgress"]]
    assert inward["Description"] == "from everywhere inside"
    ids = [inward["SecurityGroupRuleId"]]
    await net.ec2.revoke_security_group_ingress(GroupId=web, SecurityGroupRuleIds=ids)
    again = net.ec2.revoke_security_group_ingress(GroupId=web, SecurityGroupRuleIds=ids)
    await refused(again, "InvalidSecurityGroupRuleId.NotFound")


async def test_what_a_load_balancer_uses_stays(net: Net) -> None:
    web = await group(net)
    await net.attached()
    balancer = await net.house.aws.elbv2.create_load_balancer(
        Name="shop", Subnets=net.subnets, SecurityGroups=[web]
    )
    await refused(net.ec2.delete_security_group(GroupId=web), "DependencyViolation")
    await refused(net.ec2.delete_subnet(SubnetId=net.subnets[0]), "DependencyViolation")
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    await net.house.aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    await net.ec2.delete_security_group(GroupId=web)
    await net.ec2.delete_subnet(SubnetId=net.subnets[0])
