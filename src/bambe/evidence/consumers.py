"""Green's consumers of events against blue's: what failed, what went to the dead letters, who keeps up; pure.

Tasks report about once a second, each at moments of its own, so what two versions report in the same second
may be of different ones. Events are compared in slots of two seconds, green's of one slot with blue's of that
slot, of the one before and of the one after, whichever speaks least against green.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bambe.evidence import keeping_up
from bambe.evidence.betting import Evidence, Hits, bet_on_least
from bambe.evidence.keeping_up import Keeping, Pair
from bambe.evidence.reports import LATE, Events, Reported, Told, heard, minute_of

SLOT = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Mark:
    """When a slot began, and what had been reported by then."""

    at: datetime
    totals: Pair


@dataclass(frozen=True, slots=True)
class Consumers:
    """All that is known of both versions' consumers. Reports are asked for from the minute `since` on;
    `recent` are the last two slots, of which the newer one is still to be judged."""

    since: datetime
    blue: Reported = field(default_factory=Reported)
    green: Reported = field(default_factory=Reported)
    mark: Mark | None = None
    recent: tuple[Pair, ...] = ()
    failing: Evidence = field(default_factory=Evidence)
    dead: Evidence = field(default_factory=Evidence)
    lag_mark: Mark | None = None
    keeping: Keeping = field(default_factory=Keeping)

    @property
    def totals(self) -> Pair:
        return Pair(self.blue.total, self.green.total)


def begin(since: datetime) -> Consumers:
    """What is known at the beginning: nothing."""
    return Consumers(minute_of(since))


def hear(known: Consumers, told: Told, now: datetime) -> Consumers:
    """`known` with what was reported so far; what was asked about another time says nothing."""
    if told.since != known.since:
        return known
    if (told.blue, told.green) != (known.blue.version, known.green.version):
        known = replace(known, mark=None, recent=(), lag_mark=None, keeping=Keeping())
    keep = max(known.since, minute_of(now - LATE))
    return replace(
        known,
        since=keep,
        blue=heard(known.blue, told.blue, told.blue_minutes, known.since, keep),
        green=heard(known.green, told.green, told.green_minutes, known.since, keep),
    )


def weigh(known: Consumers, now: datetime, limit: float, *, shared: bool, moved: bool) -> Consumers:
    """`known` judged so far. `shared`: green has a part of the partitions, and blue the rest; `moved`: which
    part has just changed, and partitions move."""
    known = _lag(known, now, shared and not moved)
    slot, mark = _slot(known.mark, known.totals, now, SLOT, shared, lambda events: events.count)
    known = replace(known, mark=mark)
    return known if slot is None else _bet(known, slot if shared else Pair(slot.blue, Events()), limit)


def rest(known: Consumers, now: datetime) -> Consumers:
    """`known` while nothing is compared."""
    return replace(_lag(known, now, counts=False), mark=None, recent=())


def _lag(known: Consumers, now: datetime, counts: bool) -> Consumers:
    if not counts and known.keeping.slots:
        known = replace(known, keeping=replace(known.keeping, slots=()), lag_mark=None)
    slot, mark = _slot(
        known.lag_mark, known.totals, now, keeping_up.SLOT, counts, lambda events: events.partitions
    )
    keeping = known.keeping if slot is None else keeping_up.seen(known.keeping, slot, counts)
    return replace(known, lag_mark=mark, keeping=keeping)


def _bet(known: Consumers, slot: Pair, limit: float) -> Consumers:
    """Bet on the slot before this one, now that both its neighbours are known."""
    recent = (*known.recent, slot)
    if len(recent) < 3:
        return replace(known, recent=recent)
    known, green = replace(known, recent=recent[1:]), recent[1].green
    if not green.count:
        return known

    def made(evidence: Evidence, hits: Callable[[Events], int]) -> Evidence:
        blue = [Hits(one.blue.count, hits(one.blue)) for one in recent]
        return bet_on_least(evidence, blue[1], blue, Hits(green.count, hits(green)), limit)

    return replace(
        known,
        failing=made(known.failing, lambda events: events.failed),
        dead=made(known.dead, lambda events: events.dead_lettered),
    )


def _slot(
    mark: Mark | None,
    totals: Pair,
    now: datetime,
    width: timedelta,
    shared: bool,
    number: Callable[[Events], int],
) -> tuple[Pair | None, Mark]:
    """The slot that is over, if one is, and where the present one began. While partitions are shared, a slot
    goes on until both versions have reported something of what is counted."""
    if mark is None:
        return None, Mark(now, totals)
    slot = Pair(totals.blue - mark.totals.blue, totals.green - mark.totals.green)
    both = number(slot.blue) and number(slot.green)
    if now < mark.at + width or (shared and not both):
        return None, mark
    return slot, Mark(now, totals)
