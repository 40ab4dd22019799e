"""Runs the architecture's release on the unscaled clock, counted, and writes docs/release-timeline.md.

python -m scripts.release_timeline [--port 4700]      about 37 minutes

Two services are released by one push: orders to its end, inventory taken back by hand five minutes
into its termination wait. The platform and the shop live in a temporary directory.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.e2e.platform import Bambe, wait_for

from bambe.cli.demo.counts import EDGE, Answered, Share, share
from bambe.cli.demo.shop import Shop

PAGE = Path(__file__).parent.parent / "docs" / "release-timeline.md"
WAIT_BEFORE_ROLLBACK = 300.0
RATE = 45.0


@dataclass(frozen=True, slots=True)
class Record:
    """What CodeDeploy says of the three deployments, and every answer to the traffic."""

    orders: dict[str, Any]
    inventory: dict[str, Any]
    rollback: dict[str, Any]
    events: dict[str, dict[str, tuple[datetime, datetime]]]
    answers: list[Answered]


def run(home: Path, port: int) -> Record:
    """Release both services and wait for the end of everything."""
    bambe = Bambe(home / "state", Shop.create(home / "shop", events=False), port, 1)
    bambe.up()
    traffic = bambe.traffic(RATE)
    traffic.start()
    try:
        orders, inventory = push(bambe)
        waiting = "instanceTerminationWaitTimeStarted"
        wait_for(lambda: bambe.deployment(inventory).get(waiting), "all traffic on green", 900)
        time.sleep(WAIT_BEFORE_ROLLBACK)  # noqa: TID251 - real minutes are the point
        bambe.cli("rollback", "inventory")
        back = wait_for(
            lambda: bambe.deployment(inventory).get("rollbackInfo", {}).get("rollbackDeploymentId"),
            "rollback",
        )
        wait_for(lambda: bambe.deployment(orders)["status"] == "Succeeded", "the old version ends", 3000)
        events = {
            name: events_of(bambe, one, name) for name, one in (("orders", orders), ("inventory", inventory))
        }
        done = (bambe.deployment(orders), bambe.deployment(inventory), bambe.deployment(back))
    finally:
        answers = traffic.stop()
        bambe.end()
    return Record(*done, events, answers)


def push(bambe: Bambe) -> tuple[str, str]:
    """Commit version 2 of both services and push; the two deployments."""
    bambe.shop.release_orders("2")
    bambe.shop.edit("services/inventory/app.py", 'VERSION = "1"', 'VERSION = "2"')
    bambe.shop.commit("inventory: version 2")
    bambe.push()
    found = [
        wait_for(lambda s=s: bambe.deployments(s), f"{s} deploys", 120)[0] for s in ("orders", "inventory")
    ]
    return found[0], found[1]


def events_of(bambe: Bambe, deployment: str, service: str) -> dict[str, tuple[datetime, datetime]]:
    """Start and end of each lifecycle event."""
    answer = bambe.client("codedeploy").get_deployment_target(
        deploymentId=deployment, targetId=f"shop:{service}"
    )
    told = answer["deploymentTarget"]["ecsTarget"]["lifecycleEvents"]
    return {one["lifecycleEventName"]: (one["startTime"], one["endTime"]) for one in told}


def page(record: Record) -> str:
    """The document."""
    routes = {
        route: [one for one in record.answers if one.route == route]
        for route in ("/", "/orders", "/inventory")
    }
    sent = "\n".join(
        f"| `{route}` | {len(told):,} | {sum(one.failed for one in told)} | {by_version(told)} |"
        for route, told in routes.items()
    )
    failed = sum(one.failed for one in record.answers)
    return f"""# A release, minute by minute

The release of the architecture itself on the unscaled clock: 10 % of the traffic for 5 minutes, then all, the
old version ended 30 minutes later. One push changed two services; `orders` went to its end, `inventory` was
taken back by hand 5 minutes into its termination wait. Steady traffic of {RATE:.0f} requests a second
through HTTPS on port 443, half of it on fresh connections, was counted all the while:
**{len(record.answers):,} requests, {failed} failed.**

`python -m scripts.release_timeline` runs it again (about 37 minutes) and writes this page.

## `orders`: to the end

{timeline(record.orders, record.events["orders"], record.answers, "orders")}

## `inventory`: rolled back by hand

{timeline(record.inventory, record.events["inventory"], record.answers, "inventory")}
{going_back(record)}

## Requests

| route | sent | failed | answered by version |
|---|---:|---:|---|
{sent}
"""


def timeline(
    info: dict[str, Any], events: dict[str, tuple[datetime, datetime]], answers: list[Answered], service: str
) -> str:
    """One row per moment, on the deployment's own clock."""
    began = info["createTime"]
    canary = share(answers, f"/{service}", "2", *events["AllowTraffic"], 10)
    rows = [
        (began, "CreateDeployment, by `aws ecs deploy` in the build"),
        (events["Install"][1], "Install succeeded: green tasks run and are healthy"),
        (events["AllowTraffic"][0], "AllowTraffic begins: green gets 10 %"),
        (events["AllowTraffic"][1], f"AllowTraffic succeeded: green gets all. {said(canary)}"),
    ]
    if info["status"] == "Succeeded":
        rows.append((info["completeTime"], "the termination wait is over: the old tasks end; Succeeded"))
    else:
        rows.append((info["completeTime"], "`bambe rollback inventory` (StopDeployment); Stopped"))
    name = f"`{info['deploymentConfigName']}`, deployment `{info['deploymentId']}`:"
    head = f"{name}\n\n| after | what happened |\n|---:|---|\n"
    return head + "\n".join(f"| {clock(at - began)} | {what} |" for at, what in rows)


def going_back(record: Record) -> str:
    """The rollback's row, and who answered after it."""
    began, ended = record.inventory["createTime"], record.rollback["completeTime"]
    after = [one for one in record.answers if one.route == "/inventory" and one.at > ended + EDGE]
    took = (ended - record.rollback["createTime"]).total_seconds()
    return (
        f"| {clock(ended - began)} | `{record.rollback['deploymentId']}` by codeDeployRollback has"
        f" {record.rollback['status'].lower()}, {took:.1f} s after the stop; from here on"
        f" {by_version(after)} |"
    )


def said(canary: Share) -> str:
    """The share green got."""
    return (
        f"Until here it got {canary.got:,} of {canary.total:,} requests to the route: {canary.percent:.1f} %"
    )


def by_version(answers: list[Answered]) -> str:
    """How many answers each version gave."""
    versions = sorted({one.version for one in answers})
    return ", ".join(f"version {v}: {sum(o.version == v for o in answers):,}" for v in versions)


def clock(passed: timedelta) -> str:
    """Minutes and seconds: 5:02.3."""
    minutes, seconds = divmod(passed.total_seconds(), 60)
    return f"{minutes:.0f}:{seconds:04.1f}"


def main() -> None:
    """Run it and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=4700)
    port = parser.parse_args().port
    with tempfile.TemporaryDirectory() as home:
        PAGE.write_text(page(run(Path(home), port)))
    sys.stdout.write(f"{PAGE} is written.\n")


if __name__ == "__main__":
    main()
