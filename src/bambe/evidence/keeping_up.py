"""Whether green's consumers keep up, as seen over a minute. See docs/analysis.md, "Lag".

How far a partition is behind depends on how far it was a moment before, so looks at it are no independent
tests. Nothing is multiplied here: green falls behind when, for a whole minute, everything says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from bambe.evidence.reports import Events, added

SLOT = timedelta(seconds=5)
SLOTS = 12
"""A minute."""
THIRD = SLOTS // 3
TIMES = 3.0
"""As many times as far behind as blue's partitions."""
FEW = 100
"""Events: nobody minds a partition that is fewer behind."""
REPORTS = 30
"""Reports, about a second apart: what green gets done in these may be behind."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What both versions have reported within a slot."""

    blue: Events
    green: Events


@dataclass(frozen=True, slots=True)
class Keeping:
    """The newest slots in which both had partitions, at most a minute of them; `newest` is the last one
    altogether."""

    slots: tuple[Pair, ...] = ()
    newest: Pair | None = None

    @property
    def is_far(self) -> bool:
        """Whether green is far behind in the newest slot; for itself that says nothing of why."""
        return bool(self.slots) and _is_far(self.slots[-1], added(one.green for one in self.slots))


def seen(known: Keeping, slot: Pair, counts: bool) -> Keeping:
    """`known` with one slot more. With one that does not count, since partitions are not shared or have just
    moved, the minute begins anew."""
    known = replace(known, newest=slot)
    if not counts or slot.green.lag is None or slot.blue.lag is None:
        return replace(known, slots=())
    return replace(known, slots=(*known.slots, slot)[-SLOTS:])


def falls_behind(known: Keeping) -> bool:
    """Whether green was far behind in every slot of a minute, ever further, and got less done than blue."""
    lags = [one.green.lag or 0.0 for one in known.slots]
    if len(lags) < SLOTS or lags[-1] < max(lags) or min(lags[-THIRD:]) <= max(lags[:THIRD]):
        return False
    blue, green = (added(each) for each in zip(*((one.blue, one.green) for one in known.slots), strict=True))
    return green.pace < blue.pace and all(_is_far(one, green) for one in known.slots)


def says(known: Keeping) -> str:
    """The reason in one sentence."""
    blue, green = known.slots[-1].blue, known.slots[-1].green
    return (
        f"the new version falls behind: its partitions are {green.lag or 0:,.0f} events behind each, and were"
        f" ever more for a minute, against {blue.lag or 0:,.0f} of the old one's"
    )


def _is_far(slot: Pair, minute: Events) -> bool:
    most = max(TIMES * (slot.blue.lag or 0.0), FEW, REPORTS * minute.pace)
    return (slot.green.lag or 0.0) > most
