"""The simulated error rates of what is said of consumers, as docs/analysis.md shows them.

`python -m scripts.consumers_table` prints both tables; `--write` puts them into the page.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import exp, sin, sqrt
from statistics import median

from bambe.evidence import keeping_up
from bambe.evidence.analysis import Seen, Settings, Verdict, finding, found_worse
from bambe.evidence.consumers import Consumers, weigh
from bambe.evidence.keeping_up import Keeping, Pair, falls_behind
from bambe.evidence.reports import Events, Reported
from scripts.analysis_table import PAGE, binomial

RUNS, SECONDS = 100, 90
"""Releases of an events scenario; how long each is looked at, once a second."""
PUNCTUAL = 0.8
"""In so many seconds a version reports what it has done since the last time; the rest is late."""
LAG_RUNS, LAG_SLOTS = 500, 60
"""Releases of a lag scenario; each a canary of five minutes."""
BLUES = 3
"""Partitions of blue beside the one of green."""
START = datetime(2026, 1, 1, tzinfo=UTC)

Rate = Callable[[int], float]


@dataclass(frozen=True, slots=True)
class Result:
    """How often worse and better were said, and the seconds until worse in the middle release."""

    name: str
    worse: int
    better: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Failing:
    """How often events fail in each second; `each`: how many come to blue and to green in one."""

    name: str
    blue: Rate
    green: Rate
    each: tuple[float, float] = (180, 20)


@dataclass(frozen=True, slots=True)
class Lagging:
    """Events that come to a partition in a second, and that a task can do of one in a second."""

    name: str
    comes: Rate
    blue: Rate
    green: Rate
    comes_to_green: Rate | None = None


def _flat(rate: float) -> Rate:
    return lambda second: rate


def _drift(second: int) -> float:
    return 0.1 + 0.09 * sin(second / 5)


def _within(first: int, end: int, inside: float, outside: float) -> Rate:
    return lambda second: inside if first <= second < end else outside


def _often(second: int) -> float:
    return 1.0 if second % 10 < 3 else 0.0


EVENTS = (
    Failing("both never fail", _flat(0), _flat(0)),
    Failing("both fail 0.1 %", _flat(0.001), _flat(0.001)),
    Failing("both fail 1 %", _flat(0.01), _flat(0.01)),
    Failing("both fail 10 %", _flat(0.1), _flat(0.1)),
    Failing("both drift between 1 % and 19 %", _drift, _drift),
    Failing("both fail always, for ten seconds", _within(20, 30, 1, 0), _within(20, 30, 1, 0)),
    Failing("both fail always, three seconds of ten", _often, _often),
    Failing("both fail 20 % of few (4 and 1 a second)", _flat(0.2), _flat(0.2), (4, 1)),
    Failing("0.1 % against 5 %", _flat(0.001), _flat(0.05)),
    Failing("1 % against 5 %", _flat(0.01), _flat(0.05)),
    Failing("1 % against 10 %", _flat(0.01), _flat(0.1)),
    Failing("never against 50 %", _flat(0), _flat(0.5)),
    Failing("never against 50 % of few (4 and 1 a second)", _flat(0), _flat(0.5), (4, 1)),
)
LAG = (
    Lagging("both keep up (20 come, 40 can be done)", _flat(20), _flat(40), _flat(40)),
    Lagging("both just keep up (20 come, 20.4 can be done)", _flat(20), _flat(20.4), _flat(20.4)),
    Lagging("both fall behind (20 come, 16 can be done)", _flat(20), _flat(16), _flat(16)),
    Lagging("both just keep up with few (2 come, 2.1 can be done)", _flat(2), _flat(2.1), _flat(2.1)),
    Lagging("both stop for a rebalance of 10 s", _flat(20), _within(0, 10, 0, 24), _within(0, 10, 0, 24)),
    Lagging("blue stops for 10 s, green for 50 s", _flat(20), _within(0, 10, 0, 24), _within(0, 50, 0, 24)),
    Lagging("ten times as many come, for 30 s", _within(60, 90, 200, 20), _flat(40), _flat(40)),
    Lagging("three times as many to green's partition", _flat(20), _flat(40), _flat(40), _flat(60)),
    Lagging("both with load that comes and goes", lambda t: 20 + 15 * sin(t / 40), _flat(24), _flat(24)),
    Lagging("green does nothing", _flat(20), _flat(40), _flat(0)),
    Lagging("green does half of what comes", _flat(20), _flat(40), _flat(10)),
    Lagging("green does a quarter less than what comes", _flat(20), _flat(40), _flat(15)),
    Lagging("green does half of few (2 come)", _flat(2), _flat(4), _flat(1)),
    Lagging("green does less and less (1 in 100 a second)", _flat(20), _flat(40), lambda t: 40 * 0.99**t),
)  # fmt: skip


class Version:
    """The tasks of one version: what they have done, and what they have said of it so far."""

    def __init__(self) -> None:
        self.said = Events()
        self._waiting = Events()

    def works(self, source: random.Random, events: int, failed: int) -> None:
        self._waiting += Events(events - failed, failed, 0, 0, 1)
        if source.random() < PUNCTUAL:
            self.said, self._waiting = self.said + self._waiting, Events()


def failing(scenario: Failing, source: random.Random, settings: Settings) -> tuple[Verdict, int]:
    """One release: its last verdict, and the seconds until then."""
    versions, known = (Version(), Version()), Consumers(START)
    for second in range(SECONDS):
        for version, rate, mean in zip(versions, (scenario.blue, scenario.green), scenario.each, strict=True):
            events = poisson(source, mean)
            failed = events if rate(second) >= 1 else binomial(source, events, rate(second))
            version.works(source, events, failed)
        blue, green = (Reported(name, Events(), one.said) for name, one in zip("bg", versions, strict=True))
        now = START + timedelta(seconds=second)
        known = replace(known, blue=blue, green=green)
        known = weigh(known, now, settings.tolerated_odds, shared=True, moved=second == 0)
        if found_worse(Seen(consumers=known, has_requests=False), settings):
            return Verdict.WORSE, second + 1
    return finding(Seen(consumers=known, has_requests=False), settings).verdict, SECONDS


def lagging(scenario: Lagging, source: random.Random) -> tuple[Verdict, int]:
    """One release: whether it is said to fall behind, and the seconds until then."""
    width = int(keeping_up.SLOT.total_seconds())
    known, behind = Keeping(), [0] * (BLUES + 1)
    for slot in range(LAG_SLOTS):
        at = slot * width
        done = []
        for number in range(BLUES + 1):
            is_green = number == BLUES
            comes = scenario.comes_to_green if is_green and scenario.comes_to_green else scenario.comes
            can = scenario.green if is_green else scenario.blue
            there = behind[number] + poisson(source, width * comes(at))
            done.append(min(there, poisson(source, width * can(at))))
            behind[number] = there - done[number]
        blue = Events(sum(done[:BLUES]), 0, 0, width * sum(behind[:BLUES]), width * BLUES)
        green = Events(done[BLUES], 0, 0, width * behind[BLUES], width)
        known = keeping_up.seen(known, Pair(blue, green), counts=True)
        if falls_behind(known):
            return Verdict.WORSE, at + width
    return Verdict.INCONCLUSIVE, LAG_SLOTS * width


def poisson(source: random.Random, mean: float) -> int:
    """How many come; for many by the normal distribution."""
    if mean > 30:
        return max(0, round(source.gauss(mean, sqrt(mean))))
    count, left = 0, source.random()
    while left > exp(-mean):
        count, left = count + 1, left * source.random()
    return count


def event_results(runs: int = RUNS) -> Iterator[Result]:
    """Every scenario of events, `runs` times."""
    for scenario in EVENTS:
        source = random.Random(f"1 {scenario.name}")
        yield _result(scenario.name, [failing(scenario, source, Settings()) for _ in range(runs)])


def lag_results(runs: int = LAG_RUNS) -> Iterator[Result]:
    """Every scenario of lag, `runs` times."""
    for scenario in LAG:
        source = random.Random(f"1 {scenario.name}")
        yield _result(scenario.name, [lagging(scenario, source) for _ in range(runs)])


def _result(name: str, found: list[tuple[Verdict, int]]) -> Result:
    worse = [seconds for verdict, seconds in found if verdict is Verdict.WORSE]
    better = sum(verdict is Verdict.BETTER for verdict, _ in found)
    return Result(name, len(worse), better, int(median(worse)) if worse else 0)


def events_table(found: Iterable[Result], runs: int = RUNS) -> str:
    """The results of events in Markdown."""
    lines = ["| blue against green | says worse | says better | seconds until worse (median) |"]
    lines += ["|---|--:|--:|--:|"]
    for one in found:
        worse, better = (100 * number / runs for number in (one.worse, one.better))
        lines.append(f"| {one.name} | {worse:.1f} % | {better:.1f} % | {one.seconds or '–'} |")
    return "\n".join(lines)


def lag_table(found: Iterable[Result], runs: int = LAG_RUNS) -> str:
    """The results of lag in Markdown."""
    lines = ["| by partition and second | says worse | seconds until worse (median) |", "|---|--:|--:|"]
    lines += [f"| {one.name} | {100 * one.worse / runs:.1f} % | {one.seconds or '–'} |" for one in found]
    return "\n".join(lines)


def main() -> None:
    """Print the tables, or write them into the page."""
    made = {"events": events_table(event_results()), "lag": lag_table(lag_results())}
    if "--write" not in sys.argv:
        sys.stdout.write("\n\n".join(made.values()) + "\n")
        return
    page = PAGE.read_text()
    for name, table in made.items():
        begin, end = f"<!-- simulated {name} -->", f"<!-- /simulated {name} -->"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
