"""The tables of ELBv2, and finding rows by ARN."""

from __future__ import annotations

from bambe.kernel.call import Tx
from bambe.services.elbv2.model import Listener, LoadBalancer, Rule, Target, TargetGroup
from bambe.store import Migration, Table

BALANCERS = Table("elbv2_load_balancers", LoadBalancer, ("account", "region", "id"), ("name",))
LISTENERS = Table("elbv2_listeners", Listener, ("account", "region", "id"), ("balancer",))
RULES = Table("elbv2_rules", Rule, ("account", "region", "id"), ("listener", "balancer"))
GROUPS = Table("elbv2_target_groups", TargetGroup, ("account", "region", "id"), ("name",))
TARGETS = Table("elbv2_targets", Target, ("account", "region", "group", "address", "port"))


def _tables(tx: Tx) -> None:
    BALANCERS.create(tx)
    LISTENERS.create(tx)
    RULES.create(tx)
    GROUPS.create(tx)
    TARGETS.create(tx)


MIGRATIONS = (Migration("elbv2/0001_tables", _tables),)


def rules_of(tx: Tx, account: str, region: str, listener: str) -> list[Rule]:
    """A listener's rules in order, the default one last."""
    rules = RULES.list(tx, account=account, region=region, listener=listener)
    return sorted(rules, key=lambda rule: rule.order)


def used_groups(tx: Tx, account: str, region: str) -> dict[str, str]:
    """Target group ARN -> id of the load balancer whose rules forward to it."""
    rules = RULES.list(tx, account=account, region=region)
    return {arn: rule.balancer for rule in rules for arn in rule.groups}
