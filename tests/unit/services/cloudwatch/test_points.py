"""Statistics of what came in, alone and added up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.services.cloudwatch.points import Point, of_values

VALUES = st.lists(st.tuples(st.floats(0, 1e6), st.integers(1, 50)), min_size=1, max_size=150)
PERCENTS = st.sampled_from(["p0", "p10", "p50", "p90", "p99", "p99.9", "p100"])


def test_the_five_statistics() -> None:
    point = of_values([(1, 2), (4, 1)])
    said = {name: point.statistic(name) for name in ("SampleCount", "Sum", "Average", "Minimum", "Maximum")}
    assert said == {"SampleCount": 3, "Sum": 6, "Average": 2, "Minimum": 1, "Maximum": 4}


def test_percentiles_of_single_values() -> None:
    point = of_values([(float(n), 1) for n in range(1, 11)])
    assert [point.statistic(p) for p in ("p50", "p90", "p99", "p100")] == [5, 9, 10, 10]


def test_a_set_of_statistics_has_percentiles_only_where_all_values_are_the_same() -> None:
    assert Point(10, 30, 1, 5).statistic("p99") is None
    assert Point(10, 30, 3, 3).statistic("p99") == 3


def test_values_below_0_have_no_percentiles() -> None:
    assert of_values([(-1, 1), (2, 1)]).statistic("p50") is None


@given(VALUES, VALUES, PERCENTS)
def test_added_up_is_as_if_all_had_come_at_once(
    left: list[tuple[float, int]], right: list[tuple[float, int]], p: str
) -> None:
    added, at_once = of_values(left) + of_values(right), of_values(left + right)
    assert added.count == at_once.count
    assert added.total == pytest.approx(at_once.total)
    assert (added.low, added.high) == (at_once.low, at_once.high)
    found = added.statistic(p)
    assert found is not None
    assert added.low <= found <= added.high


def test_a_point_stays_small_however_many_values_come() -> None:
    points = [of_values([(float(n * 100 + m), 1) for m in range(1, 101)]) for n in range(100)]
    whole = sum(points[1:], points[0])
    assert whole.count == 10_000
    assert len(whole.spread) < 100
    assert whole.statistic("p90") == pytest.approx(9000, rel=0.1)


@given(VALUES, PERCENTS)
def test_a_percentile_is_off_by_a_tenth_at_most(values: list[tuple[float, int]], p: str) -> None:
    flat = sorted(value for value, count in values for _ in range(count))
    wanted = float(p[1:]) / 100 * len(flat)
    exact = next((value for number, value in enumerate(flat, 1) if number >= wanted), flat[-1])
    found = of_values(values).statistic(p)
    assert found == pytest.approx(exact, rel=0.101, abs=1e-9)
