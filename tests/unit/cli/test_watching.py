"""What is said of a release under way and of its ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from bambe.cli.by_codedeploy import ByCodeDeploy
from bambe.cli.commands.release import loss, tables
from bambe.cli.ledgers import Ledger
from bambe.cli.restoring import moment, restored
from bambe.cli.trouble import Trouble
from bambe.cli.watching import what_next
from bambe.evidence.ledger import START, append

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class Release(ByCodeDeploy):
    held = False

    @property
    def is_held(self) -> bool:
        return self.held


def release(status: str = "InProgress", waits: bool = False, **events: str) -> Release:
    blue = {"terminateBlueInstancesOnDeploymentSuccess": {"terminationWaitTimeInMinutes": 30}}
    info = {
        "status": status,
        "instanceTerminationWaitTimeStarted": waits,
        "blueGreenDeploymentConfiguration": blue,
    }
    return Release(None, "orders", "d-1", info, events)  # type: ignore[arg-type]


def ledger(*weights: int) -> Ledger:
    at = (NOW - timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    records = [append("d-1", 0, START, at, "begin", {"steps": [[10, 5], [100, 0]]})]
    for percent in weights:
        records.append(append("d-1", len(records), records[-1].hash, at, "weight", {"weight": percent}))
    return Ledger("d-1", tuple(records), "")


def test_what_comes_next_and_when() -> None:
    shifting = release(AllowTraffic="InProgress")
    assert what_next(shifting, ledger(), 1, NOW) == "the first traffic to the new version"
    assert what_next(shifting, ledger(10), 1, NOW).startswith("all traffic to the new version at ")
    assert what_next(shifting, ledger(10), 1, NOW).endswith("(in 4:00)")
    assert what_next(shifting, ledger(10), 60, NOW).endswith("(in 0:00)")
    assert what_next(release(waits=True), ledger(10, 100), 1, NOW).endswith("(in 29:00)")
    assert "bambe approve orders" in what_next(release("Ready"), ledger(), 1, NOW)
    assert what_next(release(Install="InProgress"), ledger(), 1, NOW) == "after Install: traffic"
    held = release(AllowTraffic="InProgress")
    held.held = True
    assert what_next(held, ledger(10), 1, NOW).startswith("paused")


def counted(dropped: int, gaps: int) -> dict[str, Any]:
    one = {"requests": 600, "dropped": 0}
    return {"counts": {"blue": one, "green": {**one, "dropped": dropped}}, "gaps": gaps}


def test_loss_can_say_zero_not_zero_and_not_known() -> None:
    assert "0 of 1,200 requests were dropped." in loss(counted(0, 0))
    assert "3 of 1,200 requests were dropped." in loss(counted(3, 1))
    assert "Not known" in loss(counted(0, 1))


def cells(table: Table) -> list[list[str]]:
    """A table as it is shown, line by line."""
    console = Console(width=100)
    with console.capture() as shown:
        console.print(table)
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in shown.get().splitlines()]


def with_events(requests: int) -> dict[str, Any]:
    one = {"requests": requests, "by_class": {"2xx": requests}, "retries": 0, "dropped": 0}
    blue = {"handled": 1800, "failed": 2, "dead_lettered": 1, "behind_per_partition": 1.5}
    green = {"handled": 150, "failed": 50, "dead_lettered": 0, "behind_per_partition": None}
    counts = {"blue": one, "green": one}
    return {"counts": counts, "gaps": 0, "events": {"blue": blue, "green": green}}


def test_events_are_shown_by_version_and_requests_where_there_are_any() -> None:
    requests, events = tables(with_events(600))
    assert ["all", "600", "600"] in cells(requests)
    assert cells(events) == [
        ["events", "blue (old)", "green (new)"],
        ["handled", "1,800", "150"],
        ["failed", "2", "50"],
        ["to the dead letters", "1", "0"],
        ["behind, by partition", "1.5", "–"],
    ]
    (alone,) = tables(with_events(0))
    assert cells(alone) == cells(events)
    assert tables({}) == []


def test_times_a_person_writes() -> None:
    here = NOW.astimezone()
    assert moment("11:30", NOW) == here.replace(hour=11, minute=30, second=0, microsecond=0)
    assert moment("2026-01-01T11:30+00:00", NOW) == NOW - timedelta(minutes=30)
    with pytest.raises(Trouble, match="still to come"):
        moment("23:59:59", NOW)
    with pytest.raises(Trouble, match="and no time: write 14:05"):
        moment("yesterday", NOW)


def test_a_template_gets_the_routes_and_the_health_check_of_a_revision() -> None:
    rule = {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"Priority": 9}}
    group = {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"HealthCheckPath": "/"}}
    template = {"Resources": {"Rule": rule, "BlueTargets": group, "Other": {"Type": "AWS::X::Y"}}}
    conditions = [
        {"Field": "path-pattern", "Values": ["/a*"], "PathPatternConfig": {"Values": ["/a*"]}},
    ]
    revision = {
        "routes": [{"rule": "arn", "priority": "7", "conditions": conditions}],
        "health_check": {"HealthCheckPath": "/health"},
    }
    made = restored(template, revision)["Resources"]
    assert made["BlueTargets"]["Properties"] == {"HealthCheckPath": "/health"}
    wanted = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a*"]}}
    assert made["Rule"]["Properties"] == {"Priority": 7, "Conditions": [wanted]}
    assert restored(template, {}) == template
