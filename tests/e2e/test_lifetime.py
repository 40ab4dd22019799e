"""From nothing to nothing: mistakes that change nothing, a failing service, down, and up again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import install
from tests.e2e.platform import Bambe, wait_for


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bambe]:
    made = install(tmp_path_factory.mktemp("bambe"))
    only_inventory(made)
    yield made
    made.end()


def only_inventory(bambe: Bambe) -> None:
    """A project of one service, so that this module is quick."""
    text = """project: shop
host: shop.example
services:
  inventory:
    path: services/inventory
    also: [libs/web]
    port: 8080
    route: default
    health: {path: /health, interval: 5s}
"""
    (bambe.shop.root / "bambe.yml").write_text(text)
    bambe.shop.commit("one service")


def say(bambe: Bambe) -> str:
    done = bambe.up(check=False)
    return sentence(done.returncode, done.stdout, done.stderr)


def sentence(status: int | None, told: str, errors: str) -> str:
    """What an `up` that fails says."""
    assert status, told
    lines = [line for line in errors.splitlines() if line.strip()]
    assert len(lines) == 1, errors
    return lines[0]


def impatient(bambe: Bambe) -> bool:
    """Let the health of inventory's tasks count at once, not after a minute; False while there is none."""
    ecs = bambe.client("ecs")
    if not ecs.describe_services(cluster="shop", services=["inventory"])["services"]:
        return False
    ecs.update_service(cluster="shop", service="inventory", healthCheckGracePeriodSeconds=0)
    return True


def test_mistakes_get_one_sentence_and_start_nothing(fresh: Bambe) -> None:
    fresh.shop.edit("bambe.yml", "port: 8080", "prot: 8080")
    assert "did you mean `port`" in say(fresh)
    fresh.shop.edit("bambe.yml", "prot: 8080", "port: 8080")
    (fresh.shop.root / "services/inventory/Dockerfile").rename(fresh.shop.root / "Dockerfile.away")
    assert "services/inventory/Dockerfile is missing" in say(fresh)
    (fresh.shop.root / "Dockerfile.away").rename(fresh.shop.root / "services/inventory/Dockerfile")
    assert not fresh.state.exists()


def test_a_failing_buildspec_is_told_with_its_command(fresh: Bambe) -> None:
    fresh.shop.edit(
        "services/inventory/buildspec.yml", "      - docker push", "      - exit 7\n      - docker push"
    )
    fresh.shop.commit("a buildspec that fails")
    told = say(fresh)
    assert "inventory" in told
    assert "exit 7" in told
    fresh.shop.edit("services/inventory/buildspec.yml", "      - exit 7\n", "")
    fresh.shop.commit("mended")


def test_a_port_that_never_opens_fails_the_stack_with_the_reason(fresh: Bambe) -> None:
    fresh.shop.edit("bambe.yml", "port: 8080", "port: 8081")
    fresh.shop.commit("the wrong port")
    with fresh.begin(*fresh.up_words) as up:
        wait_for(lambda: impatient(fresh), "inventory is made")
        told, errors = up.communicate(timeout=240)
    said = sentence(up.returncode, told, errors)
    assert "shop-inventory" in said
    assert "Service" in said
    fresh.shop.edit("bambe.yml", "port: 8081", "port: 8080")
    fresh.shop.commit("the right port")


def a_subnet(fresh: Bambe) -> str:
    return str(fresh.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"])


def test_up_works_after_mistakes_and_down_leaves_nothing(fresh: Bambe) -> None:
    fresh.up()
    url = json.loads(fresh.cli("status", "--json").stdout)["url"]
    answered = fresh.shell(f"curl -s --cacert {fresh.state}/ca/ca.pem {url}/inventory")
    assert '"service": "inventory"' in answered.stdout
    plain = url.replace("https://", "http://")
    led = fresh.shell(f"curl -s -o /dev/null -w '%{{http_code}} %{{redirect_url}}' {plain}/inventory")
    assert led.stdout.replace(":443", "") == f"301 {url}/inventory"
    assert fresh.containers()
    fresh.json(
        "ecs", "run-task", "--cluster", "shop", "--task-definition", "shop-inventory",
        "--launch-type", "FARGATE",
        "--network-configuration", f"awsvpcConfiguration={{subnets=[{a_subnet(fresh)}]}}",
    )  # fmt: skip
    fresh.cli("down")
    assert fresh.containers() == []
    left = subprocess.run(
        ["pgrep", "-af", str(fresh.state)], capture_output=True, text=True, check=False
    ).stdout
    assert left == ""
    addresses = subprocess.run(["ip", "-br", "addr"], capture_output=True, text=True, check=True).stdout
    assert "bam-" + (fresh.state / "instance").read_text().strip() not in addresses
    assert str(fresh.state) not in Path("/proc/mounts").read_text()


def test_a_second_up_after_down_works(fresh: Bambe) -> None:
    fresh.up()
    wait_for(lambda: fresh.look("inventory")["steady"], "inventory is steady")
