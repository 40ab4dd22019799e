"""How surprising is it that so many of a moment's failures were green's? Exact, whatever the common rate.

Given a block of `blue` and `green` requests of which `failed` failed in all, the number of green's among
them has Fisher's noncentral hypergeometric distribution, in which only the odds ratio of the two versions
is left: how often requests fail in general, and how that changes from minute to minute, drops out.
(Fisher 1935; McCullagh and Nelder, Generalized Linear Models, 2nd ed., section 7.3.)
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, log


def log_ratios(
    blue: int, green: int, failed: int, of_green: int, null: float, others: Sequence[float]
) -> list[float]:
    """log(P(of_green | odds ratio) / P(of_green | `null`)) for each odds ratio of `others`."""
    least, most = max(0, failed - blue), min(failed, green)
    if least == most:
        return [0.0] * len(others)
    ways = [_log_choose(green, k) + _log_choose(blue, failed - k) for k in range(least, most + 1)]
    base = _log_total(ways, least, log(null))
    return [of_green * (log(odds) - log(null)) - _log_total(ways, least, log(odds)) + base for odds in others]


def _log_total(ways: Sequence[float], least: int, log_odds: float) -> float:
    """log of the sum of ways(k) * odds**k."""
    terms = [way + (least + place) * log_odds for place, way in enumerate(ways)]
    highest = max(terms)
    return highest + log(sum(exp(term - highest) for term in terms))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
