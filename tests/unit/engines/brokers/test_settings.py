"""Properties of brokers: what Java reads back, and whose word counts."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.engines.brokers.port import Cluster, Node
from bambe.engines.brokers.settings import (
    first_voters,
    kraft_id,
    render,
    server_properties,
    zookeeper_address,
)

NODES = tuple(Node(n, f"b-{n}.shop.example", f"10.1.0.{n}") for n in (1, 2, 3))
THREE = Cluster("0b9c", "4.1.2", NODES, scram=True)
ZOOKEEPER = Cluster("0b9c", "2.6.1", (*NODES[:2], Node(0, "z-1.shop.example", "10.1.0.9")))


def parse(text: str) -> dict[str, str]:
    """A properties file as java.util.Properties loads it (one logical line each)."""
    found = {}
    for line in text.split("\n")[:-1]:
        key, value = re.fullmatch(r"((?:\\.|[^\\=: ])*)=(.*)", line, re.S).groups()  # type: ignore[union-attr]
        found[unescape(key)] = unescape(value.lstrip(" \t\f"))
    return found


def unescape(text: str) -> str:
    named = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}

    def character(match: re.Match[str]) -> str:
        return chr(int(match[1], 16)) if match[1] else named.get(match[2], match[2])

    found = re.sub(r"\\(?:u([0-9a-f]{4})|(.))", character, text)
    return found.encode("utf-16", "surrogatepass").decode("utf-16")


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_java_reads_back_what_was_written(properties: dict[str, str]) -> None:
    assert parse(render(properties)) == properties


@given(st.text())
def test_cluster_ids_are_kafkas(cluster_id: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", kraft_id(cluster_id))


def test_each_client_listener_advertises_the_name_and_its_twin_the_address() -> None:
    found = server_properties(THREE, NODES[1], first_voters(THREE))
    assert found["advertised.listeners"].split(",") == [
        "REPLICATION_SECURE://10.1.0.2:9093",
        "CLIENT://b-2.shop.example:9092",
        "HOST://10.1.0.2:19092",
        "CLIENT_SECURE://b-2.shop.example:9094",
        "HOST_SECURE://10.1.0.2:9194",
        "CLIENT_SASL_SCRAM://b-2.shop.example:9096",
        "HOST_SASL_SCRAM://10.1.0.2:9196",
    ]
    assert found["listeners"].endswith(",CONTROLLER://0.0.0.0:9095")
    names = {one.split(":")[0] for one in found["listeners"].split(",")}
    protocols = dict(one.split(":") for one in found["listener.security.protocol.map"].split(","))
    assert names == set(protocols)


def test_listeners_that_are_not_asked_for_are_not_there() -> None:
    bare = replace(THREE, plaintext=False, tls=False, scram=False)
    found = server_properties(bare, NODES[0], first_voters(bare))
    assert found["listeners"] == "REPLICATION_SECURE://0.0.0.0:9093,CONTROLLER://0.0.0.0:9095"


@pytest.mark.parametrize(("count", "voters"), [(1, {1}), (2, {1}), (3, {1, 2, 3})])
def test_controllers_are_one_or_three(count: int, voters: set[int]) -> None:
    cluster = replace(THREE, nodes=NODES[:count])
    assert set(first_voters(cluster)) == voters
    roles = [server_properties(cluster, n, first_voters(cluster))["process.roles"] for n in cluster.nodes]
    assert roles == ["broker,controller" if n.number in voters else "broker" for n in cluster.nodes]


def test_a_small_cluster_keeps_as_many_copies_as_it_can() -> None:
    for count, copies, in_sync in ((1, "1", "1"), (2, "2", "2"), (3, "3", "2")):
        cluster = replace(THREE, nodes=NODES[:count])
        found = server_properties(cluster, NODES[0], first_voters(cluster))
        assert (found["default.replication.factor"], found["min.insync.replicas"]) == (copies, in_sync)


def test_a_configuration_counts_except_for_what_the_engine_needs() -> None:
    mine = {"num.io.threads": "9", "log.dirs": "/tmp", "super.users": "User:ANONYMOUS", "listeners": "X"}
    found = server_properties(replace(THREE, settings=mine), NODES[0], first_voters(THREE))
    plain = server_properties(THREE, NODES[0], first_voters(THREE))
    assert found == {**plain, "num.io.threads": "9"}


@given(st.dictionaries(st.sampled_from(sorted(server_properties(THREE, NODES[0], {}))), st.text()))
def test_no_configuration_opens_the_internal_listeners(mine: dict[str, str]) -> None:
    found = server_properties(replace(THREE, settings=mine), NODES[0], first_voters(THREE))
    for listener in ("replication_secure", "controller"):
        assert found[f"listener.name.{listener}.ssl.client.auth"] == "required"
    assert found["super.users"] == "User:CN=bambe-node"
    assert found["inter.broker.listener.name"] == "REPLICATION_SECURE"


def test_before_kraft_there_is_zookeeper() -> None:
    found = server_properties(ZOOKEEPER, NODES[0], {})
    assert (found["broker.id"], found["zookeeper.connect"]) == ("1", "z-1.shop.example:2182")
    assert "process.roles" not in found
    assert zookeeper_address(ZOOKEEPER) == "z-1.shop.example:2182"
