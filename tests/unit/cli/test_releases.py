"""The way back through what was released."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bambe.cli.releases import released_before, task_definition_of


def appspec(revision: int) -> dict[str, Any]:
    properties = {"TaskDefinition": f"shop-orders:{revision}"}
    return {"Resources": [{"TargetService": {"Properties": properties}}]}


def before(revisions: list[int], current: int, restored: tuple[int, ...] = ()) -> int | None:
    """`restored` are places in `revisions`."""
    released = [(appspec(one), place in restored) for place, one in enumerate(revisions)]
    found = released_before(released, f"shop-orders:{current}")
    return None if found is None else int(task_definition_of(found).partition(":")[2])


def test_the_version_before_is_the_one_released_before() -> None:
    assert before([1, 2, 3], 3) == 2
    assert before([1, 2, 3], 2) == 1
    assert before([1], 1) is None
    assert before([1, 2], 9) == 2


def test_going_back_again_goes_further_back() -> None:
    assert before([1, 2, 3, 2], 2) == 1
    assert before([1, 2, 3, 2, 1], 1) is None
    assert before([1, 2, 3, 2, 4], 4) == 2


def test_what_was_restored_is_left_for_what_it_took_over_from() -> None:
    assert before([4, 6, 7, 9, 6], 6, restored=(4,)) == 9
    assert before([4, 6, 7, 9, 6, 9], 9, restored=(4,)) == 7
    assert before([4, 6, 6], 6, restored=(2,)) == 4


@given(st.lists(st.integers(1, 6), min_size=1, max_size=12))
def test_going_back_ends_at_the_beginning(revisions: list[int]) -> None:
    seen: list[int] = []
    current: int | None = revisions[-1]
    while current is not None:
        assert current not in seen
        seen.append(current)
        current = before([*revisions, *seen[1:]], current)
    assert seen[-1] == revisions[0]
