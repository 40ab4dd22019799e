"""Envoy's pages in ELB's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from bambe.engines.proxy.failures import FAILED, Failures, dropped
from bambe.engines.proxy.memory import Memory
from bambe.engines.proxy.naming import group_key
from bambe.engines.proxy.port import Check, Target, TargetGroup, TargetHealth, TargetSeen
from bambe.engines.proxy.seen import Host, hosts, judge, statistics

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


def test_statistics_are_read() -> None:
    buckets = [
        {"upper_bound": 1, "interval": 0, "cumulative": 2},
        {"upper_bound": 5, "interval": 0, "cumulative": 4},
    ]
    stats = [
        {"name": "cluster.tg.upstream_rq_2xx", "value": 3},
        {"name": "cluster.tg.upstream_rq_5xx", "value": 1},
        {"name": "cluster.tg.upstream_rq_retry", "value": 2},
        {"name": "http.lb.downstream_rq_2xx", "value": 7},
        {"histograms": [{"name": "cluster.tg.upstream_rq_time", "buckets": buckets}]},
    ]
    found = statistics({"stats": stats})
    assert found.classes == {"tg": {"2xx": 3, "5xx": 1}}
    assert found.retries == {"tg": 2}
    assert found.answers == {"lb": {"2xx": 7}}
    assert found.latencies == {"tg": {1: 2, 5: 4}}


def test_a_failed_request_counts_and_a_client_that_went_away_does_not() -> None:
    lines = "tg-1 UC 502\ntg-1 UF,URX 503\ntg-1 DC 0\nempty-tg-2 UH 503\ntg-1 UC 101\n- NR 404\nrubbish\n"
    assert dropped(lines) == {"tg-1": 2, "tg-2": 1}


def test_failures_are_counted_once_over_restarts_and_anew_for_a_new_process(tmp_path: Path) -> None:
    log = tmp_path / FAILED
    failures = Failures(tmp_path)
    assert failures.count() == {}
    log.write_text("tg-1 UC 502\ntg-1 UC 50")
    assert failures.count() == {"tg-1": 1}
    with log.open("a") as file:
        file.write("2\n")
    again = Failures(tmp_path)
    again.go_on()
    assert again.count() == {"tg-1": 2}
    again.begin()
    assert again.count() == {}
