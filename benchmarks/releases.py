"""A hundred releases in a row under steady traffic of five kinds, and what became of every request.

python -m benchmarks.releases [--releases 100]
"""

from __future__ import annotations

import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bambe.cli.demo.counts import Share, deviations
from benchmarks.chance import allowed, is_usual
from benchmarks.load_process import Answer, traffic
from benchmarks.proof import Release, Releases, say
from benchmarks.report import CannotRun, Result, Row, options, tell
from benchmarks.shop import subject_up
from benchmarks.steady import RATES, SLOW

TITLE = "Requests lost in a hundred releases"
QUESTION = """\
Is a request lost when one version follows another, a hundred times in a row? Clients ask all the while
over HTTP/1.1 on kept and on fresh connections (a TLS handshake each), over HTTP/2, for answers that take 2
to 4 seconds, and on WebSockets that stay open across the shifts; every second request is a POST, which
nobody may send twice. A WebSocket may end only with its server's own goodbye (1001, sent on SIGTERM, after
the deregistration delay); a message that crosses it is asked again, and has to be answered. No request may
fail, and the ledger of every release has to say so. Each release gives the new version 10 % for a second
(a minute at AWS), then all; its share has to be what chance makes of 10 %."""

RELEASES = 100
DELAY = 5
"""Seconds of deregistration delay: longer than the slowest answer, short enough for a hundred releases."""
WEIGHT = 0.1
SETTLES = 0.25
"""After the shift's event begins; the weights hold well before (see the benchmark of weights)."""
CANARY = 1.0
"""Seconds that the canary lasts at least."""
COUNTED = ("kept", "fresh", "http2")
"""Kinds whose requests are each sent where the weights say, and answered within the canary."""
SIGMA, SURE = 3.5, 0.999


@dataclass(frozen=True)
class Proved:
    """One release, and whether its ledger is whole and shows no loss."""

    release: Release
    version: str
    is_zero_loss: bool


def measured(releases: int = RELEASES) -> Result:
    """One after another; the traffic begins before the first and ends after the last."""
    proved: list[Proved] = []
    with subject_up() as bambe:
        subject = Releases(bambe)
        subject.delay(DELAY)
        for version in ("b", "c"):
            subject.define(version)
        say(f"{releases} releases, {sum(RATES.values()):.0f} requests/s")
        with traffic(subject.url, bambe.state / "ca" / "ca.pem", RATES, bambe.state) as sent:
            for number in range(releases):
                proved.append(_release(subject, "bc"[number % 2]))
                _progress(number + 1, releases, proved[-1])
    return result(proved, sent.answers)


def _release(subject: Releases, version: str) -> Proved:
    release = subject.over(subject.create(version))
    if release.info["status"] != "Succeeded":
        raise CannotRun(f"{release.id} is {release.info['status']}: {release.info.get('errorInformation')}")
    ledger = subject.ledger(release.id)
    return Proved(release, version, not ledger.broken and ledger.last["zero_loss"] is True)


def _progress(number: int, releases: int, last: Proved) -> None:
    lossless = "zero loss" if last.is_zero_loss else "NOT ZERO LOSS"
    say(f"{number} of {releases}: {last.release.id} {last.release.seconds:.1f} s, ledger: {lossless}")


def result(proved: Sequence[Proved], answers: Sequence[Answer]) -> Result:
    """The rows, from what was released and what was answered."""
    shares = [share(one, answers) for one in proved]
    whole = Share(sum(one.got for one in shares), sum(one.total for one in shares), 100 * WEIGHT)
    unusual = sum(not is_usual(one) for one in shares)
    return Result((*_losses(proved, answers), *_shares(whole, unusual, len(proved))), _notes(proved, answers))


def _losses(proved: Sequence[Proved], answers: Sequence[Answer]) -> list[Row]:
    names = {"websocket": "WebSocket messages", "http2": "HTTP/2", "kept": "HTTP/1.1 kept"}
    names |= {"fresh": "HTTP/1.1 fresh", "slow": f"slow, {SLOW[0]:.0f} to {SLOW[1]:.0f} s"}
    rows = []
    for kind in RATES:
        mine = [one for one in answers if one.kind == kind]
        failed = sum(bool(one.why) for one in mine)
        rows.append(
            Row(f"failed of {len(mine):,} requests: {names[kind]}", failed, "limit", 0, "", at_most=1)
        )
    without = sum(not one.is_zero_loss for one in proved)
    rows.append(
        Row(f"ledgers of {len(proved)} that do not show zero loss", without, "limit", 0, "", at_most=1)
    )
    return rows


def _shares(whole: Share, unusual: int, releases: int) -> list[Row]:
    far = abs(whole.percent - whole.weight)
    error = deviations(whole.total, WEIGHT, SIGMA)
    chance = allowed(releases, 0.05, SURE)
    return [
        Row(f"green's share of {whole.total:,} canary requests", whole.percent, "weight", whole.weight, "%"),
        Row("its distance from the weight", far, f"{SIGMA} standard deviations", error, "%", at_most=1),
        Row("releases outside their own 95 %", unusual, f"chance ({SURE:.1%})", chance, "", at_most=1),
    ]


def share(one: Proved, answers: Sequence[Answer]) -> Share:
    """Green's part of what was sent and answered while green had its 10 %."""
    began = one.release.canary_began.timestamp()
    inside = [
        answer
        for answer in answers
        if answer.kind in COUNTED and began + SETTLES <= answer.sent and answer.done <= began + CANARY
    ]
    return Share(sum(answer.version == one.version for answer in inside), len(inside), 100 * WEIGHT)


def _notes(proved: Sequence[Proved], answers: Sequence[Answer]) -> str:
    took = [one.release.seconds for one in proved]
    goodbyes = sum(one.kind == "goodbye" for one in answers)
    notes = [
        f"{len(proved)} releases, each {statistics.median(took):.1f} s (median; {min(took):.1f} to"
        f" {max(took):.1f} s) from CreateDeployment to Succeeded. WebSockets were said goodbye to"
        f" {goodbyes} times. The deregistration delay is {DELAY} s."
    ]
    for (kind, why), count in Counter((one.kind, one.why) for one in answers if one.why).most_common(10):
        notes.append(f"* {count} × {kind}: {why}")
    return "\n".join(notes)


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--releases", type=int, default=RELEASES)
    return tell(measured(parser.parse_args().releases))


if __name__ == "__main__":
    sys.exit(main())
