"""What a look at the proxy's counters, and at what consumers of events have reported, adds to the ledger of a
release, and what it says of green; pure.

A look compares what was last written with what is now, so a record that a crash kept from being written is
written by the next look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bambe.evidence import analysis, consumers, counts, ledger
from bambe.evidence.analysis import Seen, Settings
from bambe.evidence.consumers import Consumers
from bambe.evidence.counts import Counts, Tally
from bambe.evidence.keeping_up import Pair
from bambe.evidence.reports import Events, Told
from bambe.evidence.watched import Entry, Judgement, Sent, Watched
from bambe.evidence.wishes import CANARY

EVERY = timedelta(seconds=5)
"""How often counts are written down while nothing else is."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release as its service has it now. `weight`: green's share in percent; `compares`: while traffic is
    shared, green is judged; `subject`: what the ledger begins with; `why`: why it ended as it did.
    `has_events`: it is to be judged by what its consumers report too. `is_headless`: no load balancer leads
    to it, so its share is one of events alone, and `shares` says when green has it."""

    account: str
    region: str
    id: str
    phase: str
    weight: float
    status: str
    is_over: bool
    compares: bool
    subject: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""
    has_events: bool = False
    is_headless: bool = False
    shares: bool = False

    @property
    def is_shared(self) -> bool:
        """Whether both versions have a part of what comes in."""
        return self.shares if self.is_headless else 0 < self.weight < 100


@dataclass(frozen=True, slots=True)
class Version:
    """One version's counters at the proxy, and how many requests it is answering."""

    counts: Counts = field(default_factory=Counts)
    active: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """What the proxy shows: its counters begin anew with every `epoch`. `sent`: requests of our own; `told`:
    what consumers have reported, None where nobody was asked, or nobody could say."""

    epoch: str
    blue: Version
    green: Version
    sent: Sent | None = None
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What a look has added: the row to remember, the ledger's new lines, and a verdict if it has changed."""

    known: Watched
    entries: tuple[Entry, ...] = ()
    judgement: Judgement | None = None

    def add(self, release: Release, now: datetime, kind: str, body: Mapping[str, Any]) -> Page:
        """The page with one more record."""
        known = self.known
        at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = ledger.append(release.id, known.records, known.head, at, kind, body)
        entry = Entry(release.account, release.region, release.id, known.records, record.line(), now)
        counted = now if "counts" in body else known.counted
        known = replace(known, records=known.records + 1, head=record.hash, counted=counted)
        return replace(self, known=known, entries=(*self.entries, entry))


def look(
    known: Watched | None, release: Release, seen: Look, revision: Mapping[str, Any], now: datetime
) -> Page:
    """The page after one more look; `revision` is what runs, asked for at the beginning and at the end."""
    page = _begun(release, seen, revision, now) if known is None else Page(known)
    before, heard_before = page.known.tally, _heard(page.known.consumers)
    tally = counts.look(before, seen.epoch, seen.blue.counts, seen.green.counts)
    page = replace(page, known=replace(page.known, tally=tally))
    page = _listen(page, release, seen.told, now)
    page = _judge(page, release, before, now)
    has_news = tally != before or _heard(page.known.consumers) != heard_before
    return _write(page, release, seen, revision, now, has_news=has_news)


def _begun(release: Release, seen: Look, revision: Mapping[str, Any], now: datetime) -> Page:
    tally = counts.begin(seen.epoch, seen.blue.counts, seen.green.counts)
    known = Watched(release.account, release.region, release.id, tally)
    if release.has_events:
        known = replace(known, consumers=consumers.begin(seen.told.since if seen.told else now))
    judged = {"events": CANARY} if release.has_events else {}
    return Page(known).add(release, now, "begin", {**release.subject, **judged, "revision": revision})


def _write(
    page: Page, release: Release, seen: Look, revision: Mapping[str, Any], now: datetime, *, has_news: bool
) -> Page:
    """The records that are due: weight or phase have changed, it is over, or counts are old."""
    known, counted = page.known, _counted(page.known, seen)
    if release.weight != known.weight or (release.phase != known.phase and not release.is_over):
        kind = "weight" if release.weight != known.weight else "phase"
        body = {"phase": release.phase, "weight": release.weight, **counted}
        page = page.add(release, now, kind, body)
        page = replace(page, known=replace(page.known, weight=release.weight, phase=release.phase))
    elif has_news and not release.is_over and now >= (known.counted or now) + EVERY:
        page = page.add(release, now, "count", counted)
    if release.is_over and not known.closed:
        body = {"status": release.status, "why": release.why, "verdict": page.known.verdict}
        page = page.add(release, now, ledger.END, {**body, "revision": revision, **counted})
        page = replace(page, known=replace(page.known, closed=True))
    return page


def _listen(page: Page, release: Release, told: Told | None, now: datetime) -> Page:
    """The page with what consumers have reported, and judged by it while that is compared."""
    known = page.known.consumers
    if known is None or told is None:
        return page
    known = consumers.hear(known, told, now)
    if release.compares:
        limit, moved = Settings().tolerated_odds, release.weight != page.known.weight
        known = consumers.weigh(known, now, limit, shared=release.is_shared, moved=moved)
    else:
        known = consumers.rest(known, now)
    return replace(page, known=replace(page.known, consumers=known))


def _heard(known: Consumers | None) -> list[Events]:
    """What is worth a record; that somebody owns partitions is not."""
    totals = (known.blue.total, known.green.total) if known else ()
    return [replace(one, partitions=0) for one in totals]


def _judge(page: Page, release: Release, before: Tally, now: datetime) -> Page:
    known, tally, shared = page.known, page.known.tally, release.is_shared
    if not release.compares:
        return page
    if tally.gaps == before.gaps:
        blue, green = tally.blue - before.blue, tally.green - before.green
        state = analysis.observe(known.state, blue, green if shared else Counts())
        known = replace(known, state=state)
        page = replace(page, known=known)
    if not shared or (release.is_headless and known.consumers is None):
        return page
    found = analysis.finding(Seen(known.state, known.consumers, not release.is_headless))
    if found.verdict == known.verdict:
        return page
    page = page.add(release, now, "verdict", {"verdict": found.verdict, "why": found.why})
    judgement = Judgement(release.account, release.region, release.id, found.verdict, found.why)
    return replace(page, known=replace(page.known, verdict=found.verdict), judgement=judgement)


def _counted(known: Watched, seen: Look) -> dict[str, Any]:
    tally = known.tally
    versions = {"blue": tally.blue, "green": tally.green}
    shown = {
        name: {
            "requests": one.requests,
            "by_class": dict(sorted(one.by_class.items())),
            "retries": one.retries,
            "dropped": one.dropped,
        }
        for name, one in versions.items()
    }
    flight = {"blue": seen.blue.active, "green": seen.green.active}
    said = {"in_flight": flight, "counts": shown, "gaps": tally.gaps, "zero_loss": tally.zero_loss}
    if known.consumers is not None:
        said["events"] = _events(known.consumers)
    sent = seen.sent
    return said | ({"synthetic": {"test": sent.test, "production": sent.production}} if sent else {})


def _events(known: Consumers) -> dict[str, Any]:
    """What became of events by version, and how far behind a partition was just now (None: nobody said)."""
    newest = known.keeping.newest or Pair(Events(), Events())
    return {
        name: {
            "handled": total.handled,
            "failed": total.failed,
            "dead_lettered": total.dead_lettered,
            "behind_per_partition": None if now.lag is None else round(now.lag, 1),
        }
        for name, total, now in (
            ("blue", known.blue.total, newest.blue),
            ("green", known.green.total, newest.green),
        )
    }
