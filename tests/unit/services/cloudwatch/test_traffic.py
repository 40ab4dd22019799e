"""From the proxy's counts to values: nothing negative, nothing twice, whatever begins anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.engines.proxy.port import BalancerCounts, GroupCounts, ProxySeen, TargetHealth, TargetSeen
from bambe.services.cloudwatch.traffic import Balanced, Counters, Known, Value, look, of_latencies

PLACE = Balanced("g1", "targetgroup/blue/g1", "b1", "app/shop/b1")
BOTH = (("LoadBalancer", "app/shop/b1"), ("TargetGroup", "targetgroup/blue/g1"))
BALANCER = (("LoadBalancer", "app/shop/b1"),)


def seen(
    by_class: Mapping[str, int],
    dropped: int = 0,
    answers: Mapping[str, int] | None = None,
    epoch: str = "1",
    latencies: Mapping[float, int] | None = None,
) -> ProxySeen:
    answered = by_class if answers is None else answers
    return ProxySeen(
        groups={"g1": GroupCounts(sum(by_class.values()), by_class, 0, 0, dropped, latencies or {})},
        balancers={"b1": BalancerCounts(sum(answered.values()), answered)},
        epoch=epoch,
    )


def sums(values: list[Value], dimensions: tuple[tuple[str, str], ...] = BOTH) -> dict[str, float]:
    return {metric.name: point.total for metric, _, point in values if metric.dimensions == dimensions}


def after(rows: list[Counters]) -> Known:
    return {(row.kind, row.id): row for row in rows}


def test_the_first_look_gains_nothing_and_the_next_what_came() -> None:
    values, rows = look({}, seen({"2xx": 100}), [PLACE])
    assert sums(values) == {}
    values, _ = look(after(rows), seen({"2xx": 103, "5xx": 2}), [PLACE])
    assert sums(values) == {
        "RequestCount": 5,
        "HTTPCode_Target_2XX_Count": 3,
        "HTTPCode_Target_5XX_Count": 2,
    }
    assert sums(values, BALANCER)["RequestCount"] == 5
    assert {metric.namespace for metric, _, _ in values} == {"AWS/ApplicationELB"}


def test_a_load_balancer_seen_later_than_the_first_one_has_gained_nothing_yet() -> None:
    """It may have served for long before anybody looked."""
    other = Balanced("g2", "targetgroup/green/g2", "b2", "app/other/b2")
    _, rows = look({}, seen({"2xx": 1}), [PLACE])
    both = seen({"2xx": 1})
    counted = GroupCounts(50, {"2xx": 40, "5xx": 10}, 0, 0, 0, {})
    both = replace(
        both,
        groups={**both.groups, "g2": counted},
        balancers={**both.balancers, "b2": BalancerCounts(57, {"2xx": 40, "4xx": 7, "5xx": 10})},
    )
    values, rows = look(after(rows), both, [PLACE, other])
    assert [value for value in values if value[0].dimensions[0] == ("LoadBalancer", "app/other/b2")] == []
    more = replace(both.groups["g2"], total=51, by_class={"2xx": 41, "5xx": 10})
    values, _ = look(after(rows), replace(both, groups={**both.groups, "g2": more}), [PLACE, other])
    assert sums(values, (("LoadBalancer", "app/other/b2"),))["RequestCount"] == 1


def test_what_the_proxy_answered_itself_is_not_the_targets() -> None:
    _, rows = look({}, seen({}), [PLACE])
    values, _ = look(
        after(rows), seen({"2xx": 1, "5xx": 5}, dropped=3, answers={"2xx": 1, "4xx": 7, "5xx": 5}), [PLACE]
    )
    assert sums(values)["HTTPCode_Target_5XX_Count"] == 2
    said = sums(values, BALANCER)
    assert (said["HTTPCode_ELB_5XX_Count"], said["HTTPCode_ELB_4XX_Count"]) == (3, 7)


def test_an_answer_that_the_group_counted_earlier_is_not_taken_for_the_proxys_own() -> None:
    _, rows = look({}, seen({}), [PLACE])
    values, rows = look(after(rows), seen({"5xx": 1}, answers={}), [PLACE])
    assert "HTTPCode_ELB_5XX_Count" not in sums(values, BALANCER)
    values, _ = look(after(rows), seen({"5xx": 1}, answers={"5xx": 1}), [PLACE])
    assert sums(values, BALANCER) == {}


def test_a_new_process_counts_from_0() -> None:
    _, rows = look({}, seen({"2xx": 100}), [PLACE])
    values, _ = look(after(rows), seen({"2xx": 300}, epoch="2"), [PLACE])
    assert sums(values)["RequestCount"] == 300


def test_a_count_that_went_down_began_anew() -> None:
    _, rows = look({}, seen({"2xx": 100}), [PLACE])
    values, _ = look(after(rows), seen({"2xx": 4}), [PLACE])
    assert sums(values)["RequestCount"] == 4


def test_a_group_the_proxy_does_not_show_is_left_as_it_was() -> None:
    _, rows = look({}, seen({"2xx": 100}), [PLACE])
    known = after(rows)
    values, rows = look(known, replace(seen({}), groups={}), [PLACE])
    assert sums(values) == {}
    values, _ = look({**known, **after(rows)}, seen({"2xx": 101}), [PLACE])
    assert sums(values)["RequestCount"] == 1


def test_health_and_requests_per_target() -> None:
    targets = {
        ("g1", "10.0.0.1", 80): TargetSeen(TargetHealth.HEALTHY, 0),
        ("g1", "10.0.0.2", 80): TargetSeen(TargetHealth.HEALTHY, 0),
        ("g1", "10.0.0.3", 80): TargetSeen(TargetHealth.UNHEALTHY, 0),
        ("g2", "10.0.0.4", 80): TargetSeen(TargetHealth.HEALTHY, 0),
    }
    _, rows = look({}, seen({}), [PLACE])
    values, _ = look(after(rows), replace(seen({"2xx": 10}), targets=targets), [PLACE])
    said = sums(values)
    assert (said["HealthyHostCount"], said["UnHealthyHostCount"]) == (2, 1)
    assert said["RequestCountPerTarget"] == 5
    assert sums(values, (("TargetGroup", "targetgroup/blue/g1"),)) == {"RequestCountPerTarget": 5}


def test_response_times_in_seconds_with_percentiles() -> None:
    point = of_latencies({0.5: 0, 1: 90, 5: 98, 1000: 98, 2500: 100})
    assert point.count == 100
    assert point.statistic("p50") == pytest.approx(0.00078, abs=1e-4)
    assert point.statistic("p99") == pytest.approx(1.75)
    assert point.statistic("Maximum") == 2.5


LOOKS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 5), st.sampled_from(["on", "on", "on", "restart", "die"])),
    max_size=30,
)


@given(LOOKS)
def test_over_any_life_every_request_counts_once(looks: list[tuple[int, int, str]]) -> None:
    """`restart`: the proxy is another process. `die`: we are, and know only what was written."""
    fine, bad, epoch = 0, 0, 1
    _, rows = look({}, seen({}), [PLACE])
    known = dict(after(rows))
    counted, sent = 0.0, 0
    for more, worse, what in looks:
        if what == "restart":
            fine, bad, epoch = 0, 0, epoch + 1
        fine, bad, sent = fine + more, bad + worse, sent + more + worse
        values, rows = look(known, seen({"2xx": fine, "5xx": bad}, epoch=str(epoch)), [PLACE])
        assert all(point.total >= 0 for _, _, point in values)
        if what != "die":  # what was not written is found by the next look
            known |= after(rows)
            counted += sums(values).get("RequestCount", 0)
    values, _ = look(known, seen({"2xx": fine, "5xx": bad}, epoch=str(epoch)), [PLACE])
    assert counted + sums(values).get("RequestCount", 0) <= sent
    if all(what != "die" for _, _, what in looks):
        assert counted == sent
