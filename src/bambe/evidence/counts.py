"""Requests of two versions, added up over looks at counters that may begin anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests of one version. `by_class` as "2xx"; `dropped` got no whole answer from a target.

    `latencies`: answers by upper bound in milliseconds, cumulative.
    """

    requests: int = 0
    by_class: Mapping[str, int] = field(default_factory=dict)
    retries: int = 0
    dropped: int = 0
    latencies: Mapping[float, int] = field(default_factory=dict)

    @property
    def errors(self) -> int:
        """Answers that say the server failed, and requests without an answer, each once."""
        return min(self.requests, max(self.by_class.get("5xx", 0), self.dropped))

    def slower(self, milliseconds: float) -> int:
        """Answers that took longer than a bound of the histogram."""
        whole = max(self.latencies.values(), default=0)
        return whole - self.latencies.get(milliseconds, whole)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.requests + other.requests,
            _plus(self.by_class, other.by_class),
            self.retries + other.retries,
            self.dropped + other.dropped,
            _plus(self.latencies, other.latencies),
        )

    def __sub__(self, other: Counts) -> Counts:
        return Counts(
            self.requests - other.requests,
            _minus(self.by_class, other.by_class),
            self.retries - other.retries,
            self.dropped - other.dropped,
            _minus(self.latencies, other.latencies),
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted of blue and green since the beginning.

    `epoch`, `last_blue` and `last_green` are the counters as last seen; `gaps` says how often they began
    anew in between, each time losing what came after the last look.
    """

    epoch: str = ""
    last_blue: Counts = field(default_factory=Counts)
    last_green: Counts = field(default_factory=Counts)
    blue: Counts = field(default_factory=Counts)
    green: Counts = field(default_factory=Counts)
    gaps: int = 0

    @property
    def zero_loss(self) -> bool | None:
        """Whether no request was dropped; None where a gap makes it unknown."""
        if self.blue.dropped or self.green.dropped:
            return False
        return None if self.gaps else True


def begin(epoch: str, blue: Counts, green: Counts) -> Tally:
    """A tally that counts from here on."""
    return Tally(epoch, blue, green)


def look(tally: Tally, epoch: str, blue: Counts, green: Counts) -> Tally:
    """The tally with what the counters have gained since the last look."""
    began_anew = epoch != tally.epoch
    more_blue, lost_blue = gain(tally.last_blue, blue, began_anew)
    more_green, lost_green = gain(tally.last_green, green, began_anew)
    return replace(
        tally,
        epoch=epoch,
        last_blue=blue,
        last_green=green,
        blue=tally.blue + more_blue,
        green=tally.green + more_green,
        gaps=tally.gaps + (began_anew or lost_blue or lost_green),
    )


def gain(before: Counts, now: Counts, began_anew: bool) -> tuple[Counts, bool]:
    """What was added, and whether the counters began anew (then all they show is new)."""
    if began_anew or _fell(before, now):
        return now, True
    return now - before, False


def _fell(before: Counts, now: Counts) -> bool:
    fewer = any(now.by_class.get(name, 0) < count for name, count in before.by_class.items())
    return fewer or now.dropped < before.dropped or now.retries < before.retries


def _plus(left: Mapping[Name, int], right: Mapping[Name, int]) -> dict[Name, int]:
    return {key: left.get(key, 0) + right.get(key, 0) for key in {**left, **right}}


def _minus(left: Mapping[Name, int], right: Mapping[Name, int]) -> dict[Name, int]:
    return {key: max(0, count - right.get(key, 0)) for key, count in left.items()}
