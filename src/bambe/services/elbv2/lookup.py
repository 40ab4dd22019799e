"""Finding what a request names by ARN, with AWS's errors."""

from __future__ import annotations

from bambe.kernel.call import Call, Tx
from bambe.services.elbv2.errors import (
    ListenerNotFoundException,
    LoadBalancerNotFoundException,
    RuleNotFoundException,
    TargetGroupNotFoundException,
)
from bambe.services.elbv2.model import Listener, LoadBalancer, Rule, TargetGroup
from bambe.services.elbv2.tables import BALANCERS, GROUPS, LISTENERS, RULES


def balancer(tx: Tx, call: Call, arn: str) -> LoadBalancer:
    """The load balancer, or LoadBalancerNotFound."""
    found = BALANCERS.find(tx, call.account, call.region, _id(arn))
    if found is None or found.arn != arn:
        raise LoadBalancerNotFoundException(f"Load balancer '{arn}' not found")
    return found


def listener(tx: Tx, call: Call, arn: str) -> Listener:
    """The listener, or ListenerNotFound."""
    found = LISTENERS.find(tx, call.account, call.region, _id(arn))
    if found is None or found.arn != arn:
        raise ListenerNotFoundException(f"Listener '{arn}' not found")
    return found


def rule(tx: Tx, call: Call, arn: str) -> Rule:
    """The rule, or RuleNotFound."""
    found = RULES.find(tx, call.account, call.region, _id(arn))
    if found is None or found.arn != arn:
        raise RuleNotFoundException(f"Rule '{arn}' not found")
    return found


def group(tx: Tx, call: Call, arn: str) -> TargetGroup:
    """The target group, or TargetGroupNotFound."""
    found = GROUPS.find(tx, call.account, call.region, _id(arn))
    if found is None or found.arn != arn:
        raise TargetGroupNotFoundException(f"Target groups '{arn}' not found")
    return found


def _id(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
