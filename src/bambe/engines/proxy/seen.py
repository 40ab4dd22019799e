"""What Envoy's admin pages say, in the house's words; pure.

Envoy calls a target unhealthy from its first failed check, which comes a moment after it was
registered. ELB would still call it `initial`: it takes `unhealthy` checks at the group's interval. So a
target that never passed is `initial` for that long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bambe.engines.proxy.conditions import Json
from bambe.engines.proxy.naming import group_key
from bambe.engines.proxy.port import Check, GroupCounts, TargetGroup, TargetHealth, TargetSeen

Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Host:
    """One target on Envoy's page of clusters."""

    passing: bool
    pending: bool
    timed_out: bool
    active: int


def hosts(page: Json) -> dict[Key, Host]:
    """`/clusters?format=json`, by (cluster, address, port)."""
    found = {}
    for status in page.get("cluster_statuses", ()):
        for host in status.get("host_statuses", ()):
            place = host["address"]["socket_address"]
            found[status["name"], place["address"], place["port_value"]] = _host(host)
    return found


def counts(page: Json) -> dict[str, GroupCounts]:
    """`/stats?format=json`, by cluster."""
    classes: dict[str, dict[str, int]] = {}
    for stat in page.get("stats", ()):
        _, _, rest = stat.get("name", "").partition("cluster.")
        cluster, _, name = rest.partition(".upstream_rq_")
        if name.endswith("xx"):
            classes.setdefault(cluster, {})[name] = int(stat["value"])
    return {cluster: GroupCounts(sum(by.values()), by) for cluster, by in classes.items()}


def judge(group: TargetGroup, host: Host | None, since: float, passed: bool, now: float) -> TargetSeen:
    """One target. `since` is when it was first told of, `passed` whether it ever was healthy."""
    active = host.active if host else 0
    if group.check is None or (host and host.passing):
        return TargetSeen(TargetHealth.HEALTHY, active)
    starting = now - since < patience(group.check) and not passed
    if host is None or host.pending or starting:
        return TargetSeen(TargetHealth.INITIAL, active, "Elb.InitialHealthChecking")
    reason = "Target.Timeout" if host.timed_out else "Target.FailedHealthChecks"
    return TargetSeen(TargetHealth.UNHEALTHY, active, reason)


def patience(check: Check) -> float:
    """How long ELB takes to call a new target unhealthy."""
    return check.interval * check.unhealthy


def by_group(
    groups: Iterable[TargetGroup], seen: Mapping[str, GroupCounts], found: Mapping[Key, Host]
) -> dict[str, GroupCounts]:
    """Counts by group id, with the requests in flight."""
    active: dict[str, int] = {}
    for (cluster, _, _), host in found.items():
        active[cluster] = active.get(cluster, 0) + host.active
    return {group.id: _counts(group_key(group.id), seen, active) for group in groups}


def _counts(cluster: str, seen: Mapping[str, GroupCounts], active: Mapping[str, int]) -> GroupCounts:
    known = seen.get(cluster, GroupCounts())
    return GroupCounts(known.total, known.by_class, active.get(cluster, 0))


def _host(host: Json) -> Host:
    health = host.get("health_status", {})
    active = next((int(s.get("value", 0)) for s in host.get("stats", ()) if s["name"] == "rq_active"), 0)
    return Host(
        passing=not health.get("failed_active_health_check", False),
        pending=health.get("pending_active_hc", False),
        timed_out=health.get("active_hc_timeout", False),
        active=active,
    )
