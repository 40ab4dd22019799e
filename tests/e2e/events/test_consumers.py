"""A consumer's new version takes its share of the events, and is judged by what it makes of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import install
from tests.e2e.platform import Bambe, wait_for

ROLLING = "    release: rolling\n    consumes:"
CANARY = """    release:
      {controller: ecs, percent: 25, interval: 20m, events: canary, on_rollback: replay}
    consumes:"""
PARTITIONS = 8
EIGHT = f"partitions: {PARTITIONS}"
GOOD = 'return {"order": event["order"],'
BAD = 'int(event["order"][0], 6)\n    ' + GOOD
"""Of the sixteen digits an order may begin with it knows six."""


@pytest.fixture(scope="module")
def bambe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bambe]:
    made = install(tmp_path_factory.mktemp("consumers"), events=True)
    made.shop.edit("bambe.yml", ROLLING, CANARY)
    made.shop.edit(
        "bambe.yml", "orders.created: {partitions: 6", f"orders.created: {{partitions: {PARTITIONS}"
    )
    made.shop.commit("notifier: a canary of events")
    try:
        made.up()
        yield made
    finally:
        made.end()


def release(bambe: Bambe, old: str, new: str, *edits: tuple[str, str]) -> None:
    app = "services/notifier/app.py"
    for before, after in ((f'VERSION = "{old}"', f'VERSION = "{new}"'), *edits):
        bambe.shop.edit(app, before, after)
    bambe.shop.commit(f"notifier: version {new}")
    bambe.push()


def newest(bambe: Bambe) -> dict[str, Any]:
    ecs = bambe.client("ecs")
    listed = ecs.list_service_deployments(cluster="shop", service="notifier")["serviceDeployments"]
    arn = listed[0]["serviceDeploymentArn"]
    (found,) = ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    return dict(found)


def readers(bambe: Bambe) -> dict[str, int]:
    """Partitions of orders.created by the version that reads them."""
    lag = json.loads(bambe.cli("events", "lag", "--json").stdout)
    return {one["version"]: one["partitions"] for one in lag if one["topic"] == "orders.created"}


def tail(bambe: Bambe, topic: str) -> list[dict[str, Any]]:
    words = ("events", "tail", topic, "--from-beginning", "--no-follow", "--json")
    return [json.loads(line) for line in bambe.cli(*words).stdout.splitlines()]


def told(bambe: Bambe) -> list[dict[str, str]]:
    return [json.loads(one["value"]) for one in tail(bambe, "orders.told")]


def test_a_good_version_takes_its_share_and_then_everything(bambe: Bambe) -> None:
    traffic = bambe.traffic(rate=60)
    traffic.start()
    release(bambe, "1", "2")
    wait_for(lambda: newest(bambe).get("lifecycleStage") == "BAKE_TIME", "both versions run", 120)
    shared = {"shop-notifier:1": PARTITIONS * 3 // 4, "shop-notifier:2": PARTITIONS // 4}
    wait_for(lambda: readers(bambe) == shared, "the new version reads a quarter", 20)
    wait_for(lambda: newest(bambe)["status"] == "SUCCESSFUL", "it is released", 90)
    wait_for(lambda: readers(bambe) == {"shop-notifier:2": PARTITIONS}, "it reads everything", 30)
    accepted = {one.order for one in traffic.stop() if one.order and not one.failed}
    wait_for(lambda: accepted <= {one["order"] for one in told(bambe)}, "every order is told", 60)
    assert set(Counter(one["order"] for one in told(bambe)).values()) == {1}, "none of them twice"
    newest_id = newest(bambe)["serviceDeploymentArn"].rsplit("/", 1)[-1]
    shown = json.loads(bambe.cli("release", "show", newest_id, "--json").stdout)
    events = shown["records"][-1]["body"]["events"]
    assert events["green"]["handled"] > 0
    assert events["blue"]["handled"] > events["green"]["handled"], "the old version had three quarters"


def test_a_bad_version_is_found_worse_and_its_events_are_taken_again(bambe: Bambe) -> None:
    before = newest(bambe)["serviceDeploymentArn"]
    traffic = bambe.traffic(rate=60)
    traffic.start()
    release(bambe, "2", "3", (GOOD, BAD))
    wait_for(lambda: newest(bambe)["serviceDeploymentArn"] != before, "version 3 is deployed", 120)
    wait_for(lambda: newest(bambe)["status"] == "ROLLBACK_SUCCESSFUL", "it is rolled back", 120)
    found = newest(bambe)
    assert "dead letters" in found["rollback"]["reason"]
    accepted = {one.order for one in traffic.stop() if one.order and not one.failed}
    dead = {json.loads(one["value"])["order"] for one in tail(bambe, "orders.dead")}
    assert dead, "version 3 gave some up"
    wait_for(
        lambda: accepted | dead <= {one["order"] for one in told(bambe)}, "all are told by version 2", 90
    )
    assert {one["told_by"] for one in told(bambe) if one["order"] in dead} == {"2"}
    assert readers(bambe) == {"shop-notifier:2": PARTITIONS}
