"""The rules of security groups: authorized, revoked, described."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.tags import to_dict
from bambe.services.ec2.errors import (
    InvalidParameterValue,
    InvalidPermissionDuplicate,
    InvalidPermissionNotFound,
    InvalidSecurityGroupRuleIdNotFound,
    RulesPerSecurityGroupLimitExceeded,
)
from bambe.services.ec2.filters import filtered, paged, yes
from bambe.services.ec2.group_shapes import shown_rule
from bambe.services.ec2.groups import MOST_RULES, Permission, SecurityGroup, permissions, rule_id
from bambe.services.ec2.lookup import GROUPS
from bambe.services.ec2.naming import named_group, referenced

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        AuthorizeSecurityGroupEgressRequestTypeDef,
        AuthorizeSecurityGroupIngressRequestTypeDef,
        DescribeSecurityGroupRulesRequestTypeDef,
        RevokeSecurityGroupEgressRequestTypeDef,
        RevokeSecurityGroupIngressRequestTypeDef,
        UpdateSecurityGroupRuleDescriptionsEgressRequestTypeDef,
        UpdateSecurityGroupRuleDescriptionsIngressRequestTypeDef,
    )

DIRECTIONS = ("ingress", "egress")
FIELDS: Any = {
    "group-id": lambda one: [one["GroupId"]],
    "is-egress": lambda one: yes(one["IsEgress"]),
    "security-group-rule-id": lambda one: [one["SecurityGroupRuleId"]],
}


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


async def update_security_group_rule_descriptions_ingress(
    call: Call, request: UpdateSecurityGroupRuleDescriptionsIngressRequestTypeDef
) -> Answer:
    return await _describe(call, request, "ingress")


async def update_security_group_rule_descriptions_egress(
    call: Call, request: UpdateSecurityGroupRuleDescriptionsEgressRequestTypeDef
) -> Answer:
    return await _describe(call, request, "egress")


async def describe_security_group_rules(
    call: Call, request: DescribeSecurityGroupRulesRequestTypeDef
) -> Answer:
    def read(tx: Tx) -> list[Answer]:
        return [
            shown_rule(group, rule, direction)
            for group in GROUPS.rows(tx, call)
            for direction in DIRECTIONS
            for rule in group.rules(direction)
        ]

    rules = await call.store.read(read)
    wanted = request.get("SecurityGroupRuleIds")
    for missing in set(wanted or ()) - {one["SecurityGroupRuleId"] for one in rules}:
        raise InvalidSecurityGroupRuleIdNotFound(f"The security group rule ID '{missing}' does not exist")
    rules = [one for one in rules if not wanted or one["SecurityGroupRuleId"] in wanted]
    return paged("SecurityGroupRules", filtered(rules, request.get("Filters"), FIELDS), request)


async def _authorize(call: Call, request: Any, direction: str) -> Answer:
    tags = to_dict((request.get("TagSpecifications") or [{}])[0].get("Tags", ()))

    def authorize(tx: Tx) -> tuple[SecurityGroup, list[Permission]]:
        group = named_group(tx, call, request)
        fresh = [replace(one, tags=tags) for one in _rules(tx, call, group, request)]
        rules = list(group.rules(direction))
        for rule in fresh:
            if any(rule.identity == one.identity for one in rules):
                raise InvalidPermissionDuplicate(f'the specified rule "{_spelled(rule)}" already exists')
            rules.append(rule)
        if len(rules) > MOST_RULES:
            raise RulesPerSecurityGroupLimitExceeded(
                "The maximum number of rules per security group has been reached."
            )
        changed = _with(group, direction, rules)
        GROUPS.table.put(tx, changed)
        return changed, fresh

    group, fresh = await call.store.write(authorize)
    return {"Return": True, "SecurityGroupRules": [shown_rule(group, one, direction) for one in fresh]}


async def _revoke(call: Call, request: Any, direction: str) -> Answer:
    ids: list[str] | None = request.get("SecurityGroupRuleIds")

    def revoke(tx: Tx) -> None:
        group = named_group(tx, call, request)
        rules = group.rules(direction)
        if ids:
            known = {rule_id(group, direction, one): one.identity for one in rules}
            for id in ids:
                if id not in known:
                    raise InvalidSecurityGroupRuleIdNotFound(
                        f"The security group rule ID '{id}' does not exist"
                    )
            gone = {known[id] for id in ids}
        else:
            gone = {one.identity for one in _rules(tx, call, group, request, must_exist=False)}
        if gone - {one.identity for one in rules}:
            raise InvalidPermissionNotFound("The specified rule does not exist in this security group.")
        kept = [one for one in rules if one.identity not in gone]
        GROUPS.table.put(tx, _with(group, direction, kept))

    await call.store.write(revoke)
    return {"Return": True}


async def _describe(call: Call, request: Any, direction: str) -> Answer:
    by_id = {
        one["SecurityGroupRuleId"]: one.get("Description", "")
        for one in request.get("SecurityGroupRuleDescriptions") or ()
    }

    def describe(tx: Tx) -> None:
        group = named_group(tx, call, request)
        rules = group.rules(direction)
        said = {
            one.identity: by_id[rule_id(group, direction, one)]
            for one in rules
            if rule_id(group, direction, one) in by_id
        }
        if not by_id:
            said = {one.identity: one.description for one in _rules(tx, call, group, request)}
        if (not said and by_id) or said.keys() - {one.identity for one in rules}:
            raise InvalidPermissionNotFound("The specified rule does not exist in this security group.")
        changed = [replace(one, description=said.get(one.identity, one.description)) for one in rules]
        GROUPS.table.put(tx, _with(group, direction, changed))

    await call.store.write(describe)
    return {"Return": True}


def _spelled(rule: Permission) -> str:
    ports = "ALL" if rule.from_port is None else f"from port: {rule.from_port}, to port: {rule.to_port}"
    return f"peer: {rule.source}, {rule.protocol.upper()}, {ports}, ALLOW"


def _with(group: SecurityGroup, direction: str, rules: list[Permission]) -> SecurityGroup:
    return replace(group, ingress=rules) if direction == "ingress" else replace(group, egress=rules)


def _rules(
    tx: Tx, call: Call, group: SecurityGroup, request: Any, *, must_exist: bool = True
) -> list[Permission]:
    """The rules of a request; groups that they name are there, and are named by their ids."""
    found = permissions(request)
    if not found:
        raise InvalidParameterValue("Either 'ipPermissions' or a source must be given")
    named = [one for one in found if not _is_block(one.source)]
    ids = {
        one.source: referenced(tx, call, group, one.source)
        for one in named
        if must_exist or not one.source.startswith(GROUPS.prefix)
    }
    return [replace(one, source=ids.get(one.source, one.source)) for one in found]


def _is_block(source: str) -> bool:
    return "/" in source or source.startswith("pl-")
