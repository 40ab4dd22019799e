"""When an alarm rings: AWS's own tables on missing data, and what holds for any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.services.cloudwatch.evaluation import Terms, Verdict, evaluate
from bambe.services.cloudwatch.model import State

OK, ALARM, NO_DATA, STAYS = State.OK, State.ALARM, State.INSUFFICIENT_DATA, None
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def judge(shown: str, periods: int, needed: int, missing: str) -> Verdict:
    """`0` is fine, `X` breaches, `-` is missing; the latest stands last."""
    signs = shown.split()
    values = {at: float(sign == "X") for at, sign in enumerate(signs) if sign != "-"}
    return evaluate(
        Terms("GreaterThanThreshold", 0.5, periods, needed, missing), values, list(range(len(signs)))
    )


@pytest.mark.parametrize(
    ("periods", "needed", "shown", "states"),
    [
        (3, 3, "0 - X - X", (OK, OK, OK, OK)),
        (3, 3, "0 - - - -", (OK, OK, OK, OK)),
        (3, 3, "- - - - -", (NO_DATA, STAYS, ALARM, OK)),
        (3, 3, "0 X X - X", (ALARM, ALARM, ALARM, ALARM)),
        (3, 3, "- - X - -", (ALARM, STAYS, ALARM, OK)),
        (3, 2, "0 - X - X", (ALARM, ALARM, ALARM, ALARM)),
        (3, 2, "0 0 X 0 X", (ALARM, ALARM, ALARM, ALARM)),
        (3, 2, "0 - X - -", (OK, OK, ALARM, OK)),
        (3, 2, "- - - - 0", (OK, OK, ALARM, OK)),
        (3, 2, "- - - X -", (ALARM, STAYS, ALARM, OK)),
    ],
)
def test_the_tables_of_the_user_guide(
    periods: int, needed: int, shown: str, states: tuple[State | None, ...]
) -> None:
    assert tuple(judge(shown, periods, needed, how).state for how in TREATMENTS) == states


def test_one_new_breach_of_three_is_waited_for() -> None:
    assert judge("- - - - X", 3, 3, "missing").state is None
    assert judge("- - - X X", 3, 3, "missing").state is None


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", [3.0]),
        ("GreaterThanOrEqualToThreshold", [2.0, 3.0]),
        ("LessThanThreshold", [1.0]),
        ("LessThanOrEqualToThreshold", [1.0, 2.0]),
    ],
)
def test_comparisons(comparison: str, breaching: list[float]) -> None:
    terms = Terms(comparison, 2.0, 1, 1)
    assert [value for value in (1.0, 2.0, 3.0) if terms.breaches(value)] == breaching


SHOWN = st.integers(1, 6).flatmap(
    lambda periods: st.tuples(
        st.just(periods),
        st.integers(1, periods),
        st.lists(st.sampled_from("0X-"), min_size=periods + 2, max_size=periods + 2).map(" ".join),
        st.sampled_from(TREATMENTS),
    )
)


@given(SHOWN)
def test_what_holds_for_any_alarm(world: tuple[int, int, str, str]) -> None:
    periods, needed, shown, missing = world
    found = judge(shown, periods, needed, missing)
    assert len(found.used) + found.filled == periods
    there = shown.replace(" ", "").replace("-", "")
    if "X" not in there and missing != "breaching":
        assert found.state is not State.ALARM
    if not there:
        assert found.state == dict(zip(TREATMENTS, (NO_DATA, STAYS, ALARM, OK), strict=True))[missing]
    if len(there) >= periods:
        latest = there[-periods:]
        assert found.state is (State.ALARM if latest.count("X") >= needed else State.OK)
    if found.state is State.INSUFFICIENT_DATA:
        assert missing == "missing"
        assert not there


@given(SHOWN)
def test_a_breach_more_never_quiets_an_alarm(world: tuple[int, int, str, str]) -> None:
    periods, needed, shown, missing = world
    if judge(shown, periods, needed, missing).state is State.ALARM and "0" in shown:
        assert judge(shown.replace("0", "X", 1), periods, needed, missing).state is State.ALARM
