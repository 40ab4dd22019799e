"""AddTags, RemoveTags, DescribeTags."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import ValidationError
from bambe.kernel.tags import to_dict, to_list
from bambe.services.elbv2 import lookup
from bambe.services.elbv2.model import Listener, LoadBalancer, Rule, TargetGroup
from bambe.services.elbv2.tables import BALANCERS, GROUPS, LISTENERS, RULES

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import (
        AddTagsInputTypeDef,
        DescribeTagsInputTypeDef,
        RemoveTagsInputTypeDef,
    )

Tagged = LoadBalancer | Listener | Rule | TargetGroup


async def add_tags(call: Call, request: AddTagsInputTypeDef) -> Answer:
    fresh = to_dict(request["Tags"])
    await _change(call, request["ResourceArns"], lambda tags: {**tags, **fresh})
    return {}


async def remove_tags(call: Call, request: RemoveTagsInputTypeDef) -> Answer:
    gone = set(request["TagKeys"])
    await _change(
        call,
        request["ResourceArns"],
        lambda tags: {key: value for key, value in tags.items() if key not in gone},
    )
    return {}


async def describe_tags(call: Call, request: DescribeTagsInputTypeDef) -> Answer:
    def read(tx: Tx) -> list[Answer]:
        rows = [(arn, _find(tx, call, arn)) for arn in request["ResourceArns"]]
        return [{"ResourceArn": arn, "Tags": to_list(row.tags)} for arn, row in rows]

    return {"TagDescriptions": await call.store.read(read)}


async def _change(call: Call, arns: object, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    def write(tx: Tx) -> None:
        for arn in list(arns):  # type: ignore[call-overload]
            _put(tx, _find(tx, call, arn), change)

    await call.store.write(write)


def _put(tx: Tx, row: Tagged, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    match row:
        case LoadBalancer():
            BALANCERS.update(tx, replace(row, tags=change(row.tags)))
        case Listener():
            LISTENERS.update(tx, replace(row, tags=change(row.tags)))
        case Rule():
            RULES.update(tx, replace(row, tags=change(row.tags)))
        case TargetGroup():
            GROUPS.update(tx, replace(row, tags=change(row.tags)))


def _find(tx: Tx, call: Call, arn: str) -> Tagged:
    kind = arn.split(":")[-1].split("/")[0]
    finders: dict[str, Callable[[Tx, Call, str], Tagged]] = {
        "loadbalancer": lookup.balancer,
        "listener": lookup.listener,
        "listener-rule": lookup.rule,
        "targetgroup": lookup.group,
    }
    if kind not in finders:
        raise ValidationError(f"'{arn}' is not a valid load balancing ARN")
    return finders[kind](tx, call, arn)
