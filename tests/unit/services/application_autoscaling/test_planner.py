"""What policies decide: never outside the limits, to rest in a steady world, and never within a cooldown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.services.application_autoscaling.planner import (
    Limits,
    Reading,
    Step,
    Stepping,
    Tracking,
    plan,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRACKINGS = st.builds(
    Tracking,
    policy=st.sampled_from("abc"),
    target=st.floats(1, 100),
    value=st.none() | st.floats(0, 1000),
    is_high=st.booleans(),
    is_low=st.booleans(),
    scales_in=st.booleans(),
)
STEPPINGS = st.builds(
    Stepping,
    policy=st.sampled_from("xyz"),
    distance=st.none() | st.floats(-100, 100),
    kind=st.sampled_from(["ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"]),
    steps=st.tuples(
        st.builds(Step, st.integers(-200, 200), st.none(), st.just(0.0)),
        st.builds(Step, st.integers(-200, 200), st.just(0.0), st.none()),
    ),
    least_change=st.integers(0, 5),
)
READINGS = st.lists(TRACKINGS | STEPPINGS, max_size=4)


def limits(low: int, more: int, **others: object) -> Limits:
    return Limits(low, low + more, **others)  # type: ignore[arg-type]


@given(READINGS, st.integers(0, 50), st.integers(0, 50), st.integers(0, 100))
def test_never_outside_the_limits(readings: list[Reading], low: int, more: int, count: int) -> None:
    change = plan(limits(low, more), count, readings, NOW)
    assert change is None or (low <= change.count <= low + more and change.count != count)


@given(READINGS, st.integers(0, 50), st.integers(0, 50), st.integers(0, 100))
def test_nothing_within_a_cooldown(readings: list[Reading], low: int, more: int, count: int) -> None:
    later = NOW + timedelta(seconds=1)
    held = plan(limits(low, more, out_until=later, in_until=later), count, readings, NOW)
    assert held is None
    grows = plan(limits(low, more, in_until=later), count, readings, NOW)
    assert grows is None or grows.count > count
    shrinks = plan(limits(low, more, out_until=later), count, readings, NOW)
    assert shrinks is None or shrinks.count < count


@given(READINGS, st.integers(0, 50), st.integers(0, 50), st.integers(0, 100))
def test_what_is_suspended_does_not_happen(readings: list[Reading], low: int, more: int, count: int) -> None:
    change = plan(limits(low, more, may_grow=False, may_shrink=False), count, readings, NOW)
    assert change is None


@given(st.floats(0, 100_000), st.floats(1, 1000), st.integers(0, 20), st.integers(0, 50), st.integers(0, 70))
def test_in_a_steady_world_it_comes_to_rest(
    load: float, target: float, low: int, more: int, count: int
) -> None:
    """Load is shared by all tasks; once at rest, the metric is at its target or the count at a limit."""
    seen = []
    for _ in range(10):
        value = load / count if count else load
        reading = Tracking("a", target, value, is_high=value > target, is_low=value < 0.9 * target)
        change = plan(limits(low, more), count, [reading], NOW)
        if change is None:
            break
        seen.append(change.count > count)
        count = change.count
    else:
        raise AssertionError("it does not settle")
    # It may grow step by step from nothing, but it never turns round twice.
    assert sum(a != b for a, b in pairwise(seen)) <= 1
    if low <= count <= low + more and count:
        value = load / count
        assert value <= target * 1.000001 or count == low + more


def test_all_tracking_policies_have_to_agree_before_anything_is_taken_away() -> None:
    low = Tracking("cpu", 50, 10, is_high=False, is_low=True)
    rests = Tracking("requests", 50, 49, is_high=False, is_low=False)
    assert plan(Limits(1, 10), 8, [low, rests], NOW) is None
    change = plan(Limits(1, 10), 8, [low, Tracking("r", 50, 20, is_high=False, is_low=True)], NOW)
    assert change is not None
    assert change.count == 4, "the one that wants most wins"
    never = Tracking("r", 50, 49, is_high=False, is_low=False, scales_in=False)
    change = plan(Limits(1, 10), 8, [low, never], NOW)
    assert change is not None
    assert change.count == 2


@pytest.mark.parametrize(
    ("kind", "adjustment", "least", "count", "wanted"),
    [
        ("ChangeInCapacity", 2, 0, 4, 6),
        ("ExactCapacity", 9, 0, 4, 9),
        ("PercentChangeInCapacity", 50, 0, 5, 7),
        ("PercentChangeInCapacity", 10, 0, 4, 5),
        ("PercentChangeInCapacity", 10, 3, 4, 7),
        ("PercentChangeInCapacity", -30, 0, 5, 4),
        ("PercentChangeInCapacity", -10, 0, 5, 4),
    ],
)
def test_steps(kind: str, adjustment: int, least: int, count: int, wanted: int) -> None:
    steps = (Step(adjustment, 0.0, 10.0), Step(100, 10.0, None))
    change = plan(Limits(0, 50), count, [Stepping("s", 5.0, kind, steps, least)], NOW)
    assert change is not None
    assert change.count == wanted
    assert plan(Limits(0, 50), count, [Stepping("s", -5.0, kind, steps, least)], NOW) is None
