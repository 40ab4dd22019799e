"""EC2's CloudFormation types: SecurityGroup, SecurityGroupIngress, SecurityGroupEgress."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.ids import digest_id
from bambe.kernel.resources import Made, Properties, ResourceType, Wish
from bambe.kernel.tags import to_list

RULE = ("CidrIp", "CidrIpv6", "Description", "FromPort", "IpProtocol", "ToPort")
PEER = {"ingress": "SourceSecurityGroupId", "egress": "DestinationSecurityGroupId"}
UNSAID: dict[str, list[dict[str, str]]] = {
    "ingress": [],
    "egress": [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}],
}
"""The rules of a group whose template says none."""
TOKEN = "bambe:creation"


async def _create_group(aws: Aws, wish: Wish) -> Made:
    name = wish.properties.get("GroupName") or wish.name
    group = await _of_token(aws, wish.token)
    if group is None:
        own = {tag["Key"]: tag["Value"] for tag in wish.properties.get("Tags", [])}
        tags = to_list({**wish.tags, **own, TOKEN: wish.token})
        vpc = {"VpcId": wish.properties["VpcId"]} if "VpcId" in wish.properties else {}
        answer = await aws.ec2.create_security_group(
            GroupName=name,
            Description=wish.properties["GroupDescription"],
            TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
            **vpc,
        )
        group = answer["GroupId"]
    try:
        await _set_rules(aws, str(group), {}, wish.properties)
    except AwsError:
        await _delete_group(aws, Made(str(group)), wish.properties)
        raise
    return await _made(aws, str(group))


async def _of_token(aws: Aws, token: str) -> str | None:
    filters = [{"Name": f"tag:{TOKEN}", "Values": [token]}]
    found = (await aws.ec2.describe_security_groups(Filters=filters))["SecurityGroups"]
    return str(found[0]["GroupId"]) if found else None


async def _made(aws: Aws, group: str) -> Made:
    found = (await aws.ec2.describe_security_groups(GroupIds=[group]))["SecurityGroups"][0]
    return Made(group, {"GroupId": group, "VpcId": found["VpcId"], "Id": group})


async def _update_group(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    await _set_rules(aws, made.physical_id, old, wish.properties)
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
    await _unless(aws.ec2.delete_security_group(GroupId=made.physical_id), ("InvalidGroup.NotFound",))


async def _create_ingress(aws: Aws, wish: Wish) -> Made:
    return await _create_rule(aws, wish, "ingress")


async def _create_egress(aws: Aws, wish: Wish) -> Made:
    return await _create_rule(aws, wish, "egress")


async def _create_rule(aws: Aws, wish: Wish, direction: str) -> Made:
    await _authorize(aws, wish.properties["GroupId"], direction, wish.properties)
    return Made(f"sgr-{digest_id(wish.token, length=17)}")


async def _delete_ingress(aws: Aws, made: Made, properties: Properties) -> None:
    await _revoke(aws, properties["GroupId"], "ingress", properties)


async def _delete_egress(aws: Aws, made: Made, properties: Properties) -> None:
    await _revoke(aws, properties["GroupId"], "egress", properties)


async def _authorize(aws: Aws, group: str, direction: str, rule: Properties) -> None:
    call = getattr(aws.ec2, f"authorize_security_group_{direction}")
    # A rule that is there already is what an earlier try made.
    request = call(GroupId=group, IpPermissions=[_permission(rule, direction)])
    await _unless(request, ("InvalidPermission.Duplicate",))


async def _revoke(aws: Aws, group: str, direction: str, rule: Properties) -> None:
    call = getattr(aws.ec2, f"revoke_security_group_{direction}")
    request = call(GroupId=group, IpPermissions=[_permission(rule, direction)])
    await _unless(request, ("InvalidPermission.NotFound", "InvalidGroup.NotFound"))


async def _unless(request: Any, codes: Iterable[str]) -> None:
    try:
        await request
    except AwsError as error:
        if error.wire_code() not in codes:
            raise


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
    return made


def _rule_type(direction: str, create: Any, delete: Any) -> ResourceType:
    names = frozenset({*RULE, PEER[direction], "GroupId"})
    return ResourceType(
        name=f"AWS::EC2::SecurityGroup{direction.capitalize()}",
        properties=names,
        required=frozenset({"GroupId", "IpProtocol"}),
        replaces=names,
        create=create,
        delete=delete,
    )


RESOURCES = (
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
    ),
    _rule_type("ingress", _create_ingress, _delete_ingress),
    _rule_type("egress", _create_egress, _delete_egress),
)
