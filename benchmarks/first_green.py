"""Seconds from CreateDeployment to the first request that the new version answers, beside bare docker run.

python -m benchmarks.first_green [--rounds 9]
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import secrets
import ssl
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e.platform import wait_for

from bambe.engines.proxy.clusters import QUICK
from benchmarks.bare import until_it_answers
from benchmarks.proof import CLUSTER, SERVICE, Release, Releases, say, until
from benchmarks.report import CannotRun, Result, Row, options, tell
from benchmarks.shop import subject_up

TITLE = "CreateDeployment to the first green request"
QUESTION = """\
How long after CreateDeployment is called does the new version answer its first request through the load
balancer, beside a bare `docker run` of the same image, with the same limits and on the same network, until
that answers? One task of one CPU; its image is there. They take turns, medians. At most 1.3 times as long,
after the health check's threshold: two checks, which come 0.05 s apart until the target passes. Green gets
all the traffic at once, so that no chance decides which request is its first; a client asks a hundred times
a second, beside both."""

ROUNDS = 9
ALL_AT_ONCE = "CodeDeployDefault.ECSAllAtOnce"
ONE_TASK = ("tasks: 2", "tasks: 1\n    cpu: 1024\n    memory: 2048")
LIMITS = ("--cpu-period", "100000", "--cpu-quota", "100000", "--memory", "2048m", "--memory-swap", "2048m")
HEALTHY = 2
THRESHOLD = HEALTHY * QUICK
LIMIT = 1.3
PAUSE = 0.01
ADDRESS = 300
"""From the end of the platform's network: below those of load balancers, far above those of tasks."""
PATIENCE = 60.0


def measured(rounds: int = ROUNDS) -> Result:
    """Both ways in turn; the first round of each, which warms the caches, does not count."""
    ours: list[float] = []
    bare: list[float] = []
    steps: list[dict[str, float]] = []
    with subject_up(ONE_TASK) as bambe:
        subject = Releases(bambe)
        client = Client(subject.url, bambe.state / "ca" / "ca.pem")
        for number in range(rounds + 1):
            version = f"g{secrets.token_hex(4)}"
            took, where = _release(subject, client, version)
            with client.asking():
                bare.append(_run_bare(subject, version))
            ours.append(took)
            steps.append(where)
            say(f"{number} of {rounds}: {took:.2f} s, docker run {bare[-1]:.2f} s")
    own, other = statistics.median(ours[1:]), statistics.median(bare[1:])
    row = Row(
        "first green request, less the threshold", own - THRESHOLD, "docker run", other, "s", at_most=LIMIT
    )
    rows = (row, Row("first green request", own, "docker run", other, "s"))
    return Result(rows, f"{_ends('Bambe', ours)}; {_ends('docker run', bare)}.\n\n{_table(steps[1:])}")


class Client:
    """Asks the service, and remembers when each version answered first."""

    def __init__(self, url: str, authority: Path) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 443
        self._context = ssl.create_default_context(cafile=str(authority))
        self._stop = threading.Event()
        self.first: dict[str, float] = {}

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """Ask while the block runs."""
        self._stop.clear()
        thread = threading.Thread(target=self._ask)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _ask(self) -> None:
        client = http.client.HTTPSConnection(self._host, self._port, context=self._context, timeout=10)
        while not self._stop.wait(PAUSE):
            client.request("GET", "/first")
            answer = client.getresponse()
            answer.read()
            self.first.setdefault(answer.headers["x-version"], time.time())
        client.close()


def _release(subject: Releases, client: Client, version: str) -> tuple[float, dict[str, float]]:
    """Seconds to the first answer of a new version, and what they went by with."""
    subject.define(version)
    with client.asking():
        began = time.time()
        deployment = subject.create(version, ALL_AT_ONCE)
        wait_for(lambda: version in client.first, f"version {version} answers", PATIENCE)
    first = client.first[version]
    release = subject.over(deployment)
    if release.info["status"] != "Succeeded":
        raise CannotRun(f"{deployment} is {release.info['status']}")
    until(lambda: len(subject.bambe.containers()) <= 2, "the old version's container is removed")
    marks = [("CreateDeployment", began), *_marks(subject, release), ("", first)]
    return first - began, {name: end - at for (name, at), (_, end) in pairwise(marks)}


def _marks(subject: Releases, release: Release) -> Iterator[tuple[str, float]]:
    """What began when, as CodeDeploy and ECS tell it."""
    ecs = subject.client("ecs")
    (arn,) = ecs.list_tasks(cluster=CLUSTER, serviceName=SERVICE)["taskArns"]
    (task,) = ecs.describe_tasks(cluster=CLUSTER, tasks=[arn])["tasks"]
    yield "until green's task is made", release.info["createTime"].timestamp()
    yield "until its container is started", task["createdAt"].timestamp()
    yield "`docker start` until the task is RUNNING", task["pullStoppedAt"].timestamp()
    yield "until it is healthy and CodeDeploy goes on", task["startedAt"].timestamp()
    yield "the shift until its first answer", release.canary_began.timestamp()


def _run_bare(subject: Releases, version: str) -> float:
    """`docker run` until it answers, at an address that is known before."""
    name, network = (
        f"bambe-bench-{version}",
        f"bambe-{(subject.bambe.state / 'instance').read_text().strip()}",
    )
    subnet = _docker("network", "inspect", network, "--format", "{{(index .IPAM.Config 0).Subnet}}")
    host = str(ipaddress.ip_network(subnet).broadcast_address - ADDRESS)
    words = ["--detach", "--name", name, "--env", f"VERSION={version}", "--network", network, "--ip", host]
    image = subject.image()
    began = time.perf_counter()
    try:
        _docker("run", *words, *LIMITS, image)
        until_it_answers(8080, version, host)
        return time.perf_counter() - began
    finally:
        _docker("rm", "--force", name)


def _docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


def _ends(name: str, found: list[float]) -> str:
    return f"{name} {min(found[1:]):.2f} to {max(found[1:]):.2f} s"


def _table(steps: list[dict[str, float]]) -> str:
    lines = [f"| {name} | {statistics.median(one[name] for one in steps):.2f} |" for name in steps[0]]
    return "\n".join(["| where Bambe's time goes | seconds |", "|---|---:|", *lines])


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    return tell(measured(parser.parse_args().rounds))


if __name__ == "__main__":
    sys.exit(main())
