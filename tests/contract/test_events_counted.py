"""`bambe events topics` on real Kafka: what it counts is what a reader gets."""

from __future__ import annotations

import asyncio
import secrets
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import Producer

from bambe.cli.events import Reader
from bambe.cli.topics import LiveTopic
from bambe.engines.brokers.port import HOST_PLAINTEXT_PORT
from tests.contract.kafka import QUIET, Running

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]


def write(servers: str, topic: str, number: int) -> None:
    """Each in a transaction of its own, and one that is taken back."""
    said = {"bootstrap.servers": servers, "transactional.id": secrets.token_hex(4), **QUIET}
    producer = Producer(said)
    producer.init_transactions(30)
    for one in range(number + 1):
        producer.begin_transaction()
        producer.produce(topic, str(one))
        if one < number:
            producer.commit_transaction(30)
        else:
            producer.flush(30)
            producer.abort_transaction(30)


async def test_ends_of_transactions_and_what_was_taken_back_are_no_events(kafka: Running) -> None:
    name, servers = await kafka.topic(3), kafka.addresses(HOST_PLAINTEXT_PORT)
    await asyncio.to_thread(write, servers, name, 17)
    cluster: Any = SimpleNamespace(
        topics=lambda: {name: LiveTopic(3, 1)},
        brokers_settings=dict,
        settings=lambda: {"bootstrap.servers": servers},
    )
    target: Any = SimpleNamespace(project=SimpleNamespace(services={}))
    (found,) = await asyncio.to_thread(Reader(target, cluster).topics)
    assert (found.events, found.exact) == (17, True)
