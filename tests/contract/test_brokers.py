"""Real Kafka: clusters come up, keep what they acknowledged, and let in whom they should."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from bambe.engines.brokers import KafkaBrokers, Topic, features
from bambe.engines.brokers.guard import left_to_all
from bambe.engines.brokers.port import (
    HOST_PLAINTEXT_PORT,
    HOST_SCRAM_PORT,
    HOST_TLS_PORT,
    INTERNAL_PORT,
    ZOOKEEPER_PORT,
)
from bambe.engines.brokers.settings import PRINCIPAL
from bambe.engines.brokers.versions import numbers, offered, on_zookeeper
from bambe.kernel.errors import Conflict, NotThere, Refused, Unavailable
from tests.contract.kafka import (
    QUIET,
    Running,
    consume,
    dotted,
    lets_in,
    produce,
    scram,
    trusting,
)

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

EVERY_ACL = (
    *(ResourceType.ANY, None, ResourcePatternType.ANY),
    *(None, None, AclOperation.ANY, AclPermissionType.ANY),
)


@pytest.fixture
def authority(kafka: Running, tmp_path: Path) -> Path:
    """The file that clients of this machine trust."""
    pem = tmp_path / "ca.pem"
    pem.write_text((kafka.state / "kafka" / kafka.cluster.id / "authority/ca.pem").read_text())
    return pem


async def topic(kafka: Running, partitions: int = 1) -> str:
    return await kafka.topic(partitions)


async def test_it_comes_up(kafka: Running) -> None:
    assert kafka.up_after < 60
    seen = await kafka.brokers.seen(kafka.cluster)
    assert seen.brokers == tuple(range(1, kafka.count + 1))
    assert seen.controller in seen.brokers
    assert seen.under_replicated == 0
    assert (await kafka.brokers.authority(kafka.cluster.id)).startswith("-----BEGIN CERTIFICATE-----")


async def test_topics_become_as_wished_for(kafka: Running) -> None:
    brokers, cluster = kafka.brokers, kafka.cluster
    wish = Topic("orders.v1", 2, 0, {"retention.ms": "3600000", "cleanup.policy": "compact"})
    for _ in range(2):
        await once_brokers_agree(kafka, wish)
    made = (await kafka.until(lambda seen: wish.name in seen.topics)).topics[wish.name]
    assert (len(made.partitions), made.configs, made.internal) == (2, wish.configs, False)
    assert made.replication == min(3, kafka.count)
    larger = {"max.message.bytes": "2000000"}
    await brokers.apply_topic(cluster, replace(wish, partitions=4, configs=larger))
    await kafka.until(lambda seen: len(seen.topics[wish.name].partitions) == 4)
    await kafka.until(lambda seen: seen.topics[wish.name].configs == larger)  # brokers hear of it one by one

    for refused, why in (
        (replace(wish, partitions=3), "4 partitions"),
        (replace(wish, partitions=4, replication=kafka.count - 1 or 7), "(?i)replica"),
        (replace(wish, partitions=4, configs={"retention.ms": "soon"}), "retention.ms"),
        (Topic("not/a/name", 1), "(?i)invalid|illegal"),
        (Topic("too-many", 1, 9), "replication factor of 9"),
    ):
        with pytest.raises(Refused, match=why):
            await once_brokers_agree(kafka, refused)
    for _ in range(2):
        await brokers.delete_topic(cluster, wish.name)
    await kafka.until(lambda seen: wish.name not in seen.topics)


async def once_brokers_agree(kafka: Running, topic: Topic) -> None:
    """Apply a topic, again while brokers have not heard of its last change."""
    for _ in range(50):
        try:
            return await kafka.brokers.apply_topic(kafka.cluster, topic)
        except (Unavailable, Conflict):
            await asyncio.sleep(0.2)
    raise AssertionError("the brokers never agreed")


async def test_this_machine_speaks_plain_text_and_tls(kafka: Running, authority: Path) -> None:
    name = await topic(kafka, 3)
    plain, secure = kafka.addresses(HOST_PLAINTEXT_PORT), kafka.addresses(HOST_TLS_PORT)
    values = [f"v{n}" for n in range(200)]
    tls = {"security_protocol": "SSL", "ssl_ca_location": str(authority)}
    assert sorted(await asyncio.to_thread(produce, plain, name, values[:100])) == sorted(values[:100])
    await asyncio.to_thread(produce, secure, name, values[100:], **tls)
    assert sorted(await asyncio.to_thread(consume, secure, name, 200, **tls)) == sorted(values)
    assert sorted(await asyncio.to_thread(consume, plain, name, 200)) == sorted(values)


async def test_users_get_in_with_their_password_and_no_longer_once_removed(
    kafka: Running, authority: Path
) -> None:
    name, servers = await topic(kafka), kafka.addresses(HOST_SCRAM_PORT)
    brokers, cluster = kafka.brokers, kafka.cluster
    users = {"alice": "wonder land", "bob@example.com": "builder=1,2"}
    for _ in range(2):
        await brokers.apply_users(cluster, users)
    for number, (user, password) in enumerate(users.items()):
        await becomes(True, servers, authority, user, password)
        known = scram(authority, user, password)
        assert await asyncio.to_thread(produce, servers, name, [user], **known) == [user]
        assert len(await asyncio.to_thread(consume, servers, name, number + 1, **known)) == number + 1
    await becomes(False, servers, authority, "alice", "wrong")
    await brokers.apply_users(cluster, {"alice": "another"})
    await becomes(True, servers, authority, "alice", "another")
    await becomes(False, servers, authority, "alice", users["alice"])
    await becomes(False, servers, authority, "bob@example.com", users["bob@example.com"])
    await brokers.apply_users(cluster, {"carol": "singing"}, ["alice"])
    await becomes(True, servers, authority, "carol", "singing")
    await becomes(True, servers, authority, "alice", "another")
    await brokers.apply_users(cluster, {})
    await becomes(False, servers, authority, "alice", "another")


async def test_users_have_topics_and_groups_and_the_authority_alone_the_cluster(
    kafka: Running, authority: Path
) -> None:
    name, servers = await topic(kafka), kafka.addresses(HOST_SCRAM_PORT)
    await kafka.brokers.apply_users(kafka.cluster, {"erin": "enters", PRINCIPAL: "pretends"})
    await becomes(True, servers, authority, "erin", "enters")
    await becomes(False, servers, authority, PRINCIPAL, "pretends")
    erin = scram(authority, "erin", "enters")
    once = {**erin, "enable_idempotence": True}
    assert await asyncio.to_thread(produce, servers, name, ["once"], **once) == ["once"]
    assert await asyncio.to_thread(consume, servers, name, 1, **erin) == ["once"]
    admin = AdminClient({"bootstrap.servers": servers, **QUIET, **dotted(erin)})
    assert name in (await asyncio.to_thread(admin.list_topics, timeout=10)).topics
    made = admin.create_topics([NewTopic(f"{name}-of-erin", 1)])[f"{name}-of-erin"]
    await asyncio.to_thread(made.result, 20)
    for taken in left_to_all():
        taken.principal = "User:erin"
        with pytest.raises(KafkaException, match="CLUSTER_AUTHORIZATION_FAILED"):
            await asyncio.to_thread(admin.create_acls([taken])[taken].result, 20)
    if not on_zookeeper(kafka.version):
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        other = admin.alter_user_scram_credentials([UserScramCredentialUpsertion("frank", info, b"forged")])
        with pytest.raises(KafkaException, match="CLUSTER_AUTHORIZATION_FAILED"):
            await asyncio.to_thread(other["frank"].result, 20)


async def test_a_cluster_without_users_is_as_it_was(kafka: Running, authority: Path) -> None:
    plain = AdminClient({"bootstrap.servers": kafka.addresses(HOST_PLAINTEXT_PORT), **QUIET})
    await kafka.brokers.apply_users(kafka.cluster, {"gina": "goes"})
    (mine, *_) = left_to_all()
    mine.principal = "User:somebody"
    with pytest.raises(KafkaException, match="CLUSTER_AUTHORIZATION_FAILED"):
        await asyncio.to_thread(plain.create_acls([mine])[mine].result, 20)
    await kafka.brokers.apply_users(replace(kafka.cluster, scram=False), {})
    await becomes(False, kafka.addresses(HOST_SCRAM_PORT), authority, "gina", "goes")
    found = plain.describe_acls(AclBindingFilter(*EVERY_ACL))
    assert await asyncio.to_thread(found.result, 20) == []


async def becomes(expected: bool, servers: str, authority: Path, user: str, password: str) -> None:
    """Wait until every broker lets the user in, or none does: each hears of users by itself."""
    options = scram(authority, user, password)
    for _ in range(30):
        found = [await asyncio.to_thread(lets_in, one, **options) for one in servers.split(",")]
        if found == [expected] * len(found):
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"{user}: never {expected}, but {found}")


async def test_brokers_listen_to_each_other_and_to_the_daemon_alone(kafka: Running, authority: Path) -> None:
    first = kafka.node(1)
    reading, writing = await asyncio.open_connection(first.address, INTERNAL_PORT, ssl=trusting(authority))
    # TLS 1.3 refuses a client without a certificate at its first read.
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await reading.readexactly(1)
    writing.close()


async def test_zookeeper_listens_to_brokers_and_to_the_daemon_alone(kafka: Running, authority: Path) -> None:
    if not on_zookeeper(kafka.version):
        pytest.skip("it has no ZooKeeper")
    address = kafka.node(0).address
    assert await asyncio.to_thread(listening, address) == [ZOOKEEPER_PORT]
    assert not await zookeeper_answers(address, trusting(authority)), "a stranger is let in"
    engine = kafka.state / "kafka" / kafka.cluster.id / "engine"
    known = trusting(authority)
    known.load_cert_chain(engine / "cert.pem", engine / "key.pem")
    assert await zookeeper_answers(address, known)


def listening(address: str) -> list[int]:
    """Ports of a node that take connections."""
    found = []
    for port in range(1024, 12000):
        with socket.socket() as one:
            if one.connect_ex((address, port)) == 0:
                found.append(port)
    return found


async def zookeeper_answers(address: str, context: ssl.SSLContext) -> bool:
    try:
        reading, writing = await asyncio.open_connection(address, ZOOKEEPER_PORT, ssl=context)
        writing.write(b"srvr")
        async with asyncio.timeout(10):
            answer = await reading.read(1024)
        writing.close()
    except (ssl.SSLError, ConnectionError):
        return False
    return b"Zookeeper version" in answer


async def test_what_was_acknowledged_survives_a_kill_and_another_task(kafka: Running) -> None:
    name, servers = await topic(kafka), kafka.addresses(HOST_PLAINTEXT_PORT)
    values = [str(n) for n in range(500)]
    sent = await asyncio.to_thread(produce, servers, name, values)
    for number in (0, 1) if kafka.cluster.nodes[-1].number == 0 else (1,):
        await kafka.kill(number)
        await kafka.remake(number)
    await kafka.until(lambda seen: len(seen.brokers) == kafka.count and seen.under_replicated == 0)
    servers = kafka.addresses(HOST_PLAINTEXT_PORT)
    assert sorted(await asyncio.to_thread(consume, servers, name, 500)) == sorted(sent) == sorted(values)
    assert await asyncio.to_thread(produce, servers, name, ["after"]) == ["after"]


async def test_a_broker_that_is_told_to_stop_leaves_in_order(kafka: Running) -> None:
    assert await kafka.stop_broker(1) in (0, 143)
    await kafka.remake(1)
    await kafka.until(lambda seen: len(seen.brokers) == kafka.count and seen.under_replicated == 0)


async def test_a_newer_version_goes_on_with_the_data(kafka: Running) -> None:
    newer = [one for one in offered() if numbers(one.apache) > numbers(kafka.version)]
    if on_zookeeper(kafka.version) or not newer:
        pytest.skip("there is no newer version this one leads to")
    name = await topic(kafka)
    await asyncio.to_thread(produce, kafka.addresses(HOST_PLAINTEXT_PORT), name, ["before"])
    await kafka.upgrade(newer[-1].apache)
    assert "metadata.version" in await lacking(kafka), "the brokers are new, the cluster is not yet"
    for _ in range(2):
        await kafka.brokers.finalize(kafka.cluster)
    assert not await lacking(kafka)
    await asyncio.to_thread(produce, kafka.addresses(HOST_PLAINTEXT_PORT), name, ["after"])
    got = await asyncio.to_thread(consume, kafka.addresses(HOST_PLAINTEXT_PORT), name, 2)
    assert got == ["before", "after"]


async def lacking(kafka: Running) -> dict[str, int]:
    """Features that brokers of this version have, and the cluster has not switched on."""
    folder = kafka.state / "kafka" / kafka.cluster.id
    access = trusting(folder / "authority" / "ca.pem")
    access.load_cert_chain(folder / "engine" / "cert.pem", folder / "engine" / "key.pem")
    return (await features.features(kafka.node(1).address, INTERNAL_PORT, access)).lacking


async def test_before_it_runs_it_is_not_there(kafka: Running, tmp_path: Path) -> None:
    other = KafkaBrokers(tmp_path)
    with pytest.raises(NotThere):
        await other.authority("nothing")
    with pytest.raises(Unavailable, match="started"):
        await other.seen(kafka.cluster)
    await other.remove("nothing")
