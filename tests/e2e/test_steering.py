"""Releases that wait for each other, are held, weighed and let go by hand, and what their ledgers say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import brought_up
from tests.e2e.platform import Bambe, wait_for
from tests.e2e.test_release import deployment_of

APP = Path("services/orders/app.py")


@pytest.fixture(scope="module")
def bambe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bambe]:
    """A shop whose releases go on only when a person says so, long before their time, however busy it is."""
    longer = ("interval: 5m, keep_old: 5m", "interval: 240m, keep_old: 240m")
    with brought_up(tmp_path_factory.mktemp("bambe"), longer) as made:
        yield made


def commit_orders(bambe: Bambe, version: str) -> None:
    """A good version of orders, whatever was there before."""
    good = (Path(__file__).parents[2] / "examples" / "shop" / APP).read_text()
    (bambe.shop.root / APP).write_text(good.replace('VERSION = "1"', f'VERSION = "{version}"'))
    bambe.shop.commit(f"orders: version {version}")


def release(bambe: Bambe, version: str) -> str:
    """Push a version; its deployment, once it has its canary's share."""
    before = bambe.deployments("orders")
    commit_orders(bambe, version)
    bambe.push()
    deployment = deployment_of(bambe, "orders", before)
    canary_begins(bambe, deployment)
    return deployment


def canary_begins(bambe: Bambe, deployment: str) -> None:
    wait_for(lambda: bambe.event(deployment, "AllowTraffic") == "InProgress", "the canary begins", 120)


def promoted_to_its_end(bambe: Bambe, deployment: str) -> None:
    """A person gives it all traffic, then ends the old version."""
    assert deployment in bambe.cli("promote", "orders").stdout
    wait_for(lambda: bambe.event(deployment, "AllowTraffic") == "Succeeded", "all traffic is on green")
    assert "ends the old version now" in bambe.cli("promote", "orders").stdout
    ends_well(bambe, deployment)


def ends_well(bambe: Bambe, deployment: str) -> None:
    wait_for(lambda: bambe.deployment(deployment)["status"] == "Succeeded", "the release ends", 180)


def weight_of_new(bambe: Bambe) -> float:
    return float(min(version["weight"] for version in bambe.look("orders")["versions"]))


def test_it_stays_where_a_person_wants_it_and_its_ledger_shows_every_request(bambe: Bambe) -> None:
    traffic = bambe.traffic()
    traffic.start()
    deployment = release(bambe, "31")
    assert deployment in bambe.cli("pause", "orders").stdout
    assert "40 %" in bambe.cli("set-weight", "orders", "40").stdout
    wait_for(lambda: weight_of_new(bambe) == 40, "green has 40 %")
    assert "goes on" in bambe.cli("approve", "orders").stdout
    promoted_to_its_end(bambe, deployment)
    assert [one for one in traffic.stop() if one.failed] == []
    shown = wait_for(lambda: closed_ledger(bambe, deployment), "the ledger is closed")
    assert shown["whole"]
    weights = [one["body"]["weight"] for one in shown["records"] if one["kind"] == "weight"]
    assert weights == [10, 40, 100]
    end = shown["records"][-1]["body"]
    assert end["zero_loss"] is True
    assert end["counts"]["green"]["requests"] > 0
    assert "requests were dropped." in bambe.cli("release", "show", deployment).stdout
    assert deployment in bambe.cli("release", "list", "orders").stdout


def closed_ledger(bambe: Bambe, deployment: str) -> dict[str, object] | None:
    shown = json.loads(bambe.cli("release", "show", deployment, "--json").stdout)
    return shown if shown["closed"] else None


def test_pushes_during_a_release_wait_and_the_newest_goes_next(bambe: Bambe) -> None:
    first = release(bambe, "41")
    bambe.cli("pause", "orders")
    before = bambe.deployments("orders")
    for version in ("42", "43"):
        commit_orders(bambe, version)
        bambe.push()

    def queued() -> bool:
        mine = [one for one in bambe.deployments("orders") if one not in before]
        statuses = [bambe.deployment(one)["status"] for one in mine]
        return sorted(statuses) == ["Queued", "Stopped"]

    wait_for(queued, "one waits and one is superseded", 120)
    (waiting,) = bambe.deployments("orders", "Queued")
    by_hand = bambe.aws(
        "deploy", "create-deployment", "--application-name", "AppECS-shop-orders",
        "--deployment-group-name", "DgpECS-shop-orders",
        "--revision", json.dumps(bambe.deployment(first)["revision"]), check=False,
    )  # fmt: skip
    assert "DeploymentLimitExceededException" in by_hand.stderr
    bambe.cli("promote", "orders")
    ends_well(bambe, first)  # its old version's time ends where a newer release waits
    canary_begins(bambe, waiting)
    promoted_to_its_end(bambe, waiting)
    wait_for(
        lambda: [one["weight"] for one in bambe.look("orders")["versions"]] == [100.0], "one version is left"
    )


def test_a_release_that_was_stopped_as_it_was_is_taken_back_by_the_weights(bambe: Bambe) -> None:
    before = bambe.look("orders")["versions"][0]["task_definition"]
    traffic = bambe.traffic()
    traffic.start()
    release(bambe, "51")
    bambe.cli("set-weight", "orders", "40")
    wait_for(lambda: weight_of_new(bambe) == 40, "green has 40 %")
    assert "both versions keep running" in bambe.cli("stop", "orders").stdout
    assert weight_of_new(bambe) == 40
    told = bambe.cli("rollback", "orders").stdout
    assert f"all traffic is on {before} again" in told

    def alone() -> bool:
        versions = bambe.look("orders")["versions"]
        return [(one["task_definition"], one["weight"]) for one in versions] == [(before, 100.0)]

    wait_for(alone, "the version before is alone", 90)
    assert [one for one in traffic.stop() if one.failed] == []


def test_an_earlier_release_is_brought_back_whole(bambe: Bambe) -> None:
    released = json.loads(bambe.cli("release", "list", "orders", "--json").stdout)
    good = [one["release"] for one in released if one["status"] == "Succeeded"]
    wanted = bambe.deployment(good[-1])
    told = bambe.cli("rollback", "orders", "--to", good[-1]).stdout
    assert f"restores {good[-1]}" in told
    deployment = bambe.deployments("orders", "InProgress", "Created")[0]
    canary_begins(bambe, deployment)
    promoted_to_its_end(bambe, deployment)
    assert bambe.look("orders")["versions"][0]["task_definition"] in str(wanted["revision"])
