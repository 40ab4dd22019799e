"""Kafka as the shop's services use it: publishing that is acknowledged, and looking at all of a topic."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

AGAIN = 10.0
"""Seconds after which a topic is asked for new partitions."""
ACKNOWLEDGED = 8.0
"""Seconds that brokers may take to acknowledge an event."""


def settings() -> dict[str, Any]:
    """What a Kafka client has to know, from the variables that `produces` and `consumes` set."""
    protocol = os.environ.get("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")
    said: dict[str, Any] = {
        "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        "security.protocol": protocol,
    }
    authority = os.environ.get("KAFKA_CA", "system")
    if protocol != "PLAINTEXT" and authority != "system":
        said["ssl.ca.pem"] = authority
    if protocol.startswith("SASL"):
        said["sasl.mechanism"] = os.environ.get("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
        said["sasl.username"] = os.environ["KAFKA_USERNAME"]
        said["sasl.password"] = os.environ["KAFKA_PASSWORD"]
    return said


class Publisher:
    """Writes events. Each is in Kafka exactly once when `publish` returns."""

    def __init__(self) -> None:
        kept = {"enable.idempotence": True, "linger.ms": 5, "delivery.timeout.ms": int(ACKNOWLEDGED * 1000)}
        self._producer = Producer(settings() | kept)
        threading.Thread(target=self._poll, daemon=True).start()

    def publish(self, topic: str, key: str, event: dict[str, Any]) -> None:
        """Return when all in-sync replicas have the event; OSError when they do not say so in time."""
        told = threading.Event()
        errors: list[KafkaError] = []

        def hear(error: KafkaError | None, _: Any) -> None:
            errors.extend([error] if error else [])
            told.set()

        self._producer.produce(topic, key=key, value=json.dumps(event), on_delivery=hear)
        if not told.wait(ACKNOWLEDGED + 1):
            raise OSError(f"{topic}: nobody acknowledged the event")
        if errors:
            raise OSError(f"{topic}: {errors[0].str()}")

    def _poll(self) -> None:
        while True:
            self._producer.poll(0.1)


class View:
    """All of a topic, kept up to date: how often each key is in it."""

    def __init__(self, topic: str) -> None:
        self.times: dict[str, int] = {}
        self._topic = topic
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            self.times = {}
            try:
                self._follow()
            except (KafkaException, LookupError) as error:
                print(f"{self._topic}: {error}; beginning anew", flush=True)
                time.sleep(1)

    def _follow(self) -> None:
        alone = {"group.id": f"view-{uuid.uuid4()}", "enable.auto.commit": False}
        consumer = Consumer(settings() | alone | {"isolation.level": "read_committed"})
        try:
            found = self._partitions(consumer)
            consumer.assign([TopicPartition(self._topic, number, 0) for number in found])
            looked = time.monotonic()
            while True:
                if time.monotonic() - looked > AGAIN:
                    if self._partitions(consumer) != found:
                        return  # there are more of them: read it all anew
                    looked = time.monotonic()
                for message in consumer.consume(1000, 0.2):
                    if message.error() is None:
                        key = (message.key() or b"").decode(errors="replace")
                        self.times[key] = self.times.get(key, 0) + 1
        finally:
            consumer.close()

    def _partitions(self, consumer: Consumer) -> list[int]:
        return sorted(consumer.list_topics(self._topic, 30).topics[self._topic].partitions)
