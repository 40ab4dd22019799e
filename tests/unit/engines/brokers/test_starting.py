"""The script a node starts with."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import pytest

from bambe.engines.brokers.port import Cluster, Node
from bambe.engines.brokers.starting import logging_file, memory_of, start_script

BROKER, KEEPER = Node(1, "b-1.shop.example", "10.1.0.1"), Node(0, "z-1.shop.example", "10.1.0.9")
KRAFT = Cluster("0b9c", "4.1.2", (BROKER,))
OLD = Cluster("0b9c", "2.6.1", (BROKER, KEEPER))


@pytest.mark.parametrize(
    ("cluster", "node", "main"),
    [
        (KRAFT, BROKER, "kafka.Kafka /kafka-node/server.properties"),
        (OLD, BROKER, "kafka.Kafka /kafka-node/server.properties"),
        (OLD, KEEPER, "org.apache.zookeeper.server.quorum.QuorumPeerMain /kafka-node/zookeeper.properties"),
    ],
)
def test_the_jvm_takes_the_scripts_place(cluster: Cluster, node: Node, main: str) -> None:
    script = start_script(cluster, node)
    last = script.splitlines()[-1]
    assert last.startswith("exec java ")
    assert last.endswith(main)
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0


def test_a_kraft_node_is_formatted_once() -> None:
    (line,) = (one for one in start_script(KRAFT, BROKER).splitlines() if "StorageTool" in one)
    assert line.startswith("[ -e /kafka-data/meta.properties ] || ")
    assert "StorageTool" not in start_script(OLD, BROKER)


def test_a_broker_that_was_killed_gives_way_to_itself() -> None:
    (line,) = (one for one in start_script(OLD, BROKER).splitlines() if "ZooKeeperMain" in one)
    assert "-server z-1.shop.example:2182 delete /brokers/ids/1" in line
    assert "-Dzookeeper.client.secure=true" in line
    assert line.endswith("|| true")


@pytest.mark.parametrize("memory", [384, 640, 2048])
def test_the_heap_leaves_room_below_the_limit(memory: int) -> None:
    script = start_script(replace(KRAFT, memory=memory), BROKER)
    heap = max(int(found) for found in re.findall(r"-Xmx(\d+)m", script.splitlines()[-1]))
    assert memory_of(replace(KRAFT, memory=memory), BROKER) == memory
    assert memory * 0.35 < heap < memory * 0.45


@pytest.mark.parametrize(
    ("version", "name"),
    [("2.6.1", "log4j.properties"), ("3.9.2", "log4j.properties"), ("4.1.2", "log4j2.properties")],
)
def test_what_it_logs_goes_to_standard_output(version: str, name: str) -> None:
    cluster = replace(KRAFT, version=version)
    found, text = logging_file(cluster)
    assert found == name
    assert "Console" in text
    assert f"file:/kafka-node/{name}" in start_script(cluster, BROKER)
