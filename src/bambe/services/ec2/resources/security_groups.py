"""AWS::EC2::SecurityGroup, SecurityGroupIngress and SecurityGroupEgress."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceFailed, ResourceType, Wish
from bambe.services.ec2.resources.words import BUSY, LEAVING, once, retag, said, specifications, unless

RULE = ("CidrIp", "CidrIpv6", "Description", "FromPort", "IpProtocol", "ToPort")
PEER = {"ingress": "SourceSecurityGroupId", "egress": "DestinationSecurityGroupId"}
LISTED = {"ingress": "SourcePrefixListId", "egress": "DestinationPrefixListId"}
UNSAID: dict[str, list[dict[str, str]]] = {
    "ingress": [],
    "egress": [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}],
}
"""The rules of a group whose template says none."""


async def _create_group(aws: Aws, wish: Wish) -> Made:
    async def create() -> Any:
        return await aws.ec2.create_security_group(
            GroupName=wish.properties.get("GroupName") or wish.name,
            Description=wish.properties["GroupDescription"],
            TagSpecifications=specifications(wish, "security-group"),
            **said(wish.properties, "VpcId"),
        )

    found = await once(wish, aws.ec2.describe_security_groups, "SecurityGroups", create)
    group = str(found["GroupId"])
    try:
        await _set_rules(aws, group, {}, wish.properties)
    except AwsError:
        await _delete_group(aws, Made(group), wish.properties)
        raise
    return await _made(aws, group)


async def _made(aws: Aws, group: str) -> Made:
    found = (await aws.ec2.describe_security_groups(GroupIds=[group]))["SecurityGroups"][0]
    return Made(group, {"GroupId": group, "VpcId": found["VpcId"], "Id": group})


async def _update_group(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    await _set_rules(aws, made.physical_id, old, wish.properties)
    await retag(aws, made.physical_id, wish)
    return await _made(aws, made.physical_id)


async def _set_rules(aws: Aws, group: str, old: Properties, new: Properties) -> None:
    for direction in ("ingress", "egress"):
        member = f"SecurityGroup{direction.capitalize()}"
        before, after = (said.get(member) or UNSAID[direction] for said in (old, new))
        for rule in (one for one in before if one not in after):
            await _revoke(aws, group, direction, rule)
        for rule in (one for one in after if one not in before):
            await _authorize(aws, group, direction, rule)


async def _delete_group(aws: Aws, made: Made, properties: Properties) -> None:
    await unless(("InvalidGroup.NotFound",), aws.ec2.delete_security_group(GroupId=made.physical_id))


async def _create_ingress(aws: Aws, wish: Wish) -> Made:
    return await _create_rule(aws, wish, "ingress")


async def _create_egress(aws: Aws, wish: Wish) -> Made:
    return await _create_rule(aws, wish, "egress")


async def _create_rule(aws: Aws, wish: Wish, direction: str) -> Made:
    group = await _group(aws, wish.properties)
    id = await _authorize(aws, group, direction, wish.properties)
    return Made(id, {"Id": id})


async def _update_ingress(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    return await _describe(aws, wish, made, "ingress")


async def _update_egress(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    return await _describe(aws, wish, made, "egress")


async def _describe(aws: Aws, wish: Wish, made: Made, direction: str) -> Made:
    """Only the description changes in place."""
    call = getattr(aws.ec2, f"update_security_group_rule_descriptions_{direction}")
    said = {"SecurityGroupRuleId": made.physical_id, "Description": wish.properties.get("Description", "")}
    await call(GroupId=await _group(aws, wish.properties), SecurityGroupRuleDescriptions=[said])
    return made


async def _delete_ingress(aws: Aws, made: Made, properties: Properties) -> None:
    await _revoke(aws, await _group(aws, properties), "ingress", properties)


async def _delete_egress(aws: Aws, made: Made, properties: Properties) -> None:
    await _revoke(aws, await _group(aws, properties), "egress", properties)


async def _group(aws: Aws, properties: Properties) -> str:
    """The group of a rule, which in the default VPC may be named."""
    if properties.get("GroupId"):
        return str(properties["GroupId"])
    if not properties.get("GroupName"):
        raise ResourceFailed("Either GroupId or GroupName must be given")
    vpcs = await aws.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])
    filters = [
        {"Name": "group-name", "Values": [properties["GroupName"]]},
        {"Name": "vpc-id", "Values": [vpcs["Vpcs"][0]["VpcId"]]},
    ]
    found = (await aws.ec2.describe_security_groups(Filters=filters))["SecurityGroups"]
    return str(found[0]["GroupId"]) if found else str(properties["GroupName"])


async def _authorize(aws: Aws, group: str, direction: str, rule: Properties) -> str:
    """The rule's id; a rule that is there already is what an earlier try made."""
    call = getattr(aws.ec2, f"authorize_security_group_{direction}")
    request = call(GroupId=group, IpPermissions=[_permission(rule, direction)])
    answer = await unless(("InvalidPermission.Duplicate",), request)
    return (
        str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])
        if answer
        else await _known(aws, group, direction, rule)
    )


async def _known(aws: Aws, group: str, direction: str, rule: Properties) -> str:
    """The id of a rule that is there."""
    revoked = {"Name": "group-id", "Values": [group]}
    found = (await aws.ec2.describe_security_group_rules(Filters=[revoked]))["SecurityGroupRules"]
    protocol = str(rule["IpProtocol"]).lower()
    for one in found:
        peers = (
            one.get("CidrIpv4"),
            one.get("CidrIpv6"),
            one.get("PrefixListId"),
            one.get("ReferencedGroupInfo", {}).get("GroupId"),
        )
        wanted = {rule.get(name) for name in ("CidrIp", "CidrIpv6", PEER[direction], LISTED[direction])}
        ports = (one["FromPort"], one["ToPort"])
        same = ports == tuple(int(rule.get(name, -1)) for name in ("FromPort", "ToPort"))
        if (
            one["IsEgress"] == (direction == "egress")
            and one["IpProtocol"] == protocol
            and ((same or protocol == "-1") and wanted - {None} <= set(peers))
        ):
            return str(one["SecurityGroupRuleId"])
    raise ResourceFailed("The specified rule already exists")


async def _revoke(aws: Aws, group: str, direction: str, rule: Properties) -> None:
    call = getattr(aws.ec2, f"revoke_security_group_{direction}")
    request = call(GroupId=group, IpPermissions=[_permission(rule, direction)])
    await unless(("InvalidPermission.NotFound", "InvalidGroup.NotFound"), request)


def _permission(rule: Properties, direction: str) -> dict[str, Any]:
    said = {"Description": rule["Description"]} if rule.get("Description") else {}
    made: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
    for port in ("FromPort", "ToPort"):
        if port in rule:
            made[port] = int(rule[port])
    if "CidrIp" in rule:
        made["IpRanges"] = [{"CidrIp": rule["CidrIp"], **said}]
    if "CidrIpv6" in rule:
        made["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **said}]
    if PEER[direction] in rule:
        made["UserIdGroupPairs"] = [{"GroupId": rule[PEER[direction]], **said}]
    elif "SourceSecurityGroupName" in rule:
        made["UserIdGroupPairs"] = [{"GroupName": rule["SourceSecurityGroupName"], **said}]
    if LISTED[direction] in rule:
        made["PrefixListIds"] = [{"PrefixListId": rule[LISTED[direction]], **said}]
    return made


def _rule_type(direction: str, *more: str, **verbs: Any) -> ResourceType:
    names = frozenset({*RULE, PEER[direction], LISTED[direction], "GroupId", *more})
    return ResourceType(
        name=f"AWS::EC2::SecurityGroup{direction.capitalize()}",
        properties=names,
        required=frozenset({"IpProtocol"} if more else {"GroupId", "IpProtocol"}),
        replaces=names - {"Description"},
        **verbs,
    )


NAMED = ("GroupName", "SourceSecurityGroupName", "SourceSecurityGroupOwnerId")
SECURITY_GROUPS = (
    ResourceType(
        name="AWS::EC2::SecurityGroup",
        properties=frozenset(
            {"GroupDescription", "GroupName", "SecurityGroupEgress", "SecurityGroupIngress", "Tags", "VpcId"}
        ),
        required=frozenset({"GroupDescription"}),
        replaces=frozenset({"GroupDescription", "GroupName", "VpcId"}),
        create=_create_group,
        update=_update_group,
        delete=_delete_group,
        busy=BUSY,
        limit=LEAVING,
    ),
    _rule_type("ingress", *NAMED, create=_create_ingress, update=_update_ingress, delete=_delete_ingress),
    _rule_type("egress", create=_create_egress, update=_update_egress, delete=_delete_egress),
)
