"""kill -9 at a random moment of each of fifty releases: of the daemon, of Envoy, of what they need.

python -m benchmarks.kills [--releases 50] [--seed N]
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import ClientError

from benchmarks.door import Door, door
from benchmarks.left import wrong
from benchmarks.load_process import Answer, traffic
from benchmarks.proof import CLUSTER, SERVICE, Release, Releases, say, until
from benchmarks.report import Result, Row, options, tell
from benchmarks.shop import subject_up
from benchmarks.victims import CRASHES, ENVOY, GOOD, KINDS, STOPPED, Kill, drawn, strike

TITLE = "kill -9 in the middle of releases"
QUESTION = """\
What is lost when something dies at a random moment of a release? In fifty releases, half of them good, a
quarter of a version that crashes, a quarter stopped by a person during the canary: kill -9 of the daemon,
of Envoy, of Envoy's parent (the daemon that started it), and all connections to Docker cut. A person starts
the daemon again. Each release has to end as it would have, exactly once, with one version that has all
traffic, a whole ledger, and nothing left behind; and requests, of which every second is a POST, may
fail only while Envoy itself is dead, in which case the ledger may not say that there was no loss."""

RELEASES = 50
RATES = {"kept": 15.0, "fresh": 8.0, "http2": 15.0, "slow": 1.0}
DELAY = 3
LONG = "CodeDeployDefault.ECSCanary10Percent15Minutes"
"""Long enough for a person to stop it even where the daemon is away for a while."""
STATUS = {GOOD: "Succeeded", CRASHES: "Failed", STOPPED: "Stopped"}
CRASHING = "crashing"
BACK = 10.0
"""Seconds that Envoy may need to be there again; a request that fails later than that is lost."""
EDGE = 0.1
"""A kill so near to the ends of a ledger may fall on either side of them."""


@dataclass
class Outcome:
    """One release and what was wrong with it."""

    kill: Kill
    at: float
    release: Release
    wrong: list[str] = field(default_factory=list)
    new_sets: int = 0


def measured(releases: int = RELEASES, seed: int | None = None) -> Result:
    """One release after another, with traffic all the while."""
    seed = random.SystemRandom().randrange(1 << 32) if seed is None else seed
    kills = drawn(releases, seed)
    say(f"{releases} releases, seed {seed}")
    with (
        tempfile.TemporaryDirectory(prefix="bambe-door-") as folder,
        door(Path(folder)) as way,
        subject_up() as bambe,
    ):
        run = Run(Releases(bambe), way)
        with traffic(run.subject.url, bambe.state / "ca" / "ca.pem", RATES, bambe.state) as sent:
            run.practise()
            outcomes = list(run.all(kills))
    return result(outcomes, sent.answers, seed)


class Run:
    """The service while its releases are being killed."""

    def __init__(self, subject: Releases, way: Door) -> None:
        self.subject = subject
        self._way = way
        self.version = "a"
        self.usual: dict[str, float] = {}
        self._known: set[str] = set()
        subject.delay(DELAY)
        for version in ("b", "c"):
            subject.define(version)
        subject.define(CRASHING, FAULT="crash")

    def practise(self) -> None:
        """One release of each kind in which nothing dies: how long it takes."""
        for kind in dict.fromkeys(KINDS):
            began = time.time()
            outcome = self._release(Kill(kind, "", 0, 0))
            self.usual[kind] = outcome.release.info["completeTime"].timestamp() - began
            found = "; ".join(outcome.wrong) or "all is well"
            say(f"undisturbed, {kind}: {self.usual[kind]:.1f} s, {found}")

    def all(self, kills: Sequence[Kill]) -> Iterator[Outcome]:
        for number, kill in enumerate(kills, 1):
            outcome = self._release(kill)
            self.usual[kill.kind] = min(self.usual[kill.kind], outcome.release.seconds)
            found = "; ".join(outcome.wrong) or "as it should be"
            after = outcome.at - outcome.release.info["createTime"].timestamp()
            say(f"{number} of {len(kills)}: {kill.kind}, {kill.victim} after {after:.2f} s: {found}")
            yield outcome

    def _release(self, kill: Kill) -> Outcome:
        before = set(self.subject.all())
        self._new_sets()
        wanted = CRASHING if kill.kind == CRASHES else "b" if self.version == "c" else "c"
        deployment = self.subject.create(wanted, LONG if kill.kind == STOPPED else "")
        with ThreadPoolExecutor(1) as pool:
            person = pool.submit(self._stop, deployment) if kill.kind == STOPPED else None
            at = self._strike(kill)
            if person is not None:
                person.result()
        outcome = Outcome(kill, at, self.subject.over(deployment))
        if kill.kind == GOOD:
            self.version = wanted
        outcome.wrong += self._judge(outcome, before)
        return outcome

    def _strike(self, kill: Kill) -> float:
        if not kill.victim:
            return 0.0
        time.sleep(kill.part * self.usual[kill.kind])
        return strike(kill, self.subject.bambe, self._way)

    def _stop(self, deployment: str) -> None:
        """What a person does who sees the canary."""

        def stopped() -> bool:
            if self.subject.events(deployment).get("AllowTraffic", {}).get("status") != "InProgress":
                return False
            client = self.subject.client("codedeploy")
            try:
                client.stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
            except ClientError as error:
                # A first call whose answer was lost has stopped it.
                return error.response["Error"]["Code"] == "DeploymentAlreadyCompletedException"
            return True

        until(stopped, f"{deployment} is stopped during its canary")

    def _judge(self, outcome: Outcome, before: set[str]) -> Iterator[str]:
        release = outcome.release
        status, back = (
            release.info["status"],
            release.info.get("rollbackInfo", {}).get("rollbackDeploymentId"),
        )
        if status != STATUS[outcome.kill.kind]:
            yield f"{release.id} is {status}: {release.info.get('errorInformation', {}).get('message')}"
        if bool(back) is (outcome.kill.kind == GOOD):
            yield f"rolled back by {back}"
        ends = [release]
        if back:
            ends.append(self.subject.over(back))
            if ends[-1].info["status"] != "Succeeded":
                yield f"the rollback {back} is {ends[-1].info['status']}"
        yield from wrong(self.subject, self.version)
        if (new := set(self.subject.all()) - before) != {one.id for one in ends}:
            yield f"deployments: {sorted(new)}"
        if (sets := self._new_sets()) != 1:
            yield f"{sets} task sets were created"
        for one in ends:
            yield from self._ledger(one, outcome)

    def _ledger(self, release: Release, outcome: Outcome) -> Iterator[str]:
        ledger = self.subject.ledger(release.id)
        if ledger.broken:
            yield f"the ledger of {release.id}: {ledger.broken}"
            return
        began, ended = (_seconds(ledger.records[place].at) for place in (0, -1))
        loss = ledger.last["zero_loss"]
        inside = outcome.kill.victim == ENVOY and began + EDGE < outcome.at < ended - EDGE
        outside = outcome.kill.victim != ENVOY or not began - EDGE < outcome.at < ended + EDGE
        if inside and loss is True:
            yield f"the ledger of {release.id} shows no loss although Envoy died"
        if outside and loss is not True:
            yield f"the ledger of {release.id} says zero_loss {loss}, gaps {ledger.last['gaps']}"

    def _new_sets(self) -> int:
        """How many task sets have had their first task since the last call."""
        ecs, found = self.subject.client("ecs"), set()
        for status in ("RUNNING", "STOPPED"):
            pages = ecs.get_paginator("list_tasks").paginate(
                cluster=CLUSTER, serviceName=SERVICE, desiredStatus=status
            )
            tasks = [task for page in pages for task in page["taskArns"] if task not in self._known]
            for first in range(0, len(tasks), 100):
                shown = ecs.describe_tasks(cluster=CLUSTER, tasks=tasks[first : first + 100])["tasks"]
                found |= {task["startedBy"] for task in shown}
            self._known |= set(tasks)
        new = found - self._known
        self._known |= found
        return len(new)


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at.replace("Z", "+00:00")).astimezone(UTC).timestamp()


def result(outcomes: Sequence[Outcome], answers: Sequence[Answer], seed: int) -> Result:
    """The rows, from what was killed and what was answered."""
    bad = [one for one in outcomes if one.wrong]
    missed, unlucky = lost(outcomes, answers)
    rows = [
        Row(
            f"releases of {len(outcomes)} that did not end as they should",
            len(bad),
            "limit",
            0,
            "",
            at_most=1,
        ),
        Row(f"requests of {len(answers):,} lost while Envoy ran", len(missed), "limit", 0, "", at_most=1),
    ]
    return Result(tuple(rows), "\n".join(filter(None, _notes(outcomes, missed, unlucky, seed))))


def lost(outcomes: Sequence[Outcome], answers: Sequence[Answer]) -> tuple[list[Answer], list[Answer]]:
    """Requests that failed, and among them those that were under way while Envoy was dead."""
    deaths = [one.at for one in outcomes if one.kill.victim == ENVOY]
    failed = [one for one in answers if one.why]
    unlucky = [one for one in failed if any(one.sent <= at + BACK and one.done >= at for at in deaths)]
    return [one for one in failed if one not in unlucky], unlucky


def _notes(
    outcomes: Sequence[Outcome], missed: Sequence[Answer], unlucky: Sequence[Answer], seed: int
) -> Iterator[str]:
    kinds = Counter(one.kill.kind for one in outcomes)
    victims = Counter(one.kill.victim for one in outcomes)
    yield (
        f"Seed {seed}. Releases: {', '.join(f'{count} {kind}' for kind, count in kinds.items())}. Killed:"
        f" {', '.join(f'{victim} {count}' for victim, count in victims.items())}. {len(unlucky)} requests"
        f" failed while Envoy was dead{_outage(outcomes, unlucky)}."
    )
    late = sum(one.at > one.release.info["completeTime"].timestamp() for one in outcomes)
    yield f"{late} of the releases were over when it happened, the old version's end not yet." if late else ""
    for one in outcomes:
        if one.wrong:
            yield f"* {one.release.id} ({one.kill.kind}, {one.kill.victim}): {'; '.join(one.wrong)}"
    for (kind, why), count in Counter((one.kind, one.why) for one in missed).most_common(10):
        yield f"* {count} × {kind}: {why}"


def _outage(outcomes: Sequence[Outcome], unlucky: Sequence[Answer]) -> str:
    """How long Envoy was missed, from its death to the last request that failed."""
    found = []
    for at in (one.at for one in outcomes if one.kill.victim == ENVOY):
        ends = [one.done - at for one in unlucky if at <= one.done <= at + 2 * BACK]
        found.append(max(ends, default=0.0))
    return f", for {statistics.median(found):.1f} s (median; worst {max(found):.1f} s)" if found else ""


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--releases", type=int, default=RELEASES)
    parser.add_argument("--seed", type=int)
    said = parser.parse_args()
    return tell(measured(said.releases, said.seed))


if __name__ == "__main__":
    sys.exit(main())
