"""Real Kafka: clusters come up, keep what they acknowledged, and let in whom they should."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
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

from bambe.engines.brokers import Cluster, KafkaBrokers, Topic, features
from bambe.engines.brokers.guard import left_to_all
from bambe.engines.brokers.port import (
    HOST_PLAINTEXT_PORT,
    HOST_SCRAM_PORT,
    HOST_TLS_PORT,
    INTERNAL_PORT,
    ZOOKEEPER_PORT,
    ClusterSeen,
)
from bambe.engines.brokers.settings import PRINCIPAL
from bambe.engines.brokers.versions import numbers, offered, on_zookeeper
from bambe.kernel.errors import Refused
from tests.contract.brokers import Suite
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


class Real:
    """The cluster of the suite."""

    def __init__(self, kafka: Running, authority: Path) -> None:
        self.kafka, self.authority = kafka, authority

    @property
    def brokers(self) -> KafkaBrokers:
        return self.kafka.brokers

    @property
    def cluster(self) -> Cluster:
        return self.kafka.cluster

    async def until(self, holds: Callable[[ClusterSeen], bool]) -> ClusterSeen:
        return await self.kafka.until(holds)

    async def lets_in(self, expected: bool, user: str, password: str) -> None:
        servers = self.kafka.addresses(HOST_SCRAM_PORT)
        await becomes(expected, servers, self.authority, user, password)


class TestKafka(Suite):
    @pytest.fixture
    def rig(self, kafka: Running, authority: Path) -> Real:
        return Real(kafka, authority)


async def test_it_comes_up_within_a_minute(kafka: Running) -> None:
    assert kafka.up_after < 60
    assert (await kafka.brokers.authority(kafka.cluster.id)).startswith("-----BEGIN CERTIFICATE-----")


async def test_settings_that_kafka_does_not_take_are_refused_in_its_words(kafka: Running) -> None:
    with pytest.raises(Refused, match=r"retention\.ms"):
        await kafka.brokers.apply_topic(kafka.cluster, Topic("wrong", 1, 0, {"retention.ms": "soon"}))


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
