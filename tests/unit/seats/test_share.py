"""A version's part of the events is its part of the group's members."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seats.share import MOST, Look, seats_of, split

TASKS = st.integers(1, 12)


@pytest.mark.parametrize(
    ("percent", "partitions", "old", "new", "wanted"),
    [
        (10, 10, 2, 2, (9, 1)),
        (10, 100, 2, 2, (9, 1)),
        (10, 6, 2, 2, (5, 1)),
        (25, 12, 2, 2, (3, 1)),
        (25, 12, 4, 4, (9, 3)),
        (50, 6, 1, 1, (1, 1)),
        (5, 40, 1, 1, (19, 1)),
        (1, 40, 1, 1, (19, 1)),
        (0, 12, 2, 2, (2, 0)),
        (100, 12, 2, 2, (0, 2)),
        (10, 1, 2, 2, (2, 0)),
    ],
)
def test_the_share_in_members(
    percent: int, partitions: int, old: int, new: int, wanted: tuple[int, int]
) -> None:
    assert split(percent / 100, partitions, old, new) == wanted


@given(st.floats(0.01, 0.99), st.integers(2, 200), TASKS, TASKS)
def test_both_versions_have_a_part_and_it_is_as_near_as_partitions_allow(
    share: float, partitions: int, old: int, new: int
) -> None:
    of_old, of_new = split(share, partitions, old, new)
    assert of_old >= 1
    assert of_new >= 1
    assert of_old + of_new <= min(partitions, MOST)
    each, rest = divmod(partitions, of_old + of_new)
    for extra in (max(0, rest - of_old), min(of_new, rest)):
        # Nearest with whole partitions, or with whole twentieths, whichever is coarser.
        step = max(1 / partitions, 1 / MOST)
        assert abs((of_new * each + extra) / partitions - share) <= 1.5 * step


@given(st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0]), st.integers(1, 60), TASKS, TASKS)
def test_the_tasks_of_a_version_take_its_seats_between_them(
    share: float, partitions: int, old: int, new: int
) -> None:
    of_old, of_new = split(share, partitions, old, new)
    olds = [Look("a", n, old, new, newer=False, share=share, deployment="d-1") for n in range(old)]
    news = [Look("b", n, new, old, newer=True, share=share, deployment="d-1") for n in range(new)]
    assert sum(seats_of(one, "canary", partitions) for one in olds) == of_old
    assert sum(seats_of(one, "canary", partitions) for one in news) == of_new
    held = [seats_of(one, "hold", partitions) for one in news]
    assert sum(held) == (of_new if share >= 1 else 0)


def test_without_a_second_version_every_task_has_one() -> None:
    assert [seats_of(Look("a", n, 3), "canary", 6) for n in range(3)] == [1, 1, 1]
    rolling = Look("b", 0, 1, 5, newer=True, share=0, is_steered=False)
    assert seats_of(rolling, "canary", 6) == 1
