"""What an alarm says of the windows of its metric; pure.

AWS looks at a few windows more than an alarm's evaluation periods, so that one that comes late is not
missing. Of what there is the most recent windows count, as many as there are evaluation periods; only where
there are fewer does it matter how missing data are treated. Source: "Configuring how CloudWatch alarms treat
missing data", whose tables are the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bambe.services.cloudwatch.model import State

EXTRA = 2
BREACHING, NOT_BREACHING, IGNORE, MISSING = "breaching", "notBreaching", "ignore", "missing"
COMPARISONS = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What an alarm watches for: `needed` breaching windows of the last `periods`."""

    comparison: str
    threshold: float
    periods: int
    needed: int
    missing: str = MISSING

    def breaches(self, value: float) -> bool:
        """Whether one value counts towards the alarm."""
        return bool(COMPARISONS[self.comparison](value, self.threshold))

    @property
    def reach(self) -> int:
        """How many windows are looked at."""
        return self.periods + EXTRA


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state, and by what: `used` are the windows that counted, the latest first, `filled` how many more
    were treated as AWS is told to treat missing ones. `state` None: it stays as it is."""

    state: State | None
    used: tuple[tuple[int, float], ...] = ()
    filled: int = 0


def evaluate(terms: Terms, values: Mapping[int, float], grid: Sequence[int]) -> Verdict:
    """The verdict over `grid`, the windows looked at, the earliest first; `values` where there are data."""
    there = [(at, values[at]) for at in reversed(grid) if at in values]
    used = tuple(there[: terms.periods])
    filled = terms.periods - len(used)
    breaching = sum(terms.breaches(value) for _, value in used)
    if terms.missing == BREACHING:
        breaching += filled
    if breaching >= terms.needed:
        return Verdict(State.ALARM, used, filled)
    if not filled or terms.missing in (BREACHING, NOT_BREACHING):
        return Verdict(State.OK, used, filled)
    if breaching < len(used):
        return Verdict(State.OK, used, filled)
    if terms.missing == IGNORE:
        return Verdict(None, used, filled)
    if not used:
        return Verdict(State.INSUFFICIENT_DATA, used, filled)
    # All there is breaches: where the first of it is as old as the alarm needs, it is not waited for more.
    age = len(grid) - list(grid).index(used[-1][0])
    return Verdict(State.ALARM if age >= terms.needed else None, used, filled)
