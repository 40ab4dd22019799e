"""Envoy's pages in ELB's words."""

from __future__ import annotations

import pytest

from bambe.engines.proxy.memory import Memory
from bambe.engines.proxy.naming import group_key
from bambe.engines.proxy.port import Check, GroupCounts, Target, TargetGroup, TargetHealth, TargetSeen
from bambe.engines.proxy.seen import Host, counts, hosts, judge

GROUP = TargetGroup("arn", "g", targets=(Target("10.0.0.1", 80),), check=Check(interval=10, unhealthy=3))
FINE = Host(passing=True, pending=False, timed_out=False, active=2)
NEW = Host(passing=False, pending=True, timed_out=False, active=0)
FAILING = Host(passing=False, pending=False, timed_out=False, active=0)
SLOW = Host(passing=False, pending=False, timed_out=True, active=0)


@pytest.mark.parametrize(
    ("host", "age", "passed", "health", "reason"),
    [
        (None, 0, False, TargetHealth.INITIAL, "Elb.InitialHealthChecking"),
        (NEW, 99, False, TargetHealth.INITIAL, "Elb.InitialHealthChecking"),
        (FAILING, 29, False, TargetHealth.INITIAL, "Elb.InitialHealthChecking"),
        (FAILING, 31, False, TargetHealth.UNHEALTHY, "Target.FailedHealthChecks"),
        (FAILING, 1, True, TargetHealth.UNHEALTHY, "Target.FailedHealthChecks"),
        (SLOW, 31, False, TargetHealth.UNHEALTHY, "Target.Timeout"),
        (FINE, 0, False, TargetHealth.HEALTHY, ""),
    ],
)
def test_a_target_in_elbs_words(
    host: Host | None, age: float, passed: bool, health: TargetHealth, reason: str
) -> None:
    seen = judge(GROUP, host, since=100.0, passed=passed, now=100.0 + age)
    assert (seen.health, seen.reason) == (health, reason)


def test_a_target_that_once_passed_is_never_initial_again() -> None:
    memory = Memory()
    memory.targets([GROUP], now=0)
    key = (group_key("arn"), "10.0.0.1", 80)
    assert memory.judge({key: FINE}, 1)["arn", "10.0.0.1", 80] == TargetSeen(TargetHealth.HEALTHY, 2)
    assert memory.judge({key: FAILING}, 2)["arn", "10.0.0.1", 80].health is TargetHealth.UNHEALTHY


def test_a_target_that_comes_back_begins_anew() -> None:
    memory = Memory()
    memory.targets([GROUP], now=0)
    memory.judge({(group_key("arn"), "10.0.0.1", 80): FINE}, 1)
    memory.targets([], now=2)
    memory.targets([GROUP], now=50)
    seen = memory.judge({(group_key("arn"), "10.0.0.1", 80): FAILING}, 60)
    assert seen["arn", "10.0.0.1", 80].health is TargetHealth.INITIAL


def test_pages_are_read() -> None:
    place = {"socket_address": {"address": "10.0.0.1", "port_value": 80}}
    sick = {"eds_health_status": "HEALTHY", "failed_active_health_check": True, "active_hc_timeout": True}
    stats = [{"name": "cx_total", "value": "3"}, {"name": "rq_active", "type": "GAUGE", "value": "2"}]
    page = {
        "cluster_statuses": [
            {"name": "empty"},
            {"name": "tg", "host_statuses": [{"address": place, "stats": stats, "health_status": sick}]},
        ]
    }
    assert hosts(page) == {("tg", "10.0.0.1", 80): Host(False, False, True, 2)}
    stats = [
        {"name": "cluster.tg.upstream_rq_2xx", "value": 3},
        {"name": "cluster.tg.upstream_rq_5xx", "value": 1},
    ]
    assert counts({"stats": stats}) == {"tg": GroupCounts(4, {"2xx": 3, "5xx": 1})}
