"""Events with a user for every service: they flow, passwords change, and access is switched under way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.kafka import lets_in, scram
from tests.e2e.conftest import install
from tests.e2e.events.test_events import released
from tests.e2e.platform import Bambe, wait_for

OTHERS = re.compile(r"^  gateway:.*?^(?=  notifier:)", re.MULTILINE | re.DOTALL)
"""The services that have nothing to do with it here: the notifier alone takes events and writes others."""
VERSION = "  kafka: 3.9.x\n"
CLI = "AmazonMSK_shop_bambe.cli"
"""The secret of the command line's own user."""


@pytest.fixture(scope="module")
def bambe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bambe]:
    made = install(tmp_path_factory.mktemp("scram"), events=True)
    file = made.shop.root / "bambe.yml"
    file.write_text(OTHERS.sub("", file.read_text()).replace(VERSION, f"{VERSION}  access: scram\n"))
    made.shop.commit("Only the notifier, as a user of its own")
    try:
        made.up()
        yield made
    finally:
        made.end()


def flows(bambe: Bambe, order: str) -> None:
    """An event that the command line writes is told by the notifier, and the command line reads that."""
    event = json.dumps({"order": order, "version": "1"})
    bambe.cli("events", "produce", "orders.created", event, "--key", order)

    def told() -> bool:
        tail = ("events", "tail", "orders.told", "--from-beginning", "--no-follow", "--json")
        return order in {json.loads(line)["key"] for line in bambe.cli(*tail).stdout.splitlines()}

    wait_for(told, f"{order} is told", 60)


def access(bambe: Bambe, old: str, new: str) -> str:
    """`bambe up` with another access; what it says."""
    bambe.shop.edit("bambe.yml", f"access: {old}", f"access: {new}")
    bambe.shop.commit(f"access: {new}")
    done = bambe.up()
    return done.stdout + done.stderr


def security(bambe: Bambe) -> dict[str, Any]:
    (cluster,) = bambe.client("kafka").list_clusters_v2()["ClusterInfoList"]
    said = cluster["Provisioned"]["ClientAuthentication"]
    return {"anybody": said["Unauthenticated"]["Enabled"], "users": said["Sasl"]["Scram"]["Enabled"]}


def test_events_flow_between_users(bambe: Bambe) -> None:
    assert security(bambe) == {"anybody": False, "users": True}
    flows(bambe, "first")
    (lag,) = json.loads(bambe.cli("events", "lag", "--json").stdout)
    assert (lag["group"], lag["version"]) == ("notifier", "shop-notifier:1")


def test_a_new_password_reaches_the_brokers(bambe: Bambe, tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    parameter = bambe.client("ssm").get_parameter(Name="/shop/kafka/ca")["Parameter"]
    authority.write_text(parameter["Value"])
    kafka, secrets = bambe.client("kafka"), bambe.client("secretsmanager")
    (cluster,) = kafka.list_clusters_v2()["ClusterInfoList"]
    brokers = kafka.get_bootstrap_brokers(ClusterArn=cluster["ClusterArn"])
    servers = brokers["BootstrapBrokerStringPublicSaslScram"]
    old = json.loads(secrets.get_secret_value(SecretId=CLI)["SecretString"])
    known = scram(authority, old["username"], old["password"])
    assert lets_in(servers, **known)
    changed = json.dumps({**old, "password": "changed"})
    secrets.put_secret_value(SecretId=CLI, SecretString=changed)
    wait_for(lambda: not lets_in(servers, **known), "the old password is refused", 30)
    assert lets_in(servers, **scram(authority, old["username"], "changed"))
    bambe.cli("events", "topics")  # the command line asks for its password each time


def test_access_is_switched_while_tasks_run(bambe: Bambe) -> None:
    said = access(bambe, "scram", "tls")
    assert "brokers also let in by scram, as long as tasks of notifier use it" in said
    assert security(bambe) == {"anybody": True, "users": True}
    wait_for(lambda: released(bambe, "notifier", 2), "the notifier is released", 60)
    flows(bambe, "second")
