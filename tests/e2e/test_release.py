"""The release path on real parts, and what happens when something dies in the middle of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from bambe.cli.demo.counts import Answered, share
from bambe.kernel.clock import SystemClock
from tests.e2e.conftest import brought_up
from tests.e2e.platform import Bambe, wait_for

CLOCK = SystemClock()


@pytest.fixture(scope="module")
def bambe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bambe]:
    """A shop whose canaries are long enough for something to die in them, on a busy machine too."""
    with brought_up(tmp_path_factory.mktemp("bambe"), ("interval: 5m", "interval: 15m")) as made:
        yield made


def deployment_of(bambe: Bambe, service: str, before: list[str]) -> str:
    """The deployment that a push's build starts."""
    fresh = wait_for(
        lambda: set(bambe.deployments(service)) - set(before), f"the build of {service} deploys", 120
    )
    return str(next(iter(fresh)))


def green_answers(answers: list[Answered]) -> bool:
    """Whether version 2 has answered: the moment the weights hold, which is after CodeDeploy says so."""
    return any(one.route == "/orders" and one.version == "2" for one in list(answers))


def test_a_commit_builds_only_what_it_touches_and_says_why(bambe: Bambe) -> None:
    bambe.shop.edit("README.md", "# The shop", "# The best shop")
    bambe.shop.commit("README")
    before = {name: bambe.builds(name) for name in ("gateway", "orders", "inventory", "notifier")}
    told = bambe.push()
    for name in before:
        assert any(line.startswith(f"shop-{name}: no build") for line in told), told
    assert {name: bambe.builds(name) for name in before} == before
    bambe.shop.edit("services/inventory/app.py", '"left": 100', '"left": 99')
    bambe.shop.commit("inventory")
    told = bambe.push()
    assert any(
        line.startswith("shop-inventory: builds") and "services/inventory/app.py" in line for line in told
    )
    assert any(line.startswith("shop-orders: no build") for line in told)
    built = {name: len(bambe.builds(name)) - len(before[name]) for name in before}
    assert built == {"gateway": 0, "orders": 0, "inventory": 1, "notifier": 0}
    deployment = deployment_of(bambe, "inventory", [])
    wait_for(lambda: bambe.deployment(deployment)["status"] == "Succeeded", "inventory is released", 180)


def test_a_release_survives_the_death_of_the_daemon_in_its_canary(bambe: Bambe) -> None:
    traffic = bambe.traffic(rate=120)
    traffic.start()
    before = bambe.deployments("orders")
    bambe.shop.release_orders("2")
    bambe.push()
    deployment = deployment_of(bambe, "orders", before)
    wait_for(lambda: green_answers(traffic.answers), "green gets traffic", 120)
    with bambe.dead():
        dead_from = CLOCK.now()
        wait_for(lambda: (CLOCK.now() - dead_from).total_seconds() > 8, "traffic runs without a daemon")
        answers = list(traffic.answers)
        dead_until = CLOCK.now()
    held = share(answers, "/orders", "2", dead_from, dead_until, 10)
    assert held.total > 200
    assert held.is_fair, f"green got {held.percent:.1f} % of {held.total}"
    assert not [one for one in answers if one.failed], "requests failed while the daemon was dead"
    wait_for(lambda: bambe.deployment(deployment)["status"] == "Succeeded", "the release ends", 180)
    answers = traffic.stop()
    assert [one for one in answers if one.failed] == []
    assert {one.version for one in answers[-60:] if one.route == "/orders"} == {"2"}
    wait_for(lambda: len(bambe.look("orders")["versions"]) == 1, "the old version is gone")


def test_a_killed_container_is_replaced_and_no_request_fails(bambe: Bambe) -> None:
    traffic = bambe.traffic()
    traffic.start()
    tasks = bambe.json("ecs", "list-tasks", "--cluster", "shop", "--service-name", "inventory")["taskArns"]
    described = bambe.json("ecs", "describe-tasks", "--cluster", "shop", "--tasks", tasks[0])["tasks"][0]
    subprocess.run(
        ["docker", "kill", described["containers"][0]["runtimeId"]], check=True, capture_output=True
    )

    def replaced() -> bool:
        now = bambe.json("ecs", "list-tasks", "--cluster", "shop", "--service-name", "inventory")["taskArns"]
        look = bambe.look("inventory")
        return tasks[0] not in now and len(now) == 2 and look["running"] == 2

    wait_for(replaced, "the task is replaced")
    failed = [one for one in traffic.stop() if one.failed]
    assert failed == []


def test_a_broken_release_is_rolled_back_by_hand(bambe: Bambe) -> None:
    before = bambe.deployments("orders")
    bambe.shop.break_orders("3", was="2")
    bambe.push()
    deployment = deployment_of(bambe, "orders", before)
    wait_for(lambda: bambe.event(deployment, "AllowTraffic") == "InProgress", "the canary begins", 120)
    told = bambe.cli("rollback", "orders").stdout
    assert deployment in told
    wait_for(lambda: bambe.deployment(deployment)["status"] == "Stopped", "the deployment is stopped")
    back = bambe.deployment(deployment)["rollbackInfo"]["rollbackDeploymentId"]
    wait_for(lambda: bambe.deployment(back)["status"] == "Succeeded", "the rollback ends", 120)
    assert bambe.deployment(back)["creator"] == "codeDeployRollback"
    wait_for(
        lambda: [version["weight"] for version in bambe.look("orders")["versions"]] == [100.0],
        "the broken version is gone",
    )
    traffic = bambe.traffic()
    traffic.start()
    wait_for(lambda: len(traffic.answers) > 100, "traffic after the rollback")
    answers = traffic.stop()
    assert {one.version for one in answers if one.route == "/orders"} == {"2"}
    assert [one for one in answers if one.failed] == []


def test_a_release_that_has_ended_is_taken_back_by_a_release_of_the_one_before(bambe: Bambe) -> None:
    told = bambe.cli("rollback", "orders").stdout
    assert "releases the version before (shop-orders:1)" in told
    deployment = bambe.deployments("orders", "InProgress", "Created")[0]
    wait_for(lambda: bambe.event(deployment, "AllowTraffic") == "Succeeded", "version 1 has all traffic", 180)
    traffic = bambe.traffic()
    traffic.start()
    wait_for(lambda: len(traffic.answers) > 100, "traffic after going back")
    answers = traffic.stop()
    assert {one.version for one in answers if one.route == "/orders"} == {"1"}
    assert [one for one in answers if one.failed] == []
