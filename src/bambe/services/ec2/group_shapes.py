"""Security groups and their rules as EC2's answers show them."""

from __future__ import annotations

from bambe.kernel.call import Answer
from bambe.kernel.tags import to_list
from bambe.services.ec2.groups import Permission, SecurityGroup, rule_id


def arn(group: SecurityGroup) -> str:
    """The group's ARN."""
    return f"arn:aws:ec2:{group.region}:{group.account}:security-group/{group.id}"


def shown(group: SecurityGroup) -> Answer:
    """The group as DescribeSecurityGroups shows it."""
    return {
        "GroupId": group.id,
        "GroupName": group.name,
        "Description": group.description,
        "OwnerId": group.account,
        "VpcId": group.vpc,
        "SecurityGroupArn": arn(group),
        "IpPermissions": [_permission(group, one) for one in group.ingress],
        "IpPermissionsEgress": [_permission(group, one) for one in group.egress],
        "Tags": to_list(group.tags),
    }


def shown_rule(group: SecurityGroup, rule: Permission, direction: str) -> Answer:
    """A rule as DescribeSecurityGroupRules shows it."""
    id = rule_id(group, direction, rule)
    has_ports = rule.from_port is not None
    return {
        "SecurityGroupRuleId": id,
        "SecurityGroupRuleArn": f"arn:aws:ec2:{group.region}:{group.account}:security-group-rule/{id}",
        "GroupId": group.id,
        "GroupOwnerId": group.account,
        "IsEgress": direction == "egress",
        "IpProtocol": rule.protocol,
        "FromPort": rule.from_port if has_ports else -1,
        "ToPort": rule.to_port if has_ports else -1,
        **({"Description": rule.description} if rule.description else {}),
        **_peer(group, rule),
        "Tags": to_list(rule.tags),
    }


def _peer(group: SecurityGroup, rule: Permission) -> Answer:
    if rule.source.startswith("sg-"):
        return {"ReferencedGroupInfo": {"GroupId": rule.source, "UserId": group.account, "VpcId": group.vpc}}
    if rule.source.startswith("pl-"):
        return {"PrefixListId": rule.source}
    return {"CidrIpv6" if ":" in rule.source else "CidrIpv4": rule.source}


def _permission(group: SecurityGroup, rule: Permission) -> Answer:
    said = {"Description": rule.description} if rule.description else {}
    made: Answer = {"IpProtocol": rule.protocol, "IpRanges": [], "Ipv6Ranges": [], "UserIdGroupPairs": []}
    made |= {"PrefixListIds": []}
    if rule.from_port is not None:
        made |= {"FromPort": rule.from_port, "ToPort": rule.to_port}
    if rule.source.startswith("sg-"):
        made["UserIdGroupPairs"] = [{"GroupId": rule.source, "UserId": group.account, **said}]
    elif rule.source.startswith("pl-"):
        made["PrefixListIds"] = [{"PrefixListId": rule.source, **said}]
    elif ":" in rule.source:
        made["Ipv6Ranges"] = [{"CidrIpv6": rule.source, **said}]
    else:
        made["IpRanges"] = [{"CidrIp": rule.source, **said}]
    return made
