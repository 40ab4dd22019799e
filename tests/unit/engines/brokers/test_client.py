"""Kafka's errors as the house's, and credentials as ZooKeeper keeps them."""

from __future__ import annotations

import base64
from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import UserScramCredentialUpsertion

from bambe.engines.brokers import Topic
from bambe.engines.brokers.client import Client, engine_error
from bambe.engines.brokers.port import PartitionSeen, TopicSeen
from bambe.engines.brokers.versions import VERSIONS, find, offered, upgrades
from bambe.engines.brokers.zookeeper import credential, node_name
from bambe.engines.images.kafka import kafka_ingredients
from bambe.kernel.errors import Conflict, EngineError, NotThere, Refused, Unavailable


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("UNKNOWN_TOPIC_OR_PART", NotThere),
        ("TOPIC_ALREADY_EXISTS", Conflict),
        ("_TRANSPORT", Unavailable),
        ("NOT_CONTROLLER", Unavailable),
        ("INVALID_REPLICATION_FACTOR", Unavailable),
        ("INVALID_CONFIG", Refused),
        ("POLICY_VIOLATION", Refused),
    ],
)
def test_errors_are_the_houses(name: str, kind: type[EngineError]) -> None:
    assert type(engine_error(name, "in Kafka's words")) is kind


class OldNews(Client):
    """Asks a broker that believes in two partitions; the controller knows better, and refuses with `code`."""

    def __init__(self, code: int) -> None:
        self._error, self._admin = KafkaException, self  # type: ignore[assignment]
        self.code = code

    def _topic(self, name: str) -> TopicSeen:
        return TopicSeen(name, tuple(PartitionSeen(n, 1, (1,), (1,)) for n in range(2)))

    def create_partitions(self, more: Any, **options: Any) -> dict[str, Future[None]]:
        answer: Future[None] = Future()
        answer.set_exception(KafkaException(KafkaError(self.code)))
        return {"orders": answer}


def test_a_broker_with_old_news_of_a_topic_leads_to_another_try_not_to_a_refusal() -> None:
    with pytest.raises(Unavailable, match="do not agree yet"):
        OldNews(KafkaError.INVALID_PARTITIONS).apply_topic(Topic("orders", 3))
    with pytest.raises(Refused):
        OldNews(KafkaError.POLICY_VIOLATION).apply_topic(Topic("orders", 3))


class Latecomer(Client):
    """Lists the users that `listed` says; deleting one that is not `there` is refused, as Kafka does it."""

    def __init__(self, listed: set[str], there: set[str]) -> None:
        self._error, self._admin = KafkaException, self  # type: ignore[assignment]
        self.listed, self.there = listed, there

    def describe_user_scram_credentials(self, **options: Any) -> Future[dict[str, Any]]:
        answer: Future[dict[str, Any]] = Future()
        answer.set_result(dict.fromkeys(self.listed))
        return answer

    def alter_user_scram_credentials(self, changes: Any, **options: Any) -> dict[str, Future[None]]:
        answers: dict[str, Future[None]] = {}
        for change in changes:
            answer = answers[change.user] = Future()
            if isinstance(change, UserScramCredentialUpsertion):
                self.there.add(change.user)
            elif change.user in self.there:
                self.there.discard(change.user)
            else:
                answer.set_exception(KafkaException(KafkaError(KafkaError.RESOURCE_NOT_FOUND)))
                continue
            answer.set_result(None)
        return answers


def test_a_user_whom_a_broker_with_old_news_still_lists_is_gone() -> None:
    client = Latecomer({"ann", "ben"}, {"ann"})
    client.apply_users({"cas": "three"}, {}, ["ann"])
    assert client.there == {"ann", "cas"}


def test_a_user_whom_a_broker_with_old_news_does_not_list_yet_is_taken_away() -> None:
    client = Latecomer(set(), {"ann", "ben"})
    client.apply_users({"ann": "one"}, {"ann": "one", "ben": "two"})
    assert client.there == {"ann"}


def test_a_credential_is_rfc_7677s_with_sha_512() -> None:

    salt = base64.b64decode("MXp6bWxkZGtrZDFhbzFrNDBmOXh5dGd0dmk=")
    fields = dict(one.split("=", 1) for one in credential("alice-secret", salt).split(","))
    assert fields["salt"] == "MXp6bWxkZGtrZDFhbzFrNDBmOXh5dGd0dmk="
    assert fields["iterations"] == "4096"
    assert {len(base64.b64decode(fields[name])) for name in ("stored_key", "server_key")} == {64}


def test_a_users_name_is_one_part_of_a_path() -> None:
    assert node_name("a/b c@d*") == "a%2Fb%20c%40d%2A"


def test_every_version_that_is_offered_has_its_jars() -> None:
    assert {one.apache for one in offered()} == {"2.6.1", "3.9.2", "4.1.2"}
    for one in offered():
        assert kafka_ingredients(one.apache)
    with pytest.raises(NotThere, match=r"no Apache Kafka 1\.0\.0: take one of 2\.6\.1, 3\.9\.2, 4\.1\.2"):
        kafka_ingredients("1.0.0")


def test_versions_are_named_once_and_end_after_their_release() -> None:
    assert len({one.name for one in VERSIONS}) == len(VERSIONS)
    assert all(one.ends is None or one.ends > one.released for one in VERSIONS)
    assert find("2.6.1") is not None
    assert find("0.8") is None


def test_upgrades_lead_forward_and_never_from_zookeeper() -> None:
    assert [one.name for one in upgrades("3.9.x")] == ["4.1.x.kraft"]
    assert upgrades("2.6.1") == upgrades("4.1.x.kraft") == upgrades("nothing") == ()
