"""A service goes over from CodeDeploy to ECS's own deployments, and is released, steered and taken back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.platform import Bambe, wait_for

BLUE_GREEN = """    route: "/inventory*"
    tasks: 2
"""
NATIVE = """    route: "/inventory*"
    tasks: 2
    release: {controller: ecs, percent: 20, interval: 15m, keep_old: 20m, approval: 60m}
"""


@pytest.fixture(scope="module")
def bambe(shared: Bambe) -> Bambe:
    return shared


def described(bambe: Bambe) -> dict[str, Any]:
    """The newest service deployment of inventory."""
    ecs = bambe.client("ecs")
    listed = ecs.list_service_deployments(cluster="shop", service="inventory")["serviceDeployments"]
    arn = listed[0]["serviceDeploymentArn"]
    return dict(ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0])


def tasks(bambe: Bambe) -> set[str]:
    return set(bambe.client("ecs").list_tasks(cluster="shop", serviceName="inventory")["taskArns"])


def newest(bambe: Bambe) -> str:
    """The newest service deployment of inventory, "" before there is one."""
    answer = bambe.client("ecs").list_service_deployments(cluster="shop", service="inventory")
    return next((str(one["serviceDeploymentArn"]) for one in answer["serviceDeployments"]), "")


def release(bambe: Bambe, version: str, was: str) -> None:
    """Push a version of inventory: its build ends with UpdateService, its deployment waits for approval."""
    bambe.shop.edit("services/inventory/app.py", f'VERSION = "{was}"', f'VERSION = "{version}"')
    bambe.shop.commit(f"inventory: version {version}")
    before = newest(bambe)
    bambe.push()
    wait_for(lambda: newest(bambe) != before, f"version {version} is being deployed", 120)
    wait_for(lambda: "waits for approval" in bambe.cli("status").stdout, "it waits for approval", 90)


def stage(bambe: Bambe, *wanted: str) -> bool:
    found = described(bambe)
    return found["status"] in wanted or found.get("lifecycleStage") in wanted


def test_a_service_is_handed_over_to_ecs_and_released_by_it(bambe: Bambe) -> None:
    before = tasks(bambe)
    bambe.shop.edit("bambe.yml", BLUE_GREEN, NATIVE)
    bambe.shop.commit("inventory: released by ECS")
    bambe.cli("up")
    assert before & tasks(bambe), "the hand-over itself replaces nothing"
    assert "inventory" not in json.dumps(bambe.client("codedeploy").list_applications()["applications"])

    traffic = bambe.traffic(rate=120)
    traffic.start()
    release(bambe, "2", was="1")
    assert not [one for one in list(traffic.answers) if one.route == "/inventory" and one.version == "2"]
    watching = bambe.begin("watch", "inventory")
    assert "is approved" in bambe.cli("approve", "inventory").stdout
    wait_for(lambda: stage(bambe, "PRODUCTION_TRAFFIC_SHIFT"), "traffic shifts", 60)
    wait_for(lambda: stage(bambe, "SUCCESSFUL"), "it is done", 120)
    told = watching.communicate(timeout=60)[0]
    assert "shifting traffic (old 80 %, new 20 %" in told
    assert told.endswith("inventory: no release under way\n")
    answers = traffic.stop()
    assert [one for one in answers if one.failed] == []
    assert {one.version for one in answers[-60:] if one.route == "/inventory"} == {"2"}
    green = [one for one in answers if one.route == "/inventory" and one.version == "2"]
    ledger = last_ledger(bambe)
    assert ledger["whole"]
    assert ledger["closed"]
    weights = [one["body"]["weight"] for one in ledger["records"] if one["kind"] == "weight"]
    assert weights == [20, 100]
    end = ledger["records"][-1]["body"]
    assert (end["status"], end["zero_loss"]) == ("SUCCESSFUL", True)
    assert 0 < end["counts"]["green"]["requests"] <= len(green)


def last_ledger(bambe: Bambe) -> dict[str, Any]:
    """Of inventory's newest release."""
    newest = json.loads(bambe.cli("release", "list", "inventory", "--json").stdout)[0]["release"]
    return dict(json.loads(bambe.cli("release", "show", newest, "--json").stdout))


def test_a_deployment_is_taken_back_by_the_weights(bambe: Bambe) -> None:
    release(bambe, "3", was="2")
    bambe.cli("approve", "inventory")
    wait_for(lambda: stage(bambe, "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME"), "traffic shifts", 60)
    assert "goes back" in bambe.cli("rollback", "inventory").stdout
    wait_for(lambda: stage(bambe, "ROLLBACK_SUCCESSFUL"), "it is back", 90)
    wait_for(lambda: last_ledger(bambe)["closed"], "its ledger is closed", 30)
    traffic = bambe.traffic()
    traffic.start()
    wait_for(lambda: len(traffic.answers) > 100, "traffic after the rollback")
    answers = traffic.stop()
    assert {one.version for one in answers if one.route == "/inventory"} == {"2"}
    assert [one for one in answers if one.failed] == []


def test_a_deployment_is_taken_into_ones_own_hands(bambe: Bambe) -> None:
    def share() -> float:
        return float(described(bambe)["targetServiceRevision"]["requestedProductionTrafficWeight"])

    traffic = bambe.traffic()
    traffic.start()
    release(bambe, "4", was="3")
    deployment = newest(bambe).rsplit("/", 1)[-1]
    assert "not shifting traffic now" in bambe.cli("set-weight", "inventory", "40", check=False).stderr
    bambe.cli("approve", "inventory")
    wait_for(lambda: share() == 20, "traffic shifts", 60)
    assert deployment in bambe.cli("pause", "inventory").stdout
    assert "40 %" in bambe.cli("set-weight", "inventory", "40").stdout
    wait_for(lambda: share() == 40, "the new version has 40 %")
    bambe.up()
    assert share() == 40, "a stack that has nothing to change lets go of nothing"
    assert "all traffic now" in bambe.cli("promote", "inventory").stdout
    wait_for(lambda: stage(bambe, "BAKE_TIME"), "all traffic is on the new version")
    bambe.cli("pause", "inventory")
    assert "ends the old version now" in bambe.cli("promote", "inventory").stdout
    wait_for(lambda: stage(bambe, "SUCCESSFUL"), "it is done", 60)
    assert newest(bambe).endswith(deployment), "nothing else was deployed"
    assert [one for one in traffic.stop() if one.failed] == []


def test_a_deployment_that_was_stopped_as_it_was_is_taken_back(bambe: Bambe) -> None:
    def versions() -> list[tuple[str, float | None]]:
        return [(one["task_definition"], one["weight"]) for one in bambe.look("inventory")["versions"]]

    ((before, _),) = versions()
    release(bambe, "5", was="4")
    bambe.cli("approve", "inventory")
    wait_for(lambda: stage(bambe, "PRODUCTION_TRAFFIC_SHIFT"), "traffic shifts", 60)
    bambe.cli("stop", "inventory")
    wait_for(lambda: described(bambe)["status"] == "STOPPED", "it is stopped")
    assert sorted(weight for _, weight in versions() if weight is not None) == [20.0, 80.0]
    assert f"brings back {before}" in bambe.cli("rollback", "inventory").stdout
    wait_for(lambda: stage(bambe, "POST_TEST_TRAFFIC_SHIFT"), "one of the two is gone", 90)
    traffic = bambe.traffic()
    traffic.start()
    wait_for(lambda: len(traffic.answers) > 100, "traffic while it waits for approval")
    answers = traffic.stop()
    assert {one.version for one in answers if one.route == "/inventory"} == {"4"}
    bambe.cli("rollback", "inventory")
    wait_for(lambda: stage(bambe, "ROLLBACK_SUCCESSFUL"), "nothing is under way", 60)


def test_an_earlier_release_is_brought_back_whole(bambe: Bambe) -> None:
    history = json.loads(bambe.cli("release", "list", "inventory", "--json").stdout)
    of_two = [one["release"] for one in history if one["status"] == "SUCCESSFUL"][1]
    assert f"restores {of_two}" in bambe.cli("rollback", "inventory", "--to", of_two).stdout
    wait_for(lambda: "waits for approval" in bambe.cli("status").stdout, "it waits for approval", 90)
    bambe.cli("approve", "inventory")
    wait_for(lambda: stage(bambe, "PRODUCTION_TRAFFIC_SHIFT"), "traffic shifts", 60)
    bambe.cli("promote", "inventory")
    wait_for(lambda: stage(bambe, "BAKE_TIME"), "all traffic is on the old new version", 60)
    traffic = bambe.traffic()
    traffic.start()
    wait_for(lambda: len(traffic.answers) > 100, "traffic after the rollback")
    answers = traffic.stop()
    assert {one.version for one in answers if one.route == "/inventory"} == {"2"}
