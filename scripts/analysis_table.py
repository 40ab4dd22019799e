"""The simulated error rates of the release analysis, as docs/analysis.md shows them.

`python -m scripts.analysis_table` prints the table; `--write` puts it into the page.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log, sin
from pathlib import Path
from statistics import median

from bambe.evidence.analysis import Seen, Settings, State, Verdict, finding, found_worse, observe
from bambe.evidence.counts import Counts

PAGE = Path(__file__).parents[1] / "docs" / "analysis.md"
BEGIN, END = "<!-- simulated -->", "<!-- /simulated -->"
RUNS, LOOKS, GREEN, BLUE = 200, 60, 20, 180
"""A canary of 10 % at 200 requests a second, looked at every second for a minute."""

Rate = Callable[[int], float]


@dataclass(frozen=True, slots=True)
class Scenario:
    """How often requests fail at each look."""

    name: str
    blue: Rate
    green: Rate
    is_worse: bool


@dataclass(frozen=True, slots=True)
class Result:
    """Verdicts of all runs; `requests`: to green until the verdict "worse", in the middle run."""

    scenario: Scenario
    worse: int
    better: int
    requests: int


def _flat(rate: float) -> Rate:
    return lambda look: rate


def _drift(look: int) -> float:
    return 0.1 + 0.09 * sin(look / 5)


def _outage(look: int) -> float:
    return 0.6 if 20 <= look < 30 else 0.0


SCENARIOS = (
    Scenario("both never fail", _flat(0), _flat(0), False),
    Scenario("both fail 0.1 %", _flat(0.001), _flat(0.001), False),
    Scenario("both fail 1 %", _flat(0.01), _flat(0.01), False),
    Scenario("both fail 10 %", _flat(0.1), _flat(0.1), False),
    Scenario("both drift between 1 % and 19 %", _drift, _drift, False),
    Scenario("both fail 60 % for ten seconds", _outage, _outage, False),
    Scenario("0.1 % against 2 %", _flat(0.001), _flat(0.02), True),
    Scenario("0.1 % against 5 %", _flat(0.001), _flat(0.05), True),
    Scenario("1 % against 5 %", _flat(0.01), _flat(0.05), True),
    Scenario("1 % against 10 %", _flat(0.01), _flat(0.1), True),
    Scenario("never against 50 %", _flat(0), _flat(0.5), True),
)


def binomial(source: random.Random, count: int, rate: float) -> int:
    """How many of `count` happen, by jumping from one to the next."""
    if rate <= 0:
        return 0
    hits, place = 0, 0
    while True:
        place += int(log(1 - source.random()) / log(1 - rate)) + 1
        if place > count:
            return hits
        hits += 1


def run(scenario: Scenario, source: random.Random, settings: Settings) -> tuple[Verdict, int]:
    """One release: its last verdict, and the requests to green until then."""
    state = State()
    for look in range(LOOKS):
        blue = binomial(source, BLUE, scenario.blue(look))
        green = binomial(source, GREEN, scenario.green(look))
        state = observe(state, _counts(BLUE, blue), _counts(GREEN, green), settings)
        if found_worse(Seen(state), settings):
            return Verdict.WORSE, (look + 1) * GREEN
    return finding(Seen(state), settings).verdict, LOOKS * GREEN


def _counts(requests: int, errors: int) -> Counts:
    return Counts(requests, {"2xx": requests - errors, "5xx": errors}, latencies={50.0: requests})


def results(runs: int = RUNS, seed: int = 1) -> Iterator[Result]:
    """Every scenario, `runs` times."""
    for scenario in SCENARIOS:
        source = random.Random(f"{seed} {scenario.name}")
        found = [run(scenario, source, Settings()) for _ in range(runs)]
        worse = [requests for verdict, requests in found if verdict is Verdict.WORSE]
        better = sum(verdict is Verdict.BETTER for verdict, _ in found)
        yield Result(scenario, len(worse), better, int(median(worse)) if worse else 0)


def table(found: list[Result], runs: int = RUNS) -> str:
    """The results in Markdown."""
    lines = [
        "| blue against green | says worse | says better | requests to green until worse (median) |",
        "|---|--:|--:|--:|",
    ]
    for one in found:
        requests = str(one.requests) if one.worse else "–"
        worse, better = 100 * one.worse / runs, 100 * one.better / runs
        lines.append(f"| {one.scenario.name} | {worse:.1f} % | {better:.1f} % | {requests} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, or write it into the page."""
    made = table(list(results()))
    if "--write" not in sys.argv:
        sys.stdout.write(f"{made}\n")
        return
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}")


if __name__ == "__main__":
    main()
