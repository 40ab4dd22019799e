"""CreateRule, DescribeRules, ModifyRule, DeleteRule, SetRulePriorities."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import ValidationError
from bambe.kernel.ids import hex_id
from bambe.kernel.tags import to_dict
from bambe.services.elbv2 import checks, lookup
from bambe.services.elbv2.errors import OperationNotPermittedException, PriorityInUseException
from bambe.services.elbv2.model import Rule
from bambe.services.elbv2.paging import paged
from bambe.services.elbv2.shapes import rule_shape
from bambe.services.elbv2.tables import RULES, rules_of, used_groups

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        CreateRuleInputTypeDef,
        DeleteRuleInputTypeDef,
        DescribeRulesInputTypeDef,
        ModifyRuleInputTypeDef,
        SetRulePrioritiesInputTypeDef,
    )


async def create_rule(call: Call, request: CreateRuleInputTypeDef) -> Answer:
    kept, priority = checks.conditions(request["Conditions"]), request["Priority"]
    if not kept:
        raise ValidationError("A condition must be specified")

    def create(tx: Tx) -> Rule:
        listener = lookup.listener(tx, call, request["ListenerArn"])
        _check_free(tx, call, listener.id, priority)
        actions = checks.actions(request["Actions"], lambda arn: lookup.group(tx, call, arn))
        row = Rule(
            account=call.account,
            region=call.region,
            id=hex_id(16),
            listener=listener.id,
            balancer=listener.balancer,
            balancer_name=listener.balancer_name,
            actions=actions,
            priority=priority,
            conditions=kept,
            tags=to_dict(request.get("Tags", ())),
        )
        checks.one_balancer(row.groups, used_groups(tx, call.account, call.region), row.balancer)
        RULES.insert(tx, row)
        return row

    return {"Rules": [rule_shape(await call.store.write(create))]}


async def describe_rules(call: Call, request: DescribeRulesInputTypeDef) -> Answer:
    def read(tx: Tx) -> list[Rule]:
        if "RuleArns" in request:
            return [lookup.rule(tx, call, arn) for arn in request["RuleArns"]]
        if "ListenerArn" in request:
            listener = lookup.listener(tx, call, request["ListenerArn"])
            return rules_of(tx, call.account, call.region, listener.id)
        raise ValidationError("You must specify either listener rule ARNs or a listener ARN")

    return paged("Rules", [rule_shape(row) for row in await call.store.read(read)], request)


async def modify_rule(call: Call, request: ModifyRuleInputTypeDef) -> Answer:
    conditions = checks.conditions(request["Conditions"]) if "Conditions" in request else None

    def modify(tx: Tx) -> Rule:
        row = lookup.rule(tx, call, request["RuleArn"])
        if row.priority is None:
            raise OperationNotPermittedException("Default rule cannot be modified: modify its listener")
        if "Actions" in request:
            actions = checks.actions(request["Actions"], lambda arn: lookup.group(tx, call, arn))
            row = replace(row, actions=actions)
            checks.one_balancer(row.groups, used_groups(tx, call.account, call.region), row.balancer)
        if conditions is not None:
            row = replace(row, conditions=conditions)
        RULES.update(tx, row)
        return row

    return {"Rules": [rule_shape(await call.store.write(modify))]}


async def delete_rule(call: Call, request: DeleteRuleInputTypeDef) -> Answer:
    def delete(tx: Tx) -> None:
        row = lookup.rule(tx, call, request["RuleArn"])
        if row.priority is None:
            raise OperationNotPermittedException("Default rule cannot be deleted")
        RULES.delete(tx, call.account, call.region, row.id)

    await call.store.write(delete)
    return {}


async def set_rule_priorities(call: Call, request: SetRulePrioritiesInputTypeDef) -> Answer:
    def write(tx: Tx) -> list[Rule]:
        pairs = [
            (lookup.rule(tx, call, one["RuleArn"]), one["Priority"]) for one in request["RulePriorities"]
        ]
        moved = [replace(row, priority=priority) for row, priority in pairs]
        ids = {row.id for row in moved}
        for row in moved:
            rest = [one for one in rules_of(tx, call.account, call.region, row.listener) if one.id not in ids]
            others = [one for one in moved if one.listener == row.listener and one.id != row.id]
            if row.priority in {one.priority for one in (*rest, *others)}:
                raise PriorityInUseException(f"Priority '{row.priority}' is currently in use")
        for row in moved:
            RULES.update(tx, row)
        return moved

    return {"Rules": [rule_shape(row) for row in await call.store.write(write)]}


def _check_free(tx: Tx, call: Call, listener: str, priority: int) -> None:
    if any(rule.priority == priority for rule in rules_of(tx, call.account, call.region, listener)):
        raise PriorityInUseException(f"Priority '{priority}' is currently in use")
