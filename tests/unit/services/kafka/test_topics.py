"""Topics and configurations."""

from __future__ import annotations

import base64

import pytest

from bambe.engines.brokers.port import Topic
from bambe.services.kafka.properties import SUPPORTED
from tests.unit.services.kafka.conftest import Town, refused


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


async def test_a_topic_is_made_changed_and_deleted(town: Town) -> None:
    arn = await town.cluster()
    one = {"ClusterArn": arn, "TopicName": "orders"}
    made = await town.kafka.create_topic(
        **one, PartitionCount=3, ReplicationFactor=1, Configs=encoded("retention.ms=60000\n")
    )
    assert made["Status"] == "CREATING"
    await town.house.advance(2, 0.5)
    shown = await town.kafka.describe_topic(**one)
    assert (shown["Status"], shown["PartitionCount"]) == ("ACTIVE", 3)
    assert base64.b64decode(shown["Configs"]).decode() == "retention.ms=60000\n"
    parts = (await town.kafka.describe_topic_partitions(**one))["Partitions"]
    assert [part["Leader"] for part in parts] == [1, 1, 1]
    code, message = await refused(town.kafka.update_topic(**one, PartitionCount=2))
    assert (code, "higher than the requested 2" in message) == ("BadRequestException", True)
    await town.kafka.update_topic(**one, PartitionCount=6, Configs="")
    await town.house.advance(2, 0.5)
    shown = await town.kafka.describe_topic(**one)
    assert (shown["PartitionCount"], shown["Configs"]) == (6, "")
    await town.kafka.delete_topic(**one)
    await town.house.advance(2, 0.5)
    assert (await refused(town.kafka.describe_topic(**one)))[0] == "NotFoundException"


async def test_topics_that_clients_make_are_seen_too_and_none_is_made_twice(town: Town) -> None:
    arn = await town.cluster()
    topics = town.house.brokers._topics[arn.rsplit("/", 1)[-1]]
    topics["theirs"] = Topic("theirs", 2, 1)
    await town.house.advance(6, 0.5)
    (shown,) = (await town.kafka.list_topics(ClusterArn=arn))["Topics"]
    assert (shown["TopicName"], shown["PartitionCount"], shown["OutOfSyncReplicaCount"]) == ("theirs", 2, 0)
    again = town.kafka.create_topic(ClusterArn=arn, TopicName="theirs", PartitionCount=1, ReplicationFactor=1)
    assert (await refused(again))[0] == "TopicExistsException"
    del topics["theirs"]
    await town.house.advance(6, 0.5)
    assert (await town.kafka.list_topics(ClusterArn=arn))["Topics"] == []


async def test_what_kafka_refuses_does_not_hold_up_other_topics(town: Town) -> None:
    arn = await town.cluster()
    town.house.brokers.refuses["odd"] = "Unknown topic config name: odd"
    for name in ("odd", "orders"):
        await town.kafka.create_topic(ClusterArn=arn, TopicName=name, PartitionCount=1, ReplicationFactor=1)
    await town.house.advance(6, 0.5)
    orders = await town.kafka.describe_topic(ClusterArn=arn, TopicName="orders")
    assert orders["Status"] == "ACTIVE"
    odd = {"ClusterArn": arn, "TopicName": "odd"}
    said = await refused(town.kafka.describe_topic(**odd))
    assert said == (
        "BadRequestException",
        "The topic odd cannot be created: Unknown topic config name: odd",
    )
    await town.house.advance(130, 5)
    assert (await refused(town.kafka.describe_topic(**odd)))[0] == "NotFoundException"


async def test_a_topic_whose_creation_was_refused_may_be_made_otherwise(town: Town) -> None:
    arn = await town.cluster()
    odd = {"ClusterArn": arn, "TopicName": "odd"}
    town.house.brokers.refuses["odd"] = "no"
    await town.kafka.create_topic(**odd, PartitionCount=1, ReplicationFactor=1)
    await town.house.advance(2, 0.5)
    town.house.brokers.refuses.clear()
    await town.kafka.create_topic(**odd, PartitionCount=2, ReplicationFactor=1)
    await town.house.advance(2, 0.5)
    shown = await town.kafka.describe_topic(**odd)
    assert (shown["Status"], shown["PartitionCount"]) == ("ACTIVE", 2)


async def test_a_refused_change_is_told_and_then_the_topic_is_as_it_was(town: Town) -> None:
    arn = await town.cluster()
    orders = {"ClusterArn": arn, "TopicName": "orders"}
    await town.kafka.create_topic(**orders, PartitionCount=1, ReplicationFactor=1)
    await town.house.advance(2, 0.5)
    town.house.brokers.refuses["orders"] = "Invalid value 1 for configuration segment.ms"
    await town.kafka.update_topic(**orders, Configs=encoded("segment.ms=1\n"))
    await town.house.advance(2, 0.5)
    _, message = await refused(town.kafka.describe_topic(**orders))
    assert message == "The topic orders cannot be changed: Invalid value 1 for configuration segment.ms"
    await town.house.advance(130, 5)
    shown = await town.kafka.describe_topic(**orders)
    assert (shown["Status"], shown["Configs"]) == ("ACTIVE", "")


async def test_a_configuration_has_revisions_and_restarts_the_brokers_that_use_it(town: Town) -> None:
    made = await town.kafka.create_configuration(
        Name="shop", ServerProperties=b"log.retention.hours=24\n", KafkaVersions=["3.9.x"]
    )
    configured = {"Arn": made["Arn"], "Revision": 1}
    arn = await town.cluster(ConfigurationInfo=configured)
    update = await town.kafka.update_configuration(Arn=made["Arn"], ServerProperties=b"log.retention.hours=9")
    assert update["LatestRevision"]["Revision"] == 2
    shown = await town.kafka.describe_configuration_revision(Arn=made["Arn"], Revision=1)
    assert shown["ServerProperties"] == b"log.retention.hours=24\n", "a revision never changes"
    assert town.house.containers.stopped == []
    await town.kafka.update_cluster_configuration(
        **await town.version(arn), ConfigurationInfo={**configured, "Revision": 2}
    )
    await town.house.advance(10, 0.5)
    assert len(town.house.containers.stopped) == 1
    assert (await refused(town.kafka.delete_configuration(Arn=made["Arn"])))[0] == "BadRequestException"


async def test_properties_that_msk_decides_itself_are_refused(town: Town) -> None:
    for text in (b"listeners=PLAINTEXT://:1\n", b"nonsense\n", b"ssl.keystore.location=/x\n"):
        code, _ = await refused(town.kafka.create_configuration(Name="shop", ServerProperties=text))
        assert code == "BadRequestException"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no.such.thing=1", "no.such.thing is not supported"),
        ("auto.leader.rebalance.enable=true", "auto.leader.rebalance.enable is not supported"),
        ("advertised.listeners=PLAINTEXT://:1", "advertised.listeners is not supported"),
        ("replica.lag.time.max.ms=100", "must be between 10000 and 30000"),
        ("zookeeper.session.timeout.ms=no", "must be between 6000 and 18000"),
    ],
)
async def test_a_configuration_sets_only_what_msk_lets_it_set(town: Town, text: str, says: str) -> None:
    said = await refused(town.kafka.create_configuration(Name="shop", ServerProperties=text.encode()))
    assert (said[0], says in said[1]) == ("BadRequestException", True)
    every = "".join(f"{name}={15000}\n" for name in sorted(SUPPORTED))
    await town.kafka.create_configuration(Name="every", ServerProperties=every.encode())


async def test_users_who_cannot_set_acls_are_not_shut_out_by_a_configuration(town: Town) -> None:
    made = await town.kafka.create_configuration(
        Name="shop", ServerProperties=b"allow.everyone.if.no.acl.found=false\n"
    )
    configured = {"Arn": made["Arn"], "Revision": 1}
    scram = {"Unauthenticated": {"Enabled": False}, "Sasl": {"Scram": {"Enabled": True}}}
    says = "no SASL/SCRAM user could do anything"
    begun = town.begin(ConfigurationInfo=configured, ClientAuthentication=scram)
    assert says in (await refused(begun))[1]
    arn = await town.cluster(ConfigurationInfo=configured)
    changed = town.kafka.update_security(**await town.version(arn), ClientAuthentication=scram)
    assert says in (await refused(changed))[1]
    assert (await town.shown(arn))["State"] == "ACTIVE"
    other = await town.cluster(ClusterName="other", ClientAuthentication=scram)
    taken = town.kafka.update_cluster_configuration(**await town.version(other), ConfigurationInfo=configured)
    assert says in (await refused(taken))[1]


async def test_versions_past_their_end_are_deprecated(town: Town) -> None:
    versions = (await town.kafka.list_kafka_versions())["KafkaVersions"]
    status = {one["Version"]: one["Status"] for one in versions}
    assert status["2.6.1"] == "DEPRECATED"
    assert status["4.1.x.kraft"] == "ACTIVE"
