"""Seconds from `git push` to the first answer of the new version, beside bare docker.

python -m benchmarks.commit_to_canary [--rounds 5]
"""

from __future__ import annotations

import http.client
import re
import secrets
import ssl
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.platform import Bambe, wait_for

from benchmarks.bare import APP, SERVICE, Bare
from benchmarks.report import CannotRun, Result, Row, options, tell
from benchmarks.shop import brought_up

TITLE = "Commit to canary"
QUESTION = """\
How long after the start of `git push` has the new version of one service its 10 % of the traffic, beside
a bare `docker build` and `docker run` of the same folder until that answers? Both start one container of
the new image; the base layers are cached and the source has changed; they take turns, medians. At most 2 s
more. A client asks all the while, twenty times a second, until green answers: it gets one request in ten."""

ONE_TASK = ('route: "/orders*"\n    tasks: 2', 'route: "/orders*"\n    tasks: 1')
ROUNDS = 5
LIMIT = 2.0
PAUSE = 0.05
PATIENCE = 120.0
LAST = "10 % on green until its first answer"
WORTH_TELLING = 0.02
COMMAND = re.compile(r"\[Container\] (\S+ \S+) Running command (.*)")

Step = tuple[str, float]
"""What begins, and when (seconds since the epoch)."""


def measured(rounds: int = ROUNDS) -> Result:
    """Both ways in turn; the first round of each, which warms the caches, does not count."""
    ours: list[float] = []
    bare: list[dict[str, float]] = []
    steps: list[dict[str, float]] = []
    with brought_up(ONE_TASK) as bambe, Bare.made() as peer:
        versions = [f"b{secrets.token_hex(4)}" for _ in range(rounds + 1)]
        for was, version in zip(["1", *versions], versions, strict=False):
            took, where = _release(bambe, was, version)
            ours.append(took)
            steps.append(where)
            bare.append(peer.round(was, version))
    own = statistics.median(took - where[LAST] for took, where in zip(ours[1:], steps[1:], strict=True))
    other = statistics.median(sum(one.values()) for one in bare[1:])
    rows = (
        Row("commit to 10 % on green", own, "docker build + docker run", other, "s"),
        Row("more than bare", own - other, "limit", LIMIT, "s", at_most=1),
    )
    parts = [("where Bambe's time goes", _medians(steps[1:])), ("bare", _medians(bare[1:]))]
    spread = f"{rounds} rounds: {', '.join(f'{took:.1f}' for took in ours[1:])} s."
    return Result(rows, "\n\n".join([spread, *(_table(title, found) for title, found in parts)]))


def _release(bambe: Bambe, was: str, version: str) -> tuple[float, dict[str, float]]:
    """Push a change; seconds to the first answer by it, and what they went by with."""
    bambe.shop.edit(APP, f'VERSION = "{was}"', f'VERSION = "{version}"')
    bambe.shop.commit(f"{SERVICE}: version {version}")
    builds, deployments = set(bambe.builds(SERVICE)), set(bambe.deployments(SERVICE))
    before = len(bambe.containers())
    with ThreadPoolExecutor(1) as pool:
        seen = pool.submit(_first_answer, bambe.traffic().base, bambe.state / "ca" / "ca.pem", version)
        began = time.time()
        bambe.push()
        answered = seen.result()
    (build,), (deployment,) = (
        set(bambe.builds(SERVICE)) - builds,
        set(bambe.deployments(SERVICE)) - deployments,
    )
    wait_for(lambda: _build(bambe, build)["buildComplete"], "the build ends", PATIENCE)
    if bambe.deployment(deployment)["status"] != "Succeeded":
        raise CannotRun(f"{deployment} does not succeed")
    wait_for(lambda: len(bambe.containers()) <= before, "what the release needed is removed", PATIENCE)
    marks = [("git push", began), *_marks(bambe, build, deployment), ("", answered)]
    return answered - began, _durations(marks)


def _first_answer(base: str, authority: Path, version: str) -> float:
    """When `version` answered for the first time."""
    context = ssl.create_default_context(cafile=str(authority))
    parts = urlsplit(base)
    client = http.client.HTTPSConnection(parts.hostname or "", parts.port or 443, context=context, timeout=10)
    began = turn = time.monotonic()
    while turn < began + PATIENCE:
        try:
            client.request("GET", f"/{SERVICE}")
            answer = client.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            client.close()
        else:
            if answer.headers["x-version"] == version:
                client.close()
                return time.time()
        turn = max(turn + PAUSE, time.monotonic())
        time.sleep(max(0.0, turn - time.monotonic()))
    raise CannotRun(f"version {version} does not answer within {PATIENCE:.0f} s")


def _marks(bambe: Bambe, build: str, deployment: str) -> Iterator[Step]:
    """What began when, as CodeBuild, its log, CodeDeploy and ECS tell it."""
    told = _build(bambe, build)
    created = bambe.deployment(deployment)["createTime"].timestamp()
    phases = {phase["phaseType"]: phase["startTime"].timestamp() for phase in told["phases"]}
    yield "source download, start of the build container", phases["SUBMITTED"]
    for text, at in _commands(bambe, told["logs"]):
        if at < created:
            yield f"`{text}`", at
    yield "CreateDeployment until green's tasks run", created
    yield "until the target group finds them healthy and CodeDeploy goes on", _running_since(bambe, created)
    yield LAST, _event(bambe, deployment, "AllowTraffic")


def _build(bambe: Bambe, build: str) -> dict[str, Any]:
    found = bambe.client("codebuild").batch_get_builds(ids=[build])["builds"]
    return dict(found[0])


def _commands(bambe: Bambe, logs: dict[str, str]) -> Iterator[Step]:
    """The commands of a build as its log tells them, without their options."""
    events = bambe.client("logs").get_log_events(
        logGroupName=logs["groupName"], logStreamName=logs["streamName"], startFromHead=True
    )["events"]
    for found in filter(None, (COMMAND.match(event["message"]) for event in events)):
        at = datetime.strptime(found[1], "%Y/%m/%d %H:%M:%S.%f").replace(tzinfo=UTC)
        yield found[2].partition(" --")[0].replace("|", "\\|")[:60], at.timestamp()


def _running_since(bambe: Bambe, created: float) -> float:
    """When the last of the deployment's tasks ran."""
    client = bambe.client("ecs")
    tasks = client.list_tasks(cluster="shop", serviceName=SERVICE)["taskArns"]
    described = client.describe_tasks(cluster="shop", tasks=tasks)["tasks"]
    return max(
        float(task["startedAt"].timestamp())
        for task in described
        if task["createdAt"].timestamp() >= created and "startedAt" in task
    )


def _event(bambe: Bambe, deployment: str, name: str) -> float:
    client = bambe.client("codedeploy")
    (target,) = client.list_deployment_targets(deploymentId=deployment)["targetIds"]
    answer = client.get_deployment_target(deploymentId=deployment, targetId=target)
    events = answer["deploymentTarget"]["ecsTarget"]["lifecycleEvents"]
    return float(next(e["startTime"].timestamp() for e in events if e["lifecycleEventName"] == name))


def _durations(marks: Iterable[Step]) -> dict[str, float]:
    ordered = sorted(marks, key=lambda mark: mark[1])
    found: dict[str, float] = {}
    for (name, at), (_, until) in pairwise(ordered):
        found[name] = found.get(name, 0.0) + until - at
    return found


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one.get(name, 0.0) for one in rounds) for name in rounds[0]}


def _table(title: str, found: dict[str, float]) -> str:
    told = [f"| {name} | {took:.2f} |" for name, took in found.items() if took >= WORTH_TELLING]
    return "\n".join([f"| {title} | seconds |", "|---|---:|", *told])


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    return tell(measured(parser.parse_args().rounds))


if __name__ == "__main__":
    sys.exit(main())
