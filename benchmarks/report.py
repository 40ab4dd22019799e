"""What every benchmark answers, how it looks as a table, and the page docs/benchmarks.md made of it.

A page has one section per benchmark between `<!-- benchmark: NAME -->` marks, so that one can be
measured again without the others.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEAD = """\
# Benchmarks

`make bench` measures all of this and writes this page; `python -m benchmarks NAME...` measures some of it and
replaces their sections. Every figure of Bambe stands beside a peer's or a limit's of the same run.
"""
MARK = re.compile(r"^<!-- benchmark: (\w+) -->$", re.MULTILINE)


class CannotRun(Exception):
    """Something cannot be measured here; the message says why."""


@dataclass(frozen=True)
class Row:
    """One figure of Bambe beside another of the same run; at most one of the two limits on their ratio.

    `paired` is the median of the ratios of rounds in which the two took turns: it counts where it is given,
    since what else the machine does hits both figures of a round alike. Beside a limit of 0 the ratio is 1
    where there is nothing, and infinite where there is anything at all.
    """

    what: str
    ours: float
    beside: str
    theirs: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    paired: float | None = None

    @property
    def ratio(self) -> float:
        if self.paired is not None:
            return self.paired
        if not self.theirs:
            return float("inf") if self.ours else 1.0
        return self.ours / self.theirs

    @property
    def is_held(self) -> bool:
        return (self.at_most is None or self.ratio <= self.at_most) and (
            self.at_least is None or self.ratio >= self.at_least
        )

    def line(self) -> str:
        cells = (
            self.what,
            f"{_number(self.ours)} {self.unit}".strip(),
            self.beside,
            f"{_number(self.theirs)} {self.unit}".strip(),
            f"{self.ratio:.2f}",
            self._verdict(),
        )
        return f"| {' | '.join(cells)} |"

    def _verdict(self) -> str:
        held = "held" if self.is_held else "**exceeded**"
        if self.at_most is not None:
            return f"at most {self.at_most:g}: {held}"
        return "" if self.at_least is None else f"at least {self.at_least:g}: {held}"


@dataclass(frozen=True)
class Result:
    """What a benchmark found: rows to compare, and Markdown for whoever wants to know more."""

    rows: tuple[Row, ...]
    notes: str = ""

    @property
    def is_held(self) -> bool:
        return all(row.is_held for row in self.rows)

    def text(self) -> str:
        lines = ["| what | Bambe | beside | | ratio | ratio wanted |", "|---|---:|---|---:|---:|---|"]
        table = "\n".join(lines + [row.line() for row in self.rows])
        return f"{table}\n\n{self.notes}".strip()


class Benchmark(Protocol):
    """A module of this package that measures something."""

    TITLE: str
    QUESTION: str

    def measured(self) -> Result: ...


def options(description: str | None) -> argparse.ArgumentParser:
    """A parser that shows the module's own words."""
    raw = argparse.RawDescriptionHelpFormatter
    return argparse.ArgumentParser(description=description, formatter_class=raw)


def tell(result: Result) -> int:
    """Print a result; the exit status, 1 where a limit is exceeded."""
    print(result.text())
    return 0 if result.is_held else 1


def write(name: str, benchmark: Benchmark, body: str, order: Sequence[str], page: Path = PAGE) -> None:
    """Replace the section of `name`; the others stay as they are, all in `order`."""
    sections = _sections(page.read_text()) if page.exists() else {}
    sections[name] = (
        f"## {benchmark.TITLE}\n\n{benchmark.QUESTION}\n\n{body.strip()}\n\n"
        f"`python -m benchmarks.{name}`, {machine()}\n"
    )
    known = [one for one in order if one in sections]
    page.write_text("\n".join([HEAD, *(f"<!-- benchmark: {one} -->\n{sections[one]}" for one in known)]))


def machine() -> str:
    """When and on what this is measured, without naming the machine."""
    kernel = platform.release().split("-")[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {os.cpu_count()} {platform.machine()} cores, "
        f"{platform.system()} {kernel}, Python {platform.python_version()}, "
        f"load average {os.getloadavg()[2]:.1f} in the quarter of an hour before"
    )


def _sections(text: str) -> dict[str, str]:
    parts = MARK.split(text)[1:]
    return {name: body.strip() + "\n" for name, body in zip(parts[::2], parts[1::2], strict=True)}


def _number(value: float) -> str:
    """Three digits that mean something; what was counted is whole."""
    if isinstance(value, int):
        return f"{value:,}"
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"
