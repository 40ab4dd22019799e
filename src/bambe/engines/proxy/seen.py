"""What Envoy's admin pages say, in the house's words; pure.

Envoy calls a target unhealthy from its first failed check, which comes a moment after it was
registered. ELB would still call it `initial`: it takes `unhealthy` checks at the group's interval. So a
target that never passed is `initial` for that long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bambe.engines.proxy.conditions import Json
from bambe.engines.proxy.naming import balancer_key, empty_key, group_key
from bambe.engines.proxy.port import (
    BalancerCounts,
    Check,
    GroupCounts,
    LoadBalancer,
    TargetGroup,
    TargetHealth,
    TargetSeen,
)

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


@dataclass(frozen=True, slots=True)
class Statistics:
    """Envoy's counters and histograms, by cluster and by the statistics prefix of a load balancer."""

    classes: Mapping[str, Mapping[str, int]]
    retries: Mapping[str, int]
    latencies: Mapping[str, Mapping[float, int]]
    answers: Mapping[str, Mapping[str, int]]


def statistics(page: Json) -> Statistics:
    """`/stats?format=json&histogram_buckets=cumulative`."""
    classes: dict[str, dict[str, int]] = {}
    retries: dict[str, int] = {}
    answers: dict[str, dict[str, int]] = {}
    latencies: dict[str, Mapping[float, int]] = {}
    for stat in page.get("stats", ()):
        if "histograms" in stat:
            latencies |= _histograms(stat["histograms"])
            continue
        kind, _, rest = str(stat.get("name", "")).partition(".")
        owner, _, name = rest.partition(".")
        name = name.rpartition("_rq_")[2]
        if kind == "http":
            answers.setdefault(owner, {})[name] = int(stat["value"])
        elif name == "retry":
            retries[owner] = int(stat["value"])
        elif name.endswith("xx"):
            classes.setdefault(owner, {})[name] = int(stat["value"])
    return Statistics(classes, retries, latencies, answers)


def _histograms(found_there: Iterable[Json]) -> dict[str, Mapping[float, int]]:
    found: dict[str, Mapping[float, int]] = {}
    for one in found_there:
        cluster = one["name"].split(".")[1]
        found[cluster] = {bucket["upper_bound"]: bucket["cumulative"] for bucket in one["buckets"]}
    return found


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
    groups: Iterable[TargetGroup], seen: Statistics, failed: Mapping[str, int], found: Mapping[Key, Host]
) -> dict[str, GroupCounts]:
    """Counts by group id, with the requests in flight."""
    active: dict[str, int] = {}
    for (cluster, _, _), host in found.items():
        active[cluster] = active.get(cluster, 0) + host.active
    return {group.id: _counts(group.id, seen, failed, active) for group in groups}


def _counts(
    group: str, seen: Statistics, failed: Mapping[str, int], active: Mapping[str, int]
) -> GroupCounts:
    cluster = group_key(group)
    by_class = dict(seen.classes.get(cluster, {}))
    for name, count in seen.classes.get(empty_key(group), {}).items():
        by_class[name] = by_class.get(name, 0) + count
    return GroupCounts(
        total=sum(by_class.values()),
        by_class=by_class,
        active=active.get(cluster, 0),
        retries=seen.retries.get(cluster, 0),
        dropped=failed.get(cluster, 0),
        latencies=seen.latencies.get(cluster, {}),
    )


def by_balancer(balancers: Iterable[LoadBalancer], seen: Statistics) -> dict[str, BalancerCounts]:
    """Answers by load balancer id."""
    found = {one.id: seen.answers.get(balancer_key(one.id), {}) for one in balancers}
    return {id: BalancerCounts(sum(by.values()), by) for id, by in found.items()}


def _host(host: Json) -> Host:
    health = host.get("health_status", {})
    active = next((int(s.get("value", 0)) for s in host.get("stats", ()) if s["name"] == "rq_active"), 0)
    return Host(
        passing=not health.get("failed_active_health_check", False),
        pending=health.get("pending_active_hc", False),
        timed_out=health.get("active_hc_timeout", False),
        active=active,
    )
