"""Clients as people have them, against real brokers: what one wrote arrives whole and in order."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable

import pytest
import pytest_asyncio

from bambe.engines.brokers.port import HOST_SCRAM_PORT
from tests.contract.clients.stand import (
    CLIENTS,
    HOST,
    KCAT,
    PASSWORD,
    PROTOCOLS,
    TASK,
    USER,
    Client,
    Stand,
)
from tests.contract.kafka import Running, lets_in, scram

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

KEYS, EACH = ("ann", "bob", "zoë"), 40


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stand(kafka: Running, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stand]:
    made = Stand(kafka, tmp_path_factory.mktemp("clients"))
    try:
        await made.open()
        await kafka.brokers.apply_users(kafka.cluster, {USER: PASSWORD})
        options = scram(made.folder / "ca.pem", USER, PASSWORD)
        for one in kafka.addresses(HOST_SCRAM_PORT).split(","):
            while not await asyncio.to_thread(lets_in, one, **options):
                await asyncio.sleep(0.2)
        yield made
    finally:
        made.close()


def records(about: str) -> list[str]:
    """Lines `key|value`, those of the keys mixed."""
    return [f"{key}|{about}: grün, {number}" for number in range(EACH) for key in KEYS]


def by_key(lines: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    """Values of each key from each writer, in the order of the lines."""
    found = defaultdict(list)
    for line in lines:
        key, _, value = line.partition("|")
        found[key, value.partition(":")[0]].append(value)
    return dict(found)


@pytest.mark.parametrize("place", [TASK, HOST])
@pytest.mark.parametrize("client", CLIENTS, ids=lambda one: one.name)
async def test_what_is_produced_is_consumed_whole_and_in_order(
    stand: Stand, client: Client, place: str
) -> None:
    topic = await stand.kafka.topic(3)
    ways = [stand.way(place, protocol) for protocol in PROTOCOLS]
    sent = {way.protocol: records(way.protocol) for way in ways}
    await asyncio.gather(*(stand.produce(client, way, topic, sent[way.protocol]) for way in ways))
    everything = [line for lines in sent.values() for line in lines]
    found = await asyncio.gather(*(stand.consume(client, way, topic, len(everything)) for way in ways))
    for way, lines in zip(ways, found, strict=True):
        assert len(lines) == len(everything), way
        assert by_key(lines) == by_key(everything), way


async def test_clients_read_each_others_records(stand: Stand) -> None:
    topic = await stand.kafka.topic(2)
    task, host = stand.way(TASK, "SASL_SSL"), stand.way(HOST, "SSL")
    for client in CLIENTS:
        await stand.produce(client, task, topic, records(client.name))
    everything = [line for client in CLIENTS for line in records(client.name)]
    found = await asyncio.gather(*(stand.consume(one, host, topic, len(everything)) for one in CLIENTS))
    for client, lines in zip(CLIENTS, found, strict=True):
        assert by_key(lines) == by_key(everything), client.name


async def test_kafkas_own_tools_manage_topics_and_groups(stand: Stand) -> None:
    name, group = f"{await stand.kafka.topic()}.made", "tools"
    way = stand.way(TASK, "SSL")
    await stand.kafkas(way, "kafka-topics", "--create", "--topic", name, "--partitions", "2")
    seen = await stand.kafka.until(lambda seen: name in seen.topics)
    assert len(seen.topics[name].partitions) == 2
    await stand.produce(KCAT, way, name, records("first"))
    words = ("--topic", name, "--group", group, "--from-beginning", "--max-messages", str(EACH * len(KEYS)))
    await stand.kafkas(way, "kafka-console-consumer", *words)
    await stand.produce(KCAT, way, name, records("later")[:7])
    described = await stand.kafkas(way, "kafka-consumer-groups", "--describe", "--group", group)
    assert sum(lags(described, name)) == 7, described
    wish = ("--group", group, "--topic", name, "--reset-offsets", "--to-earliest", "--execute")
    reset = await stand.kafkas(way, "kafka-consumer-groups", *wish)
    # 3.9 prints no ends of lines here.
    assert re.findall(rf"{re.escape(name)}\s+\d+\s+(\d+)", reset) == ["0", "0"], reset
    described = await stand.kafkas(way, "kafka-consumer-groups", "--describe", "--group", group)
    assert sum(lags(described, name)) == EACH * len(KEYS) + 7, described


def lags(table: str, topic: str) -> list[int]:
    """The lag of each partition, in what kafka-consumer-groups prints."""
    rows = [line.split() for line in table.splitlines() if line.strip()]
    head = next(row for row in rows if "TOPIC" in row and "LAG" in row)
    return [int(row[head.index("LAG")]) for row in rows if row[head.index("TOPIC")] == topic]


async def test_kafkas_performance_tools_lose_nothing(stand: Stand) -> None:
    topic, count = await stand.kafka.topic(3), "20000"
    way = stand.way(HOST, "SASL_SSL")
    sizes = ("--topic", topic, "--num-records", count, "--record-size", "100", "--throughput", "-1")
    server = ("--producer-props", f"bootstrap.servers={way.servers}", "--producer.config", way.properties)
    told = await stand.run(HOST, True, ("kafka-producer-perf-test.sh", *sizes, *server))
    assert f"{count} records sent" in told, told
    words = ("--topic", topic, "--messages", count, "--timeout", "30000", "--hide-header")
    told = await stand.kafkas(way, "kafka-consumer-perf-test", *words)
    assert told.split(", ")[4] == count, told
