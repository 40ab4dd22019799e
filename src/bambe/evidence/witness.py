"""What a look at the proxy's counters adds to the ledger of a release, and what it says of green; pure.

A look compares what was last written with what is now, so a record that a crash kept from being written is
written by the next look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bambe.evidence import analysis, counts, ledger
from bambe.evidence.counts import Counts, Tally
from bambe.evidence.watched import Entry, Judgement, Sent, Watched

EVERY = timedelta(seconds=5)
"""How often counts are written down while nothing else is."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release as its service has it now. `weight`: green's share in percent; `compares`: while traffic is
    shared, green is judged; `subject`: what the ledger begins with; `why`: why it ended as it did."""

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


@dataclass(frozen=True, slots=True)
class Version:
    """One version's counters at the proxy, and how many requests it is answering."""

    counts: Counts = field(default_factory=Counts)
    active: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """What the proxy shows: its counters begin anew with every `epoch`. `sent`: requests of our own."""

    epoch: str
    blue: Version
    green: Version
    sent: Sent | None = None


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
    if known is None:
        tally = counts.begin(seen.epoch, seen.blue.counts, seen.green.counts)
        page = Page(Watched(release.account, release.region, release.id, tally))
        page = page.add(release, now, "begin", {**release.subject, "revision": revision})
    else:
        page = Page(known)
    before = page.known.tally
    tally = counts.look(before, seen.epoch, seen.blue.counts, seen.green.counts)
    page = replace(page, known=replace(page.known, tally=tally))
    page = _judge(page, release, tally, before, now)
    return _write(page, release, seen, revision, now, has_news=tally != before)


def _write(
    page: Page, release: Release, seen: Look, revision: Mapping[str, Any], now: datetime, *, has_news: bool
) -> Page:
    """The records that are due: weight or phase have changed, it is over, or counts are old."""
    known, counted = page.known, _counted(page.known.tally, seen)
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


def _judge(page: Page, release: Release, tally: Tally, before: Tally, now: datetime) -> Page:
    known = page.known
    if not release.compares or tally.gaps != before.gaps:
        return page
    shared = 0 < release.weight < 100
    blue, green = tally.blue - before.blue, tally.green - before.green
    state = analysis.observe(known.state, blue, green if shared else Counts())
    page = replace(page, known=replace(known, state=state))
    if not shared:
        return page
    found = analysis.finding(state)
    if found.verdict == known.verdict:
        return page
    page = page.add(release, now, "verdict", {"verdict": found.verdict, "why": found.why})
    judgement = Judgement(release.account, release.region, release.id, found.verdict, found.why)
    return replace(page, known=replace(page.known, verdict=found.verdict), judgement=judgement)


def _counted(tally: Tally, seen: Look) -> dict[str, Any]:
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
    sent = seen.sent
    return said | ({"synthetic": {"test": sent.test, "production": sent.production}} if sent else {})
