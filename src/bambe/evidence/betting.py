"""The e-process of one measure: bets that green's odds are so many times what is tolerated.

Two moments are compared in full knowledge (`bet`), or, where nobody can say which of blue's moments were
green's own, with the one of them that speaks least against green (`bet_on_least`): as good as the right one,
since it never gains more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log

from bambe.evidence.odds import log_ratios

ODDS = (2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 1000.0)
"""How much worse green might be, as multiples of what is tolerated; the e-process bets on each alike."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one measure has shown so far: hits among requests, or among events. `bets` are the logarithms of
    the e-process, one per odds ratio."""

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
class Hits:
    """Hits among what one version did in a moment."""

    count: int
    hits: int


def bet(known: Evidence, blue: Hits, green: Hits, limit: float) -> Evidence:
    """`known` with one moment more; up to `limit` times blue's odds are tolerated."""
    return _with(known, blue, green, _gains(blue, green, limit))


def bet_on_least(known: Evidence, blue: Hits, around: Sequence[Hits], green: Hits, limit: float) -> Evidence:
    """`known` with one moment more of green; `around` are blue's moments that may be the same one, `blue`
    among them."""
    each = [_gains(one, green, limit) for one in around]
    return _with(known, blue, green, [min(gains) for gains in zip(*each, strict=True)])


def _gains(blue: Hits, green: Hits, limit: float) -> Sequence[float]:
    hits = blue.hits + green.hits
    if not hits or not blue.count or not green.count:
        return (0.0,) * len(ODDS)
    return log_ratios(blue.count, green.count, hits, green.hits, limit, [limit * odds for odds in ODDS])


def _with(known: Evidence, blue: Hits, green: Hits, gains: Sequence[float]) -> Evidence:
    return replace(
        known,
        blue=known.blue + blue.count,
        green=known.green + green.count,
        blue_hits=known.blue_hits + blue.hits,
        green_hits=known.green_hits + green.hits,
        bets=tuple(bet + gain for bet, gain in zip(known.bets, gains, strict=True)),
    )
