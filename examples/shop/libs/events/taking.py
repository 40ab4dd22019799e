"""Taking every event once."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Callable
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from seats import Seat, Seats

from events import settings

HANGS = 30.0
"""Seconds after which a transaction will not end any more: the library can wait for ever for a broker that
was begun anew, whatever limit it is given (librdkafka's issues 5456 and 5511). Then the task ends, the broker
gives the transaction up, and the next task takes the events."""
SESSION = 10_000
"""Milliseconds after which others take over from a task that is gone."""
AT_ONCE = 200
"""Events in a transaction."""


class Taker:
    """Takes every event of a topic once, however often tasks of its group come and go, and as many of them as
    a release gives this task (`seats`).

    What `handle` makes of an event is written to another topic in the same transaction that says the event
    was taken: both are there or neither is. An event that `handle` cannot make anything of goes to the topic
    `dead`, as it is, and holds nobody up.
    """

    def __init__(
        self, source: str, target: str, dead: str, handle: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        self._source, self._target, self._dead, self._handle = source, target, dead, handle
        self._seats = Seats(self._take, settings())

    def stop(self) -> None:
        """Finish what was begun and leave the group, so that others go on at once."""
        self._seats.stop()

    def _take(self, seat: Seat) -> None:
        """Until told to stop, or something goes wrong: then nothing of the last transaction is there."""
        consumer = Consumer(
            settings()
            | {
                "group.id": os.environ["KAFKA_GROUP"],
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "session.timeout.ms": SESSION,
                "enable.auto.commit": False,
                "heartbeat.interval.ms": 1000,
            }
        )
        mine = {"transactional.id": f"{os.environ['KAFKA_GROUP']}-{uuid.uuid4()}"}
        producer = Producer(settings() | mine | {"transaction.timeout.ms": 10_000})
        try:
            producer.init_transactions(30)
            # With a callback, partitions go only while `consume` is called: never amid a transaction.
            consumer.subscribe([self._source], on_revoke=lambda *_: None)
            with seat.watching(consumer):
                while not seat.ended:
                    self._once(consumer, producer, seat)
        finally:
            consumer.close()

    def _once(self, consumer: Consumer, producer: Producer, seat: Seat) -> None:
        messages = consumer.consume(AT_ONCE, 0.2)
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
        if not messages:
            return
        made = [self._made_of(message) for message in messages]
        hangs = threading.Timer(HANGS, os._exit, (1,))
        hangs.daemon = True
        hangs.start()
        try:
            _transact(consumer, producer, made, _after(messages))
        finally:
            hangs.cancel()
        dead = sum(one["topic"] == self._dead for one in made)
        seat.count(handled=len(made) - dead, dead=dead)

    def _made_of(self, message: Any) -> dict[str, Any]:
        try:
            made = self._handle(json.loads(message.value()))
        except (ValueError, TypeError, LookupError) as error:
            print(f"{message.topic()}: {message.key()!r} is no event of ours: {error!r}", flush=True)
            why = [("reason", repr(error).encode())]
            return {"topic": self._dead, "key": message.key(), "value": message.value(), "headers": why}
        return {"topic": self._target, "key": message.key(), "value": json.dumps(made)}


def _transact(
    consumer: Consumer, producer: Producer, made: list[dict[str, Any]], after: list[TopicPartition]
) -> None:
    producer.begin_transaction()
    try:
        for one in made:
            producer.produce(**one)
        producer.send_offsets_to_transaction(after, consumer.consumer_group_metadata())
        producer.commit_transaction()
    except KafkaException:
        producer.abort_transaction()
        raise


def _after(messages: list[Any]) -> list[TopicPartition]:
    """Where each partition goes on after these messages."""
    newest = {(one.topic(), one.partition()): one.offset() for one in messages}
    return [TopicPartition(topic, partition, offset + 1) for (topic, partition), offset in newest.items()]
