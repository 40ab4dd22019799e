"""What the benchmarks call chance."""

from __future__ import annotations

import pytest
from benchmarks.chance import allowed, below, is_usual

from bambe.cli.demo.counts import Share, deviations


def test_hits_add_up() -> None:
    assert below(-1, 10, 0.1) == 0
    assert below(0, 10, 0.1) == pytest.approx(0.9**10)
    assert below(10, 10, 0.1) == pytest.approx(1)


@pytest.mark.parametrize(
    ("got", "usual"), [(0, False), (4, False), (5, True), (10, True), (16, True), (17, False)]
)
def test_a_share_is_usual_within_its_interval(got: int, usual: bool) -> None:
    """Of 100 at 10 %: at most 4 have 2.4 %, at least 17 have 2.1 %."""
    assert is_usual(Share(got, 100, 10)) is usual


def test_what_chance_allows() -> None:
    assert allowed(100, 0.05, 0.999) == 13
    assert deviations(900, 0.1, 1) == pytest.approx(1)
