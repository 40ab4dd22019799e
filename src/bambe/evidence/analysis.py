"""Green against blue over the same minutes: worse, better, or too little to tell. See docs/analysis.md.

Worse is found by an e-process: the product over looks of likelihood ratios (`odds`), averaged over a few
odds ratios. Under "green's odds of failing are at most `tolerated_odds` times blue's" its mean never exceeds
1, so by Ville's inequality it reaches 1/alpha with probability at most alpha however often one looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import ceil, exp, log

from bambe.evidence.bounds import lower, upper
from bambe.evidence.counts import Counts
from bambe.evidence.odds import log_ratios

ODDS = (2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 1000.0)
"""How much worse green might be, as multiples of what is tolerated; the e-process bets on each alike."""


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
class Evidence:
    """What one measure has shown so far: hits among requests. `bets` are the logarithms of the e-process,
    one per odds ratio."""

    blue: int = 0
    green: int = 0
    blue_hits: int = 0
    green_hits: int = 0
    bets: tuple[float, ...] = (0.0,) * len(ODDS)

    @property
    def blue_rate(self) -> float:
        return self.blue_hits / self.blue if self.blue else 0.0

    @property
    def green_rate(self) -> float:
        return self.green_hits / self.green if self.green else 0.0

    @property
    def log_e(self) -> float:
        """The logarithm of the e-process."""
        highest = max(self.bets)
        return highest + log(sum(exp(bet - highest) for bet in self.bets) / len(self.bets))


@dataclass(frozen=True, slots=True)
class State:
    """All that is known of a comparison; small, and the same after a restart."""

    errors: Evidence = field(default_factory=Evidence)
    slow: Evidence = field(default_factory=Evidence)
    blue_latencies: Mapping[float, int] = field(default_factory=dict)


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
        timed = (_answers(blue), _answers(green))
        slow = _bet(slow, *timed, blue.slower(bound), green.slower(bound), limit)
    return State(
        errors=_bet(state.errors, blue.requests, green.requests, blue.errors, green.errors, limit),
        slow=slow,
        blue_latencies=(Counts(latencies=state.blue_latencies) + blue).latencies,
    )


def finding(state: State, settings: Settings = Settings()) -> Finding:
    """The verdict on what was seen so far."""
    worse = found_worse(state, settings)
    if worse is not None:
        return worse
    if _is_as_good(state, settings):
        rates = f"{_percent(state.errors.green_rate)} of {state.errors.green:,} requests fail"
        return Finding(Verdict.BETTER, f"{rates} of the new version, and no more are slow than before")
    return Finding(Verdict.INCONCLUSIVE, _too_little(state, settings))


def found_worse(state: State, settings: Settings = Settings()) -> Finding | None:
    """The verdict WORSE, or None: cheap enough for every look."""
    threshold = log(2 / settings.alpha)
    for evidence, tolerance, what in (
        (state.errors, settings.tolerance, "fails"),
        (state.slow, settings.slow_tolerance, "is slow"),
    ):
        if evidence.log_e >= threshold and evidence.green_rate - evidence.blue_rate > tolerance:
            return Finding(Verdict.WORSE, _worse(what, evidence))
    return None


def slow_bound(latencies: Mapping[float, int], percentile: float) -> float | None:
    """The smallest bound of blue's histogram that `percentile` of its answers keep; None without enough."""
    whole = max(latencies.values(), default=0)
    if whole < 50:
        return None
    return min(bound for bound, count in latencies.items() if count >= percentile * whole)


def needed(
    blue_rate: float, green_rate: float, blue_per_green: float, settings: Settings = Settings()
) -> int:
    """About how many requests to green tell `green_rate` from `blue_rate`: the threshold over what one
    request adds to the e-process on average (Kullback-Leibler); 0 where nothing tells them apart."""
    pooled = (green_rate + blue_per_green * blue_rate) / (1 + blue_per_green)
    gain = _divergence(green_rate, pooled) + blue_per_green * _divergence(blue_rate, pooled)
    return ceil((log(2 / settings.alpha) + log(len(ODDS))) / gain) if gain > 1e-12 else 0


def _bet(known: Evidence, blue: int, green: int, blue_hits: int, green_hits: int, limit: float) -> Evidence:
    hits = blue_hits + green_hits
    known = Evidence(
        known.blue + blue,
        known.green + green,
        known.blue_hits + blue_hits,
        known.green_hits + green_hits,
        known.bets,
    )
    if not hits or not blue or not green:
        return known
    gains = log_ratios(blue, green, hits, green_hits, limit, [limit * odds for odds in ODDS])
    return replace(known, bets=tuple(bet + gain for bet, gain in zip(known.bets, gains, strict=True)))


def _is_as_good(state: State, settings: Settings) -> bool:
    """The highest plausible rate of green is within the tolerance of the lowest plausible one of blue."""
    share = settings.alpha / 4
    return all(
        upper(evidence.green_hits, evidence.green, share) - lower(evidence.blue_hits, evidence.blue, share)
        < tolerance
        for evidence, tolerance in (
            (state.errors, settings.tolerance),
            (state.slow, settings.slow_tolerance),
        )
    )


def _answers(counts: Counts) -> int:
    return max(counts.latencies.values(), default=0)


def _worse(what: str, shown: Evidence) -> str:
    return (
        f"the new version {what} more often: {_percent(shown.green_rate)} of {shown.green:,} requests against"
        f" {_percent(shown.blue_rate)} of the old one's in the same minutes"
        f" (evidence {_power(shown.log_e)} to 1)"
    )


def _too_little(state: State, settings: Settings) -> str:
    shown = state.errors
    worse = min(1.0, shown.blue_rate + 0.05)
    wanted = needed(shown.blue_rate, worse, shown.blue / shown.green if shown.green else 9.0, settings)
    return (
        f"only {shown.green:,} requests to the new version, {shown.green_hits:,} failed;"
        f" about {wanted:,} tell {_percent(shown.blue_rate)} from {_percent(worse)}"
    )


def _percent(rate: float) -> str:
    return f"{100 * rate:.2f} %" if 0 < rate < 0.1 else f"{100 * rate:.0f} %"


def _power(log_e: float) -> str:
    return f"{exp(log_e):,.0f}" if log_e < log(1e9) else f"10^{log_e / log(10):.0f}"


def _divergence(rate: float, other: float) -> float:
    parts: Sequence[tuple[float, float]] = ((rate, other), (1 - rate, 1 - other))
    return sum(p * log(p / q) for p, q in parts if p > 0 and q > 0)
