"""The tables of Application Auto Scaling."""

from __future__ import annotations

from bambe.kernel.call import Tx
from bambe.services.application_autoscaling.model import Action, Activity, Policy, Target
from bambe.store import Migration, Table

KEPT = 100
"""Activities of a target that are remembered."""

TARGETS = Table("autoscaling_targets", Target, ("account", "region", "resource"))
ACTIONS = Table("autoscaling_actions", Action, ("account", "region", "resource", "name"))
POLICIES = Table("autoscaling_policies", Policy, ("account", "region", "resource", "name"))
ACTIVITIES = Table("autoscaling_activities", Activity, ("account", "region", "resource", "id"))


def _tables(tx: Tx) -> None:
    for table in (TARGETS, ACTIONS, ACTIVITIES):
        table.create(tx)


MIGRATIONS = (
    Migration("application-autoscaling/0001_tables", _tables),
    Migration("application-autoscaling/0002_policies", POLICIES.create),
)


def actions_of(tx: Tx, target: Target) -> list[Action]:
    """The scheduled actions of a target."""
    return ACTIONS.list(tx, account=target.account, region=target.region, resource=target.resource)


def policies_of(tx: Tx, target: Target) -> list[Policy]:
    """The scaling policies of a target."""
    return POLICIES.list(tx, account=target.account, region=target.region, resource=target.resource)


def activities_of(tx: Tx, account: str, region: str, resource: str) -> list[Activity]:
    """What was done to a target, newest first."""
    rows = ACTIVITIES.list(tx, account=account, region=region, resource=resource)
    return sorted(rows, key=lambda row: row.started, reverse=True)


def remember(tx: Tx, row: Activity) -> None:
    """Write an activity down; the oldest beyond what is kept are forgotten."""
    ACTIVITIES.put(tx, row)
    for old in activities_of(tx, row.account, row.region, row.resource)[KEPT:]:
        ACTIVITIES.delete(tx, *ACTIVITIES.key_of(old))
