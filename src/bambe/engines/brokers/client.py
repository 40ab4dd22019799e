"""The running cluster through its internal listener, by confluent-kafka; blocking, so used in threads.

The library is imported at first use, which is in a process of its own: see beside.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bambe.engines.brokers import guard
from bambe.engines.brokers.port import (
    ClusterSeen,
    PartitionSeen,
    Topic,
    TopicSeen,
)
from bambe.kernel.errors import Conflict, EngineError, NotThere, Refused, Unavailable

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, KafkaException
    from confluent_kafka.admin import AdminClient, ClusterMetadata

T = TypeVar("T")
TIMEOUT = 10.0
"""Seconds a cluster has for an answer."""
ITERATIONS = 4096


class Interrupted(Unavailable):
    """The library replaced a connection (to a broker it knew by address only): ask again at once."""


class Client:
    """One cluster. `servers` as bootstrap.servers; the three files are PEM."""

    def __init__(self, servers: str, authority: Path, certificate: Path, key: Path) -> None:
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        self._error: type[KafkaException] = KafkaException
        self._admin: AdminClient = AdminClient(
            {
                "bootstrap.servers": servers,
                "client.id": "bambe",
                "security.protocol": "ssl",
                "ssl.ca.location": str(authority),
                "ssl.certificate.location": str(certificate),
                "ssl.key.location": str(key),
                "broker.address.family": "v4",
                "socket.timeout.ms": int(TIMEOUT * 1000),
                "reconnect.backoff.max.ms": 1000,
                "topic.metadata.refresh.interval.ms": -1,
                "log_level": 0,
            }
        )

    def seen(self) -> ClusterSeen:
        """Brokers and topics."""
        metadata = self._try(lambda: self._admin.list_topics(timeout=TIMEOUT))
        topics = self._topics(metadata)
        return ClusterSeen(tuple(sorted(metadata.brokers)), max(0, metadata.controller_id), topics)

    def apply_topic(self, topic: Topic) -> None:
        """Create or change a topic; see `Brokers.apply_topic`."""
        there = self._topic(topic.name)
        if there is None:
            self._create(topic)
            return
        count = len(there.partitions)
        if topic.partitions < count:
            raise Refused(f"The topic {topic.name} has {count} partitions: a topic cannot be given fewer.")
        if topic.replication not in (0, there.replication):
            raise Refused(
                f"The topic {topic.name} has {there.replication} replicas: a topic keeps as many as it has."
            )
        if topic.partitions > count:
            self._add_partitions(topic)
        if topic.configs != there.configs:
            self._configure(topic, there.configs)

    def delete_topic(self, name: str) -> None:
        """Delete a topic; gone already is done."""
        try:
            self._wait(self._admin.delete_topics([name], request_timeout=TIMEOUT)[name])
        except NotThere:
            return

    def apply_users(
        self, users: Mapping[str, str], known: Mapping[str, str], kept: Collection[str] = ()
    ) -> None:
        """Let exactly these users in, and those in `kept` as before; `known` were let in before, with these
        passwords. The broker that is asked may not have heard of it: who is gone already is done."""
        from confluent_kafka.admin import (
            ScramCredentialInfo,
            ScramMechanism,
            UserScramCredentialDeletion,
            UserScramCredentialUpsertion,
        )

        # Without names the answer is one future, with names one each.
        described: Any = self._admin.describe_user_scram_credentials(request_timeout=TIMEOUT)
        there = frozenset(self._wait(described))
        gone = there.union(known).difference(users, kept)
        kind = ScramMechanism.SCRAM_SHA_512
        info = ScramCredentialInfo(kind, ITERATIONS)
        changes = [
            *(
                UserScramCredentialUpsertion(name, info, password.encode())
                for name, password in sorted(users.items())
                if name not in there or known.get(name) != password
            ),
            *(UserScramCredentialDeletion(name, kind) for name in sorted(gone)),
        ]
        if changes:
            answers = self._admin.alter_user_scram_credentials(changes, request_timeout=TIMEOUT)
            self._wait_all({name: answer for name, answer in answers.items() if name not in gone})
            for name in gone:
                with contextlib.suppress(NotThere):
                    self._wait(answers[name])

    def guard(self, closed: bool) -> None:
        """Keep what concerns the whole cluster from all but the authority, or (not `closed`) from nobody."""
        if closed:
            self._wait_all(self._admin.create_acls(guard.left_to_all(), request_timeout=TIMEOUT))
        else:
            ours = [guard.as_filter(one) for one in guard.left_to_all()]
            self._wait_all(self._admin.delete_acls(ours, request_timeout=TIMEOUT))

    def _topic(self, name: str) -> TopicSeen | None:
        metadata = self._try(lambda: self._admin.list_topics(timeout=TIMEOUT))
        return self._topics(metadata, name).get(name)

    def _topics(self, metadata: ClusterMetadata, only: str = "") -> dict[str, TopicSeen]:
        there = {
            name: one.partitions
            for name, one in sorted(metadata.topics.items())
            if one.error is None and only in ("", name)
        }
        configs = self._configs(there)
        return {
            name: TopicSeen(
                name,
                tuple(_partition(one) for _, one in sorted(partitions.items())),
                configs.get(name, {}),
                name.startswith("__"),
            )
            for name, partitions in there.items()
        }

    def _create(self, topic: Topic) -> None:
        from confluent_kafka.admin import NewTopic

        new = NewTopic(topic.name, topic.partitions, topic.replication or -1, config=dict(topic.configs))
        self._wait_all(self._admin.create_topics([new], request_timeout=TIMEOUT, operation_timeout=TIMEOUT))

    def _add_partitions(self, topic: Topic) -> None:
        from confluent_kafka.admin import NewPartitions

        more = [NewPartitions(topic.name, topic.partitions)]
        answers = self._admin.create_partitions(more, request_timeout=TIMEOUT, operation_timeout=TIMEOUT)
        try:
            self._wait_all(answers)
        except Refused as refused:
            if _kafkas_name(refused) != "INVALID_PARTITIONS":
                raise
            # It has as many or more: the broker that was asked first had not heard of it yet.
            raise Unavailable(
                f"The brokers do not agree yet how many partitions {topic.name} has."
            ) from refused

    def _configure(self, topic: Topic, there: Mapping[str, str]) -> None:
        from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

        settings = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in sorted(topic.configs.items())
            if there.get(name) != value
        ]
        defaults = [
            ConfigEntry(name, None, incremental_operation=AlterConfigOpType.DELETE)
            for name in sorted(there)
            if name not in topic.configs
        ]
        resource = ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=[*settings, *defaults])
        self._wait_all(self._admin.incremental_alter_configs([resource], request_timeout=TIMEOUT))

    def _configs(self, topics: Iterable[str]) -> dict[str, dict[str, str]]:
        """Settings of the topics themselves; a topic that went meanwhile is left out."""
        from confluent_kafka.admin import ConfigResource, ConfigSource, ResourceType

        asked = [ConfigResource(ResourceType.TOPIC, name) for name in topics]
        if not asked:
            return {}
        own = ConfigSource.DYNAMIC_TOPIC_CONFIG.value
        found: dict[str, dict[str, str]] = {}
        for resource, answer in self._admin.describe_configs(asked, request_timeout=TIMEOUT).items():
            try:
                entries = self._wait(answer)
            except NotThere:
                continue
            found[resource.name] = {
                name: entry.value or "" for name, entry in sorted(entries.items()) if entry.source == own
            }
        return found

    def _wait_all(self, answers: Mapping[Any, Future[Any]]) -> None:
        for answer in answers.values():
            self._wait(answer)

    def _wait(self, answer: Future[T]) -> T:
        return self._try(lambda: answer.result(TIMEOUT * 2))

    def _try(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except self._error as raised:
            raise self._as_engine_error(raised.args[0]) from raised
        except TimeoutError as raised:
            raise Unavailable("Kafka does not answer.") from raised

    def _as_engine_error(self, error: KafkaError) -> EngineError:
        return engine_error(error.name(), error.str(), error.retriable())


MISSING = ("UNKNOWN_TOPIC_OR_PART", "GROUP_ID_NOT_FOUND", "RESOURCE_NOT_FOUND")
"""Kafka's errors (librdkafka's spelling) that say something is not there."""
TAKEN = ("TOPIC_ALREADY_EXISTS", "DUPLICATE_RESOURCE")
LATER = (
    *("REQUEST_TIMED_OUT", "BROKER_NOT_AVAILABLE", "LEADER_NOT_AVAILABLE", "NETWORK_EXCEPTION"),
    *("NOT_LEADER_FOR_PARTITION", "NOT_CONTROLLER", "NOT_COORDINATOR", "NOT_COORDINATOR_FOR_GROUP"),
    *("COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS", "REASSIGNMENT_IN_PROGRESS"),
    *("INVALID_REPLICATION_FACTOR",),  # with enough brokers: one is down
    *("GROUP_COORDINATOR_NOT_AVAILABLE", "GROUP_LOAD_IN_PROGRESS", "THROTTLING_QUOTA_EXCEEDED"),
)


def engine_error(name: str, message: str, retriable: bool = False) -> EngineError:
    """A Kafka error by its name; names with "_" first are the client's own (no connection, no answer)."""
    if name in MISSING:
        return NotThere(f"Kafka: {message}")
    if name in TAKEN:
        return Conflict(f"Kafka: {message}")
    if name == "_DESTROY_BROKER":
        return Interrupted(f"Kafka: {message}")
    if retriable or name in LATER or name.startswith("_"):
        return Unavailable(f"Kafka: {message}")
    return Refused(f"Kafka: {message}")


def _kafkas_name(error: EngineError) -> str:
    """The name of the Kafka error behind one of the house's."""
    cause = error.__cause__
    return str(cause.args[0].name()) if cause is not None and cause.args else ""


def _partition(seen: Any) -> PartitionSeen:
    return PartitionSeen(
        seen.id, max(0, seen.leader), tuple(seen.replicas), tuple(sorted(set(seen.isrs) & set(seen.replicas)))
    )
