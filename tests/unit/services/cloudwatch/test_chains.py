"""The order in which things that hang on each other are looked at."""

from __future__ import annotations

from bambe.services.cloudwatch.chains import in_order


def test_what_is_below_comes_first() -> None:
    assert in_order({"a": ["b", "c"], "b": ["c"], "c": ["metric"]}) == ["c", "b", "a"]


def test_a_cycle_has_no_order_and_what_leads_into_it_has() -> None:
    below = {"top": ["above"], "above": ["a", "leaf"], "a": ["b"], "b": ["a", "leaf"], "leaf": []}
    assert in_order(below) == ["leaf", "above", "top"]
    assert in_order({"self": ["self"]}) == []


def test_a_long_chain_is_no_deep_one() -> None:
    below = {str(n): [str(n + 1)] for n in range(5000)}
    assert in_order(below) == [str(n) for n in reversed(range(5000))]
