"""Security groups and their rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.ids import digest_id, hex_id
from bambe.kernel.tags import to_dict, to_list
from bambe.services.ec2.errors import (
    CannotDelete,
    InvalidGroupDuplicate,
    InvalidGroupNotFound,
    InvalidID,
    InvalidParameterValue,
    InvalidPermissionDuplicate,
    InvalidPermissionNotFound,
    InvalidVpcIDNotFound,
)
from bambe.services.ec2.filters import filtered
from bambe.services.ec2.model import (
    ANYWHERE,
    Network,
    Permission,
    SecurityGroup,
    default_group,
    permissions,
)
from bambe.services.ec2.tables import GROUPS

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        AuthorizeSecurityGroupEgressRequestTypeDef,
        AuthorizeSecurityGroupIngressRequestTypeDef,
        ClientCreateTagsRequestTypeDef,
        CreateSecurityGroupRequestTypeDef,
        DeleteSecurityGroupRequestTypeDef,
        DescribeSecurityGroupsRequestTypeDef,
        RevokeSecurityGroupEgressRequestTypeDef,
        RevokeSecurityGroupIngressRequestTypeDef,
    )


async def create_security_group(call: Call, request: CreateSecurityGroupRequestTypeDef) -> Answer:
    network = Network(call.account, call.region)
    vpc = request.get("VpcId", network.vpc)
    if vpc != network.vpc:
        raise InvalidVpcIDNotFound(f"The vpc ID '{vpc}' does not exist")
    specifications = request.get("TagSpecifications") or [{}]
    group = SecurityGroup(
        account=call.account,
        region=call.region,
        id=f"sg-{hex_id(17)}",
        name=request["GroupName"],
        description=request["Description"],
        vpc=vpc,
        egress=[ANYWHERE],
        tags=to_dict(specifications[0].get("Tags", ())),
    )

    def create(tx: Tx) -> None:
        if any(one.name == group.name for one in _all(tx, network)):
            raise InvalidGroupDuplicate(f"The security group '{group.name}' already exists for VPC '{vpc}'")
        GROUPS.insert(tx, group)

    await call.store.write(create)
    return {"GroupId": group.id, "Tags": to_list(group.tags)}


async def describe_security_groups(call: Call, request: DescribeSecurityGroupsRequestTypeDef) -> Answer:
    network = Network(call.account, call.region)

    def describe(tx: Tx) -> list[SecurityGroup]:
        wanted = request.get("GroupIds")
        return [_get(tx, network, one) for one in wanted] if wanted else _all(tx, network)

    found = filtered(
        await call.store.read(describe),
        request.get("Filters"),
        {
            "vpc-id": lambda one: [one.vpc],
            "group-id": lambda one: [one.id],
            "group-name": lambda one: [one.name],
            "description": lambda one: [one.description],
            "tag-key": lambda one: list(one.tags),
            **{name: _tag(name) for name in _tag_filters(request)},
        },
    )
    names = request.get("GroupNames")
    return {"SecurityGroups": [_shown(one) for one in found if not names or one.name in names]}


async def delete_security_group(call: Call, request: DeleteSecurityGroupRequestTypeDef) -> Answer:
    network = Network(call.account, call.region)
    wanted = request.get("GroupId", "")
    if wanted == network.default_group:
        raise CannotDelete(f'the specified group: "{wanted}" name: "default" cannot be deleted by a user')

    def delete(tx: Tx) -> None:
        _get(tx, network, wanted)
        GROUPS.delete(tx, call.account, call.region, wanted)

    await call.store.write(delete)
    return {"Return": True, "GroupId": wanted}


async def authorize_security_group_ingress(
    call: Call, request: AuthorizeSecurityGroupIngressRequestTypeDef
) -> Answer:
    return await _authorize(call, request, "ingress")


async def authorize_security_group_egress(
    call: Call, request: AuthorizeSecurityGroupEgressRequestTypeDef
) -> Answer:
    return await _authorize(call, request, "egress")


async def revoke_security_group_ingress(
    call: Call, request: RevokeSecurityGroupIngressRequestTypeDef
) -> Answer:
    return await _revoke(call, request, "ingress")


async def revoke_security_group_egress(
    call: Call, request: RevokeSecurityGroupEgressRequestTypeDef
) -> Answer:
    return await _revoke(call, request, "egress")


async def create_tags(call: Call, request: ClientCreateTagsRequestTypeDef) -> Answer:
    network = Network(call.account, call.region)
    fresh = to_dict(request["Tags"])

    def tag(tx: Tx) -> None:
        for resource in request["Resources"]:
            if not resource.startswith("sg-"):
                raise InvalidID(f"The ID '{resource}' is not valid: only security groups are tagged here")
            group = _get(tx, network, resource)
            GROUPS.put(tx, replace(group, tags={**group.tags, **fresh}))

    await call.store.write(tag)
    return {}


async def _authorize(call: Call, request: Any, direction: str) -> Answer:
    network, fresh = Network(call.account, call.region), _rules(request)

    def authorize(tx: Tx) -> SecurityGroup:
        group = _get(tx, network, request.get("GroupId", ""))
        rules: list[Permission] = getattr(group, direction)
        for rule in fresh:
            if rule in rules:
                raise InvalidPermissionDuplicate(
                    f'the specified rule "peer: {rule.source}, {rule.protocol.upper()}" already exists'
                )
        changed = _with(group, direction, [*rules, *fresh])
        GROUPS.put(tx, changed)
        return changed

    group = await call.store.write(authorize)
    shown = [_rule(group, rule, direction) for rule in fresh]
    return {"Return": True, "SecurityGroupRules": shown}


async def _revoke(call: Call, request: Any, direction: str) -> Answer:
    network, gone = Network(call.account, call.region), _rules(request)

    def revoke(tx: Tx) -> None:
        group = _get(tx, network, request.get("GroupId", ""))
        rules: list[Permission] = getattr(group, direction)
        if any(rule not in rules for rule in gone):
            raise InvalidPermissionNotFound("The specified rule does not exist in this security group.")
        GROUPS.put(tx, _with(group, direction, [rule for rule in rules if rule not in gone]))

    await call.store.write(revoke)
    return {"Return": True}


def _with(group: SecurityGroup, direction: str, rules: list[Permission]) -> SecurityGroup:
    return replace(group, ingress=rules) if direction == "ingress" else replace(group, egress=rules)


def _rules(request: Any) -> list[Permission]:
    found = permissions(request)
    if not found:
        raise InvalidParameterValue("Either 'ipPermissions' or a source must be given")
    return found


def _get(tx: Tx, network: Network, group: str) -> SecurityGroup:
    found = GROUPS.find(tx, network.account, network.region, group)
    if found is None and group == network.default_group:
        return default_group(network)
    if found is None:
        raise InvalidGroupNotFound(f"The security group '{group}' does not exist")
    return found


def _all(tx: Tx, network: Network) -> list[SecurityGroup]:
    stored = GROUPS.list(tx, account=network.account, region=network.region)
    has_default = any(one.id == network.default_group for one in stored)
    return stored if has_default else [default_group(network), *stored]


def _tag_filters(request: Any) -> list[str]:
    return [one["Name"] for one in request.get("Filters", ()) if one["Name"].startswith("tag:")]


def _tag(name: str) -> Any:
    key = name.removeprefix("tag:")
    return lambda one: [one.tags[key]] if key in one.tags else []


def _shown(group: SecurityGroup) -> Answer:
    return {
        "GroupId": group.id,
        "GroupName": group.name,
        "Description": group.description,
        "OwnerId": group.account,
        "VpcId": group.vpc,
        "SecurityGroupArn": f"arn:aws:ec2:{group.region}:{group.account}:security-group/{group.id}",
        "IpPermissions": [_permission(group, one) for one in group.ingress],
        "IpPermissionsEgress": [_permission(group, one) for one in group.egress],
        "Tags": to_list(group.tags),
    }


def _permission(group: SecurityGroup, rule: Permission) -> Answer:
    said = {"Description": rule.description} if rule.description else {}
    shown: Answer = {"IpProtocol": rule.protocol, "IpRanges": [], "Ipv6Ranges": [], "UserIdGroupPairs": []}
    shown |= {"PrefixListIds": []}
    if rule.from_port is not None:
        shown |= {"FromPort": rule.from_port, "ToPort": rule.to_port}
    if rule.source.startswith("sg-"):
        shown["UserIdGroupPairs"] = [{"GroupId": rule.source, "UserId": group.account, **said}]
    elif ":" in rule.source:
        shown["Ipv6Ranges"] = [{"CidrIpv6": rule.source, **said}]
    else:
        shown["IpRanges"] = [{"CidrIp": rule.source, **said}]
    return shown


def _rule(group: SecurityGroup, rule: Permission, direction: str) -> Answer:
    ports = (str(rule.from_port), str(rule.to_port))
    source = "CidrIpv6" if ":" in rule.source else "CidrIpv4"
    peer: Answer = {source: rule.source}
    if rule.source.startswith("sg-"):
        peer = {"ReferencedGroupInfo": {"GroupId": rule.source, "UserId": group.account}}
    number = digest_id(group.id, direction, rule.protocol, rule.source, *ports, length=17)
    return {
        "SecurityGroupRuleId": f"sgr-{number}",
        "GroupId": group.id,
        "GroupOwnerId": group.account,
        "IsEgress": direction == "egress",
        "IpProtocol": rule.protocol,
        **({} if rule.from_port is None else {"FromPort": rule.from_port, "ToPort": rule.to_port}),
        **peer,
    }
