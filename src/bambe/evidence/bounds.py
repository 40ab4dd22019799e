"""Bounds on a rate that hold at every look at once.

The beta-binomial mixture (Ville 1939; Robbins 1970, Annals of Mathematical Statistics 41; Howard, Ramdas,
McAuliffe and Sekhon 2021, Annals of Statistics 49, section 3): M(p) = B(a + s, b + n - s) / B(a, b)
divided by p^s (1 - p)^(n - s) is a martingale of mean 1 when p is the rate, so it exceeds 1/alpha at any
time with probability at most alpha. The bounds are where M(p) = 1/alpha. Prior: Jeffreys, a = b = 1/2.
"""

from __future__ import annotations

from math import lgamma, log

PRIOR = 0.5
STEPS = 60


def upper(hits: int, count: int, alpha: float) -> float:
    """The rate is below this, at every look at once, with probability 1 - alpha."""
    return _edge(hits, count, alpha, 1.0)


def lower(hits: int, count: int, alpha: float) -> float:
    """The rate is above this, at every look at once, with probability 1 - alpha."""
    return _edge(hits, count, alpha, 0.0)


def _edge(hits: int, count: int, alpha: float, far: float) -> float:
    if not count:
        return far
    near, edge = hits / count, far
    for _ in range(STEPS):
        middle = (near + edge) / 2
        if _log_mixture(hits, count, middle) < -log(alpha):
            near = middle
        else:
            edge = middle
    return edge


def _log_mixture(hits: int, count: int, rate: float) -> float:
    misses = count - hits
    mixed = _log_beta(PRIOR + hits, PRIOR + misses) - _log_beta(PRIOR, PRIOR)
    return mixed - _times_log(hits, rate) - _times_log(misses, 1 - rate)


def _times_log(times: int, value: float) -> float:
    if not times:
        return 0.0
    return times * log(value) if value > 0 else float("-inf")


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
