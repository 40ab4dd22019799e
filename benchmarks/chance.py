"""What chance makes of a share: binomial intervals, and whether what was seen is inside."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """`got` of `total` requests, each of which had the chance `weight` (0 to 1)."""

    got: int
    total: int
    weight: float

    @property
    def percent(self) -> float:
        return 100 * self.got / self.total if self.total else 0.0

    @property
    def is_usual(self) -> bool:
        """Whether neither so few nor so many are rarer than 2.5 %."""
        return (
            below(self.got, self.total, self.weight) > 0.025
            and 1 - below(self.got - 1, self.total, self.weight) > 0.025
        )


def below(most: int, total: int, chance: float) -> float:
    """The probability of at most `most` hits among `total`."""
    return math.fsum(math.exp(_log_chance(hits, total, chance)) for hits in range(most + 1))


def allowed(total: int, chance: float, sure: float) -> int:
    """The least number that, with the probability `sure`, is not exceeded by the hits among `total`."""
    return next(hits for hits in range(total + 1) if below(hits, total, chance) >= sure)


def deviations(total: int, chance: float, number: float) -> float:
    """So many standard deviations of a share of `total`, in percent."""
    return 100 * number * math.sqrt(chance * (1 - chance) / total) if total else 100.0


def _log_chance(hits: int, total: int, chance: float) -> float:
    ways = math.lgamma(total + 1) - math.lgamma(hits + 1) - math.lgamma(total - hits + 1)
    return ways + hits * math.log(chance) + (total - hits) * math.log1p(-chance)
