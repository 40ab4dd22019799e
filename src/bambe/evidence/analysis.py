"""Green against blue over the same minutes: worse, better, or too little to tell. See docs/analysis.md.

Worse is found by an e-process (`betting`): the product over looks of likelihood ratios, averaged over a few
odds ratios. Under "green's odds of failing are at most `tolerated_odds` times blue's" its mean never exceeds
1, so by Ville's inequality it reaches 1/alpha with probability at most alpha however often one looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil, exp, log

from bambe.evidence import keeping_up
from bambe.evidence.betting import ODDS, Evidence, Hits, bet
from bambe.evidence.bounds import lower, upper
from bambe.evidence.consumers import Consumers
from bambe.evidence.counts import Counts


class Verdict(StrEnum):
    """What the comparison has found. BETTER: at least as good as blue, within the tolerance."""

    BETTER = "better"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Settings:
    """`alpha`: the chance of any false WORSE in a release, and of any false BETTER. `tolerance`: how much
    higher green's rate may be (0.01: a percentage point), `tolerated_odds`: and how many times its odds.

    `slow_percentile`: what counts as slow is what this share of blue's answers is not.
    """

    alpha: float = 0.01
    tolerance: float = 0.01
    tolerated_odds: float = 1.5
    slow_tolerance: float = 0.05
    slow_percentile: float = 0.95


@dataclass(frozen=True, slots=True)
class State:
    """All that is known of a comparison; small, and the same after a restart."""

    errors: Evidence = field(default_factory=Evidence)
    slow: Evidence = field(default_factory=Evidence)
    blue_latencies: Mapping[float, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measure:
    """A share that is compared: how many of the things `what` are hits. `says`: what green does that has more
    hits than is tolerated."""

    evidence: Evidence
    tolerance: float
    says: str
    what: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to judge by: the requests of a release, unless none is led to it, and the events of its
    consumers, where they are to be judged too."""

    state: State = field(default_factory=State)
    consumers: Consumers | None = None
    has_requests: bool = True

    @property
    def parts(self) -> int:
        """Into how many parts alpha is divided: failing, slow; failing events, dead letters, lag."""
        return 2 if self.consumers is None else 5

    def measures(self, settings: Settings) -> tuple[Measure, ...]:
        """The shares; the lag is none."""
        return (*self._requests(settings), *self._events(settings))

    def _requests(self, settings: Settings) -> tuple[Measure, ...]:
        if not self.has_requests:
            return ()
        return (
            Measure(self.state.errors, settings.tolerance, "fails more often", "requests"),
            Measure(self.state.slow, settings.slow_tolerance, "is slow more often", "requests"),
        )

    def _events(self, settings: Settings) -> tuple[Measure, ...]:
        if self.consumers is None:
            return ()
        failing, dead = self.consumers.failing, self.consumers.dead
        return (
            Measure(failing, settings.tolerance, "fails more events", "events"),
            Measure(dead, settings.tolerance, "sends more events to the dead letters", "events"),
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict with its reason in one sentence."""

    verdict: Verdict
    why: str


def observe(state: State, blue: Counts, green: Counts, settings: Settings = Settings()) -> State:
    """`state` with what came since the last look: the requests of both versions in the same moments."""
    limit = settings.tolerated_odds
    bound = slow_bound(state.blue_latencies, settings.slow_percentile)
    slow = state.slow
    if bound is not None:
        of_blue, of_green = (Hits(_answers(one), one.slower(bound)) for one in (blue, green))
        slow = bet(slow, of_blue, of_green, limit)
    of_blue, of_green = (Hits(one.requests, one.errors) for one in (blue, green))
    return State(
        errors=bet(state.errors, of_blue, of_green, limit),
        slow=slow,
        blue_latencies=(Counts(latencies=state.blue_latencies) + blue).latencies,
    )


def finding(seen: Seen, settings: Settings = Settings()) -> Finding:
    """The verdict on what was seen so far."""
    worse = found_worse(seen, settings)
    if worse is not None:
        return worse
    if _is_as_good(seen, settings):
        return Finding(Verdict.BETTER, _better(seen))
    return Finding(Verdict.INCONCLUSIVE, _too_little(seen, settings))


def found_worse(seen: Seen, settings: Settings = Settings()) -> Finding | None:
    """The verdict WORSE, or None: cheap enough for every look."""
    threshold = log(seen.parts / settings.alpha)
    for measure in seen.measures(settings):
        shown = measure.evidence
        if shown.log_e >= threshold and shown.green_rate - shown.blue_rate > measure.tolerance:
            return Finding(Verdict.WORSE, _worse(measure))
    if seen.consumers is not None and keeping_up.falls_behind(seen.consumers.keeping):
        return Finding(Verdict.WORSE, keeping_up.says(seen.consumers.keeping))
    return None


def slow_bound(latencies: Mapping[float, int], percentile: float) -> float | None:
    """The smallest bound of blue's histogram that `percentile` of its answers keep; None without enough."""
    whole = max(latencies.values(), default=0)
    if whole < 50:
        return None
    return min(bound for bound, count in latencies.items() if count >= percentile * whole)


def needed(
    blue_rate: float,
    green_rate: float,
    blue_per_green: float,
    settings: Settings = Settings(),
    parts: int = 2,
) -> int:
    """About how many requests to green (or events) tell `green_rate` from `blue_rate`: the threshold over
    what one adds to the e-process on average (Kullback-Leibler); 0 where nothing tells them apart."""
    pooled = (green_rate + blue_per_green * blue_rate) / (1 + blue_per_green)
    gain = _divergence(green_rate, pooled) + blue_per_green * _divergence(blue_rate, pooled)
    return ceil((log(parts / settings.alpha) + log(len(ODDS))) / gain) if gain > 1e-12 else 0


def _is_as_good(seen: Seen, settings: Settings) -> bool:
    """The highest plausible rates of green are within the tolerances of the lowest plausible ones of blue,
    and its consumers are not far behind."""
    measures = seen.measures(settings)
    share = settings.alpha / (4 if seen.consumers is None else 8)
    return not (seen.consumers and seen.consumers.keeping.is_far) and all(
        upper(one.evidence.green_hits, one.evidence.green, share)
        - lower(one.evidence.blue_hits, one.evidence.blue, share)
        < one.tolerance
        for one in measures
    )


def _answers(counts: Counts) -> int:
    return max(counts.latencies.values(), default=0)


def _better(seen: Seen) -> str:
    said = []
    if seen.has_requests:
        errors = seen.state.errors
        rates = f"{_percent(errors.green_rate)} of {errors.green:,} requests fail"
        said.append(f"{rates} of the new version, and no more are slow than before")
    if seen.consumers is not None:
        failing, dead = seen.consumers.failing, seen.consumers.dead
        said.append(
            f"{_percent(failing.green_rate)} of {failing.green:,} events fail"
            f" and {_percent(dead.green_rate)} go to the dead letters of the new version"
        )
    return "; ".join(said)


def _worse(measure: Measure) -> str:
    shown = measure.evidence
    noun = " requests" if measure.what == "requests" else ""
    return (
        f"the new version {measure.says}: {_percent(shown.green_rate)} of {shown.green:,}{noun} against"
        f" {_percent(shown.blue_rate)} of the old one's in the same minutes"
        f" (evidence {_power(shown.log_e)} to 1)"
    )


def _too_little(seen: Seen, settings: Settings) -> str:
    measures = {one.what: one.evidence for one in reversed(seen.measures(settings))}
    return "; ".join(_lacks(shown, what, seen.parts, settings) for what, shown in reversed(measures.items()))


def _lacks(shown: Evidence, what: str, parts: int, settings: Settings) -> str:
    worse = min(1.0, shown.blue_rate + 0.05)
    ratio = shown.blue / shown.green if shown.green else 9.0
    wanted = needed(shown.blue_rate, worse, ratio, settings, parts)
    return (
        f"only {shown.green:,} {what} to the new version, {shown.green_hits:,} failed;"
        f" about {wanted:,} tell {_percent(shown.blue_rate)} from {_percent(worse)}"
    )


def _percent(rate: float) -> str:
    return f"{100 * rate:.2f} %" if 0 < rate < 0.1 else f"{100 * rate:.0f} %"


def _power(log_e: float) -> str:
    return f"{exp(log_e):,.0f}" if log_e < log(1e9) else f"10^{log_e / log(10):.0f}"


def _divergence(rate: float, other: float) -> float:
    parts: Sequence[tuple[float, float]] = ((rate, other), (1 - rate, 1 - other))
    return sum(p * log(p / q) for p, q in parts if p > 0 and q > 0)
