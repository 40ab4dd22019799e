"""What chance makes of a share: binomial intervals, and whether what was seen is inside."""

from __future__ import annotations

import math

from bambe.cli.demo.counts import Share


def is_usual(share: Share) -> bool:
    """Whether neither so few nor so many are rarer than 2.5 %."""
    chance = share.weight / 100
    return (
        below(share.got, share.total, chance) > 0.025
        and 1 - below(share.got - 1, share.total, chance) > 0.025
    )


def below(most: int, total: int, chance: float) -> float:
    """The probability of at most `most` hits among `total`."""
    return math.fsum(math.exp(_log_chance(hits, total, chance)) for hits in range(most + 1))


def allowed(total: int, chance: float, sure: float) -> int:
    """The least number that, with the probability `sure`, is not exceeded by the hits among `total`."""
    return next(hits for hits in range(total + 1) if below(hits, total, chance) >= sure)


def _log_chance(hits: int, total: int, chance: float) -> float:
    ways = math.lgamma(total + 1) - math.lgamma(hits + 1) - math.lgamma(total - hits + 1)
    return ways + hits * math.log(chance) + (total - hits) * math.log1p(-chance)
