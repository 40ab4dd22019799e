"""Topics, lag and events, asked of the brokers themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bambe.cli.cluster import Cluster
from bambe.cli.losses import RETENTION, WEEK, lasting
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble
from bambe.kernel.clock import monotonic

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient

ANSWERS = 10.0
"""Seconds that brokers may take to answer."""
PIECE = 0.3
CHEAP, PATIENCE = 10_000, 1.0
"""Offsets of a topic that are read to count its events, and how long that may take in seconds."""


@dataclass(frozen=True, slots=True)
class TopicLook:
    """A topic: `kept` for a person, how many `events` a reader gets now (not more than that where it is not
    `exact`), services that write and read it."""

    topic: str
    partitions: int
    replication: int
    kept: str
    events: int
    exact: bool
    producers: tuple[str, ...]
    consumers: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a group is behind in the partitions of a topic that one version of its service reads; `version`
    is a task definition, the name of a client that is no task, or "" for partitions that nobody reads."""

    group: str
    topic: str
    version: str
    partitions: int
    behind: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Event:
    """One event, with key and value as text where they are."""

    topic: str
    partition: int
    offset: int
    at: datetime
    key: str
    value: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"at": self.at.isoformat()}


@dataclass(slots=True)
class Reader:
    """A client of the project's brokers."""

    target: Target
    cluster: Cluster

    def topics(self) -> list[TopicLook]:
        """Every topic but Kafka's own, by name."""
        consumer = self._consumer(says_where_it_ends=True)
        found = []
        for name, live in sorted(self.cluster.topics().items()):
            places = _partitions(name, live.partitions)
            spans = {one.partition: consumer.get_watermark_offsets(one, ANSWERS) for one in places}
            kept = lasting(live.configs.get(RETENTION, str(WEEK)))
            count = _count(consumer, name, {one: span for one, span in spans.items() if span})
            who = (self._services("produces", name), self._services("consumes", name))
            found.append(TopicLook(name, live.partitions, live.replication, kept, *count, *who))
        consumer.close()
        return found

    def lag(self) -> list[Lag]:
        """By group, topic and version."""
        from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

        admin, consumer, versions = self._admin(), self._consumer(), self._versions()
        listed = admin.list_consumer_groups(request_timeout=ANSWERS).result()
        if listed.errors:
            raise Trouble(f"some brokers do not say which groups they have: {listed.errors[0]}.")
        groups = _consuming([one.group_id for one in listed.valid])
        described = admin.describe_consumer_groups(groups, request_timeout=ANSWERS) if groups else {}
        found: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for group, future in described.items():
            readers: dict[tuple[str, int], str] = {}
            for member in future.result().members:
                version = versions.get(member.host.lstrip("/"), member.client_id)
                pairs = member.assignment.topic_partitions if member.assignment else ()
                readers |= {(one.topic, one.partition): version for one in pairs}
            wish = [ConsumerGroupTopicPartitions(group)]
            asked = admin.list_consumer_group_offsets(wish, request_timeout=ANSWERS)
            taken = {(one.topic, one.partition): one.offset for one in asked[group].result().topic_partitions}
            for place in sorted({*taken, *readers}):  # of what is read now, nothing may be taken yet
                low, high = consumer.get_watermark_offsets(TopicPartition(*place), ANSWERS)
                behind = high - max(taken.get(place, low), low)
                found[group, place[0], readers.get(place, "")].append(behind)
        consumer.close()
        return [Lag(*key, len(each), sum(each)) for key, each in sorted(found.items())]

    def tail(self, topic: str, from_beginning: bool, follows: bool) -> Iterator[Event]:
        """The topic's events as they come; ends at the newest one unless it `follows`."""
        live = self.cluster.topics().get(topic)
        if live is None:
            raise Trouble(f"there is no topic {topic}: `bambe events topics` lists them.")
        consumer = self._consumer(says_where_it_ends=True)
        ends = {}
        for one in _partitions(topic, live.partitions):
            low, high = consumer.get_watermark_offsets(one, ANSWERS)
            ends[one.partition] = (low if from_beginning else high, high)
        reading = _Reading(consumer, topic, ends)
        while follows or reading.left:
            yield from reading.some()
        consumer.close()

    def produce(self, topic: str, key: str, values: Sequence[bytes]) -> str:
        """Write `values` in order; where the last one is, as PARTITION:OFFSET."""
        from confluent_kafka import Producer

        if topic not in self.cluster.topics():
            raise Trouble(f"there is no topic {topic}: `bambe events topics` lists them.")
        producer = Producer(self.cluster.settings() | {"enable.idempotence": True, **QUIET})
        placed: list[str] = []
        errors: list[str] = []

        def hear(error: Any, message: Any) -> None:
            if error:
                errors.append(error.str())
            else:
                placed.append(f"{message.partition()}:{message.offset()}")

        for value in values:
            while not self._taken(producer, topic, value, key, hear):
                producer.poll(PIECE)  # as many wait as the library holds: those go first
            producer.poll(0)
        left = len(producer)
        while left and (still := producer.flush(ANSWERS)) < left:
            left = still
        if errors or len(producer):
            why = errors[0] if errors else "the brokers do not answer"
            raise Trouble(f"{topic}: {len(placed):,} of {len(values):,} are written: {why}.")
        return placed[-1]

    def _taken(
        self, producer: Producer, topic: str, value: bytes, key: str, hear: Callable[[Any, Any], None]
    ) -> bool:
        """Whether the client holds it now; Trouble for one that it will never send."""
        from confluent_kafka import KafkaException

        try:
            producer.produce(topic, value=value, key=key or None, on_delivery=hear)
        except BufferError:
            return False
        except KafkaException as error:
            raise Trouble(f"{topic}: {error.args[0].str()}.") from None
        return True

    def _services(self, member: str, topic: str) -> tuple[str, ...]:
        services = self.target.project.services.items()
        return tuple(name for name, service in services if topic in getattr(service, member))

    def _versions(self) -> dict[str, str]:
        """Task definition by a task's address."""
        ecs, found = self.target.client("ecs"), {}
        for page in ecs.get_paginator("list_tasks").paginate(cluster=self.target.cluster):
            tasks = page["taskArns"]
            described = ecs.describe_tasks(cluster=self.target.cluster, tasks=tasks)["tasks"] if tasks else []
            for task in described:
                for container in task["containers"]:
                    for one in container.get("networkInterfaces", ()):
                        found[one["privateIpv4Address"]] = task["taskDefinitionArn"].rsplit("/", 1)[-1]
        return found

    def _admin(self) -> AdminClient:
        from confluent_kafka.admin import AdminClient

        return AdminClient(self.cluster.settings() | QUIET)

    def _consumer(self, says_where_it_ends: bool = False) -> Consumer:
        """One that reads beside everybody else: it joins no group and commits nothing."""
        from confluent_kafka import Consumer

        alone = {"group.id": "bambe-cli", "enable.auto.commit": False, "isolation.level": "read_committed"}
        ends = {"enable.partition.eof": says_where_it_ends}
        return Consumer(self.cluster.settings() | alone | ends | QUIET)


class _Reading:
    """The events of a topic's partitions (number -> begin, end), in pieces; `left` are those of which not
    everything before the end has come."""

    def __init__(self, consumer: Consumer, topic: str, ends: Mapping[int, tuple[int, int]]) -> None:
        self._consumer = consumer
        self._topic = topic
        self._ends = ends
        self._consumer.assign([_at(one, ends[one.partition][0]) for one in _places(topic, ends)])
        # What is counted is partitions: an offset may also be where a transaction ended, and no event.
        self.left = {number for number, (begin, end) in ends.items() if begin < end}

    def some(self) -> Iterator[Event]:
        """Those that come within a moment."""
        for message in self._consumer.consume(100, PIECE):
            if (error := message.error()) and not _is_end(error):
                raise Trouble(f"{self._topic}: {error.str()}.")
            if error:
                self.left.discard(message.partition())
                continue
            event = _event(message)
            if event.offset >= self._ends[event.partition][1] - 1:
                self.left.discard(event.partition)
            yield event


def _count(consumer: Consumer, topic: str, spans: Mapping[int, tuple[int, int]]) -> tuple[int, bool]:
    """How many events a reader gets, counted by reading them; where these are many, only the offsets there
    are, which are not all events: compaction leaves gaps, and transactions write where they end."""
    offsets = sum(high - low for low, high in spans.values())
    if not 0 < offsets <= CHEAP:
        return offsets, not offsets
    reading, found, until = _Reading(consumer, topic, spans), 0, monotonic() + PATIENCE
    while reading.left and monotonic() < until:
        found += sum(one.offset < spans[one.partition][1] for one in reading.some())
    return (offsets, False) if reading.left else (found, True)


QUIET: dict[str, Any] = {"log_level": 2}
"""Only what is critical is worth a line on a person's terminal."""


def _consuming(groups: Sequence[str]) -> list[str]:
    """Without views of a whole topic, and without `<group>@<release>`, which only keeps offsets."""
    kept = {one for one in groups if one.rpartition("@")[0] in groups}
    return [one for one in groups if one not in kept and not one.startswith("view-")]


def _partitions(topic: str, number: int) -> list[TopicPartition]:
    return _places(topic, range(number))


def _places(topic: str, numbers: Iterable[int]) -> list[TopicPartition]:
    from confluent_kafka import TopicPartition

    return [TopicPartition(topic, one) for one in numbers]


def _is_end(error: KafkaError) -> bool:
    from confluent_kafka import KafkaError

    return bool(error.code() == KafkaError._PARTITION_EOF)


def _at(one: TopicPartition, offset: int) -> TopicPartition:
    one.offset = offset
    return one


def _event(message: Any) -> Event:
    _, milliseconds = message.timestamp()
    key, value = ((data or b"").decode(errors="replace") for data in (message.key(), message.value()))
    at = datetime.fromtimestamp(max(0, milliseconds) / 1000, UTC)
    return Event(message.topic(), message.partition(), message.offset(), at, key, value)
