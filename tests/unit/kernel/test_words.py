"""ARNs, pages, moves and tags."""

from __future__ import annotations

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.kernel.arn import Arn, is_arn
from bambe.kernel.moves import IllegalMove, check_move
from bambe.kernel.pages import page
from bambe.kernel.tags import to_dict, to_list

PART = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12)


@given(PART, PART, PART, st.text("abc:/-_", min_size=1))
def test_an_arn_is_what_it_was_taken_apart_into(
    service: str, region: str, account: str, resource: str
) -> None:
    arn = Arn(service, region, account, resource)
    assert Arn.parse(str(arn)) == arn


@pytest.mark.parametrize("text", ["", "orders", "arn:aws:ecs", "arn:aws:ecs:r:1:"])
def test_what_is_no_arn_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an ARN"):
        Arn.parse(text)


def test_is_arn() -> None:
    assert is_arn("arn:aws:ecs:eu-central-1:1:cluster/x")
    assert not is_arn("cluster/x")


@given(st.lists(st.integers()), st.integers(1, 7))
def test_pages_hold_everything_once_in_order(items: list[int], limit: int) -> None:
    seen: list[int] = []
    token: str | None = None
    while True:
        part, token = page(items, token, limit)
        seen += part
        if token is None:
            break
    assert seen == items


def test_a_token_of_somebody_else_is_refused() -> None:
    with pytest.raises(ValueError, match="not a token"):
        page([1, 2, 3], "bm90aGluZw==", 1)


class Light(StrEnum):
    RED = "RED"
    GREEN = "GREEN"


MOVES = {Light.RED: frozenset({Light.GREEN}), Light.GREEN: frozenset[Light]()}


def test_moves_follow_their_dictionary() -> None:
    assert check_move(MOVES, Light.RED, Light.GREEN)
    assert not check_move(MOVES, Light.RED, Light.RED)
    with pytest.raises(IllegalMove):
        check_move(MOVES, Light.GREEN, Light.RED)


@given(st.dictionaries(PART, PART))
def test_tags_come_back(tags: dict[str, str]) -> None:
    assert to_dict(to_list(tags)) == tags
    assert to_dict(to_list(tags, "key", "value"), "key", "value") == tags
