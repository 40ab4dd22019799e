"""Kafka as the shop's services use it: publishing that is acknowledged, and taking every event once."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Callable
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

ACKNOWLEDGED = 8.0
"""Seconds that brokers may take to acknowledge an event."""
HANGS = 30.0
"""Seconds after which a transaction will not end any more: the library can wait for ever for a broker that
was begun anew, whatever limit it is given (librdkafka's issues 5456 and 5511). Then the task ends, the broker
gives the transaction up, and the next task takes the events."""
SESSION = 10_000
"""Milliseconds after which others take over from a task that is gone."""
AT_ONCE = 200
"""Events in a transaction."""


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


class Taker:
    """Takes every event of a topic once, however often tasks of its group come and go.

    What `handle` makes of an event is written to another topic in the same transaction that says the event
    was taken: both are there or neither is. An event that `handle` cannot make anything of goes to the topic
    `dead`, as it is, and holds nobody up.
    """

    def __init__(
        self, source: str, target: str, dead: str, handle: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        self._source, self._target, self._dead, self._handle = source, target, dead, handle
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        """Finish what was begun and leave the group, so that others go on at once."""
        self._stop.set()
        self._thread.join(20)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._take()
            except KafkaException as error:
                print(f"{self._source}: {error.args[0].str()}; beginning anew", flush=True)
                self._stop.wait(1)

    def _take(self) -> None:
        """Until told to stop, or something goes wrong: then nothing of the last transaction is there."""
        consumer = Consumer(
            settings()
            | {
                "group.id": os.environ["KAFKA_GROUP"],
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "session.timeout.ms": SESSION,
                "enable.auto.commit": False,
            }
        )
        mine = {"transactional.id": f"{os.environ['KAFKA_GROUP']}-{uuid.uuid4()}"}
        producer = Producer(settings() | mine | {"transaction.timeout.ms": 10_000})
        try:
            producer.init_transactions(30)
            consumer.subscribe([self._source])
            while not self._stop.is_set():
                self._once(consumer, producer)
        finally:
            consumer.close()

    def _once(self, consumer: Consumer, producer: Producer) -> None:
        messages = consumer.consume(AT_ONCE, 0.2)
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
        if not messages:
            return
        hangs = threading.Timer(HANGS, os._exit, (1,))
        hangs.daemon = True
        hangs.start()
        try:
            self._transact(consumer, producer, messages)
        finally:
            hangs.cancel()

    def _transact(self, consumer: Consumer, producer: Producer, messages: list[Any]) -> None:
        producer.begin_transaction()
        try:
            for message in messages:
                producer.produce(**self._made_of(message))
            producer.send_offsets_to_transaction(_after(messages), consumer.consumer_group_metadata())
            producer.commit_transaction()
        except KafkaException:
            producer.abort_transaction()
            raise

    def _made_of(self, message: Any) -> dict[str, Any]:
        try:
            made = self._handle(json.loads(message.value()))
        except (ValueError, TypeError, LookupError) as error:
            print(f"{message.topic()}: {message.key()!r} is no event of ours: {error!r}", flush=True)
            why = [("reason", repr(error).encode())]
            return {"topic": self._dead, "key": message.key(), "value": message.value(), "headers": why}
        return {"topic": self._target, "key": message.key(), "value": json.dumps(made)}


def _after(messages: list[Any]) -> list[TopicPartition]:
    """Where each partition goes on after these messages."""
    newest = {(one.topic(), one.partition()): one.offset() for one in messages}
    return [TopicPartition(topic, partition, offset + 1) for (topic, partition), offset in newest.items()]


class View:
    """All of a topic, kept up to date: how often each key is in it."""

    def __init__(self, topic: str) -> None:
        self.times: dict[str, int] = {}
        self._topic = topic
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        alone = {"group.id": f"view-{uuid.uuid4()}", "enable.auto.commit": False}
        consumer = Consumer(settings() | alone | {"isolation.level": "read_committed"})
        found = consumer.list_topics(self._topic, 30).topics[self._topic]
        consumer.assign([TopicPartition(self._topic, number, 0) for number in found.partitions])
        while True:
            for message in consumer.consume(1000, 0.2):
                if message.error() is None:
                    key = message.key().decode()
                    self.times[key] = self.times.get(key, 0) + 1
