"""A group's offsets, kept at the beginning of a release and put back after it, in real Kafka."""

from __future__ import annotations

import contextlib
import secrets
import time

import pytest
from confluent_kafka import OFFSET_INVALID, Consumer, KafkaException, TopicPartition
from seats.offsets import Offsets

from bambe.engines.brokers.port import HOST_PLAINTEXT_PORT
from tests.contract.kafka import Running

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]


def committed(consumer: Consumer, topic: str) -> list[int]:
    for _ in range(60):
        with contextlib.suppress(KafkaException):  # the first group of a cluster has to wait for its topic
            return [one.offset for one in consumer.committed([TopicPartition(topic, n) for n in (0, 1)], 10)]
        time.sleep(0.5)
    raise AssertionError("no group can be asked")


async def test_offsets_come_back_once_nobody_is_in_the_group(kafka: Running) -> None:
    topic, group = await kafka.topic(partitions=2), f"g{secrets.token_hex(4)}"
    settings = {"bootstrap.servers": kafka.addresses(HOST_PLAINTEXT_PORT)}
    offsets = Offsets(group, settings)
    assert offsets.partitions([topic]) == 2
    consumer = Consumer({**settings, "group.id": group, "enable.auto.commit": False})
    try:
        assert committed(consumer, topic) == [OFFSET_INVALID] * 2  # groups work now, the first one's too
        offsets.keep("d-NOTHING")
        assert offsets.kept() == [], "a group that has taken nothing has nothing to return to"
        consumer.commit(
            offsets=[TopicPartition(topic, 0, 5), TopicPartition(topic, 1, 7)], asynchronous=False
        )
        offsets.keep("d-1")
        consumer.commit(offsets=[TopicPartition(topic, 0, 9)], asynchronous=False)
        offsets.keep("d-1")
        assert offsets.kept() == ["d-1"]
        assert committed(consumer, topic) == [9, 7]
        consumer.subscribe([topic])
        while not consumer.assignment():
            consumer.poll(0.2)
        assert not offsets.put_back("d-1"), "somebody is in the group"
    finally:
        consumer.close()
    assert offsets.put_back("d-1")
    again = Consumer({**settings, "group.id": group, "enable.auto.commit": False})
    try:
        assert committed(again, topic) == [5, 7]
    finally:
        again.close()
    offsets.forget("d-1")
    assert offsets.kept() == []
