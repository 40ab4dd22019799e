"""How security groups and single rules of theirs are read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties

MEMBERS = {"Ingress": ("IpPermissions", "Source"), "Egress": ("IpPermissionsEgress", "Destination")}


async def _group(aws: Aws, made: Made, expected: Properties) -> Properties:
    found = (await aws.ec2.describe_security_groups(GroupIds=[made.physical_id]))["SecurityGroups"][0]
    shown: dict[str, Any] = {
        "GroupDescription": found["Description"],
        "GroupName": found["GroupName"],
        "VpcId": found.get("VpcId", ""),
    }
    for direction, (member, end) in MEMBERS.items():
        wanted = expected.get(f"SecurityGroup{direction}", [])
        rules = [rule for one in found[member] for rule in _rules(one, f"{end}SecurityGroupId")]
        # A rule between groups may be a resource of its own, which the group's template says nothing of.
        peers = {rule.get(f"{end}SecurityGroupId") for rule in wanted}
        shown[f"SecurityGroup{direction}"] = [
            rule for rule in rules if rule.get(f"{end}SecurityGroupId") in {None, *peers}
        ]
    return shown


def _rules(permission: Mapping[str, Any], peer: str) -> Iterator[dict[str, Any]]:
    """A permission as the template's rules: one for each range and group."""
    ports = {name: permission[name] for name in ("FromPort", "ToPort", "IpProtocol") if name in permission}
    for one in permission.get("IpRanges", ()):
        yield {**ports, **one}
    for one in permission.get("Ipv6Ranges", ()):
        yield {**ports, **one}
    for one in permission.get("UserIdGroupPairs", ()):
        described = {"Description": one["Description"]} if one.get("Description") else {}
        yield {**ports, peer: one["GroupId"], **described}


async def _rule(aws: Aws, made: Made, expected: Properties) -> Properties:
    answer = await aws.ec2.describe_security_group_rules(SecurityGroupRuleIds=[made.physical_id])
    found = answer["SecurityGroupRules"][0]
    end = MEMBERS["Egress" if found["IsEgress"] else "Ingress"][1]
    return {
        "CidrIp": found.get("CidrIpv4", ""),
        "CidrIpv6": found.get("CidrIpv6", ""),
        "Description": found.get("Description", ""),
        "GroupId": found["GroupId"],
        f"{end}SecurityGroupId": found.get("ReferencedGroupInfo", {}).get("GroupId", ""),
        f"{end}PrefixListId": found.get("PrefixListId", ""),
        **{name: found[name] for name in ("FromPort", "IpProtocol", "ToPort")},
    }


SECURITY_GROUPS = {
    "AWS::EC2::SecurityGroup": _group,
    "AWS::EC2::SecurityGroupEgress": _rule,
    "AWS::EC2::SecurityGroupIngress": _rule,
}
