"""The page of the benchmarks: verdicts, and sections that are replaced one by one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.report import Result, Row, write


class Told:
    """A benchmark by name only."""

    QUESTION = "How long?"

    def __init__(self, title: str) -> None:
        self.TITLE = title

    def measured(self) -> Result:
        return Result(())


@pytest.mark.parametrize(
    ("ours", "limits", "held"),
    [
        (0.4, {"at_most": 1}, True),
        (0.6, {"at_most": 1}, False),
        (1.5, {"at_least": 3}, True),
        (1.4, {"at_least": 3}, False),
        (9.0, {}, True),
    ],
)
def test_a_limit_is_on_the_ratio(ours: float, limits: dict[str, float], held: bool) -> None:
    row = Row("start", ours, "limit", 0.5, "s", **limits)
    assert row.is_held is held
    assert Result((row,)).is_held is held
    assert ("exceeded" in row.line()) is not held


def test_a_limit_of_nothing_holds_only_for_nothing() -> None:
    assert Row("failed requests", 0, "limit", 0, "", at_most=1).is_held
    row = Row("failed requests", 1, "limit", 0, "", at_most=1)
    assert not row.is_held
    assert row.line() == "| failed requests | 1 | limit | 0 | inf | at most 1: **exceeded** |"


def test_figures_have_three_digits() -> None:
    line = Row("rate", 12345.6, "peer", 98.76, "requests/s").line()
    assert line == "| rate | 12,346 requests/s | peer | 98.8 requests/s | 125.01 |  |"


def test_sections_stay_in_order_and_are_replaced_alone(tmp_path: Path) -> None:
    page, order = tmp_path / "page.md", ("one", "two", "three")
    for name in ("three", "one", "two"):
        write(name, Told(name.title()), f"figures of {name}", order, page)
    write("two", Told("Two"), "new figures", order, page)
    text = page.read_text()
    marks = [f"<!-- benchmark: {name} -->\n## {name.title()}\n" for name in order]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    assert "new figures" in text
    assert "figures of two" not in text
    assert text.count("figures of one") == text.count("figures of three") == 1
    before = page.read_text()
    write("two", Told("Two"), "new figures", order, page)
    assert len(page.read_text().splitlines()) == len(before.splitlines())


def test_the_ratio_of_pairs_counts_where_there_is_one() -> None:
    row = Row("in", 90, "by hand", 100, "records/s", at_least=0.95, paired=0.97)
    assert (row.ratio, row.is_held) == (0.97, True)
    assert not replace(row, paired=None).is_held
