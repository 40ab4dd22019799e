"""What is kept of a metric in one window of time: the statistics, and how the values were spread; pure.

A spread is a list of buckets (least, greatest, count) in order; a single value is a bucket of its own. Past
`MOST` buckets, values that differ by less than a tenth share one, as AWS's own sparse histograms have it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Bucket = tuple[float, float, float]
MOST = 60
BASE = math.log(1.1)
PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{0,10})?|100(?:\.0{0,10})?)")
SIMPLE = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


@dataclass(frozen=True, slots=True)
class Point:
    """One window. `spread` is empty where nothing is known of it (a set of statistics, or values below 0)."""

    count: float
    total: float
    low: float
    high: float
    spread: tuple[Bucket, ...] = ()

    def __add__(self, other: Point) -> Point:
        return together((self, other))

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """The spread, also where it goes without saying: all values are the same."""
        if not self.spread and self.low == self.high and self.low >= 0:
            return ((self.low, self.high, self.count),)
        return self.spread

    def statistic(self, name: str) -> float | None:
        """`Average`, `p99.9` and their like; None for a percentile of a spread that is not known."""
        if name == "SampleCount":
            return self.count
        if name == "Sum":
            return self.total
        if name == "Average":
            return self.total / self.count if self.count else None
        if name == "Minimum":
            return self.low
        return self.high if name == "Maximum" else self._percentile(float(name[1:]))

    def _percentile(self, percent: float) -> float | None:
        buckets = self.buckets
        if not buckets:
            return None
        wanted = percent / 100 * sum(count for _, _, count in buckets)
        passed = 0.0
        for low, high, count in buckets:
            if passed + count >= wanted:
                inside = low + (high - low) * (max(0.0, wanted - passed) / count)
                return min(self.high, max(self.low, inside))
            passed += count
        return self.high


def together(points: Sequence[Point]) -> Point:
    """Some points, at least one, as one."""
    if len(points) == 1:
        return points[0]
    known = all(one.buckets for one in points)
    return Point(
        sum(one.count for one in points),
        sum(one.total for one in points),
        min(one.low for one in points),
        max(one.high for one in points),
        joined(bucket for one in points for bucket in one.buckets) if known else (),
    )


def is_statistic(name: str) -> bool:
    """Whether `statistic` knows it."""
    return name in SIMPLE or PERCENTILE.fullmatch(name) is not None


def of_values(values: Iterable[tuple[float, float]]) -> Point:
    """A point of (value, how often)."""
    there = [(value, count) for value, count in values if count > 0]
    numbers = [value for value, _ in there]
    point = Point(
        count=sum(count for _, count in there),
        total=sum(value * count for value, count in there),
        low=min(numbers, default=0.0),
        high=max(numbers, default=0.0),
    )
    if point.low == point.high or point.low < 0:
        return point
    return Point(point.count, point.total, point.low, point.high, joined((v, v, count) for v, count in there))


def joined(buckets: Iterable[Bucket]) -> tuple[Bucket, ...]:
    """Buckets in order, the same ones added up, and so few that a row stays small."""
    counts: dict[tuple[float, float], float] = {}
    for low, high, count in buckets:
        counts[low, high] = counts.get((low, high), 0.0) + count
    if len(counts) > MOST:
        counts = _coarser(counts)
    return tuple((low, high, counts[low, high]) for low, high in sorted(counts))


def _coarser(counts: dict[tuple[float, float], float]) -> dict[tuple[float, float], float]:
    steps: dict[float, list[tuple[float, float, float]]] = {}
    for (low, high), count in counts.items():
        middle = (low + high) / 2
        step = math.floor(math.log(middle) / BASE) if middle > 0 else -math.inf
        steps.setdefault(step, []).append((low, high, count))
    return {
        (min(b[0] for b in together), max(b[1] for b in together)): sum(b[2] for b in together)
        for together in steps.values()
    }
