"""The files a node is started with: Kafka's and ZooKeeper's properties, as text that Java reads."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256

from bambe.engines.brokers.files import NODE, STORE_PASSWORD
from bambe.engines.brokers.port import (
    CONTROLLER_PORT,
    HOST_PLAINTEXT_PORT,
    HOST_SCRAM_PORT,
    HOST_TLS_PORT,
    INTERNAL_PORT,
    PLAINTEXT_PORT,
    SCRAM_PORT,
    TLS_PORT,
    ZOOKEEPER_PORT,
    Cluster,
    Node,
)
from bambe.engines.brokers.versions import on_zookeeper

FILES, DATA = "/kafka-node", "/kafka-data"
"""Where a node finds its files and keeps its data."""

INTERNAL, CONTROLLER = "REPLICATION_SECURE", "CONTROLLER"
SCRAM = "CLIENT_SASL_SCRAM"
HOST_SCRAM = "HOST_SASL_SCRAM"
PRINCIPAL = f"CN={NODE}"
"""Who brokers and the engine are to a broker."""
NETTY_CLIENT = "org.apache.zookeeper.ClientCnxnSocketNetty"
"""Of ZooKeeper's two clients the one that speaks TLS."""

# MSK's default configuration where it is not Kafka's own, for a machine that is small, and never at the
# price of an acknowledged record (unclean.leader.election.enable is true on MSK).
DEFAULTS = {
    "auto.create.topics.enable": "false",
    "allow.everyone.if.no.acl.found": "true",
    "unclean.leader.election.enable": "false",
    "num.partitions": "1",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "num.replica.fetchers": "1",
    "background.threads": "2",
    "log.cleaner.dedupe.buffer.size": "16777216",
    "offsets.topic.num.partitions": "10",
    "transaction.state.log.num.partitions": "10",
}


def server_properties(cluster: Cluster, node: Node, voters: Mapping[int, str]) -> dict[str, str]:
    """server.properties of a broker; `voters` are the controllers of a KRaft cluster (number -> name)."""
    return {
        **DEFAULTS,
        **_replication(len(brokers(cluster))),
        **cluster.settings,
        **_listeners(cluster, node, node.number in voters),
        **(_zookeeper(cluster, node) if on_zookeeper(cluster.version) else _kraft(node, voters)),
        **_security(),
        "log.dirs": DATA,
    }


def zookeeper_properties() -> dict[str, str]:
    """zookeeper.properties of the only ZooKeeper node: it lets in who has a certificate of the cluster's."""
    return {
        "dataDir": DATA,
        "secureClientPort": str(ZOOKEEPER_PORT),
        "serverCnxnFactory": "org.apache.zookeeper.server.NettyServerCnxnFactory",
        "ssl.clientAuth": "need",
        **_zookeeper_stores("ssl.keyStore", "ssl.trustStore"),
        "maxClientCnxns": "0",
        "tickTime": "2000",
        "admin.enableServer": "false",
        "autopurge.snapRetainCount": "3",
        "autopurge.purgeInterval": "24",
    }


def brokers(cluster: Cluster) -> tuple[Node, ...]:
    """The cluster's brokers."""
    return tuple(node for node in cluster.nodes if node.number > 0)


def first_voters(cluster: Cluster) -> dict[int, str]:
    """Controllers of a new KRaft cluster (number -> name): one, or three so that it goes on without one."""
    nodes = sorted(brokers(cluster), key=lambda node: node.number)
    return {node.number: node.name for node in nodes[: 3 if len(nodes) >= 3 else 1]}


def kraft_id(cluster_id: str) -> str:
    """Kafka's own form of a cluster id: 16 bytes in base 64, not beginning like an option."""
    digest = sha256(cluster_id.encode()).digest()[:16]
    return urlsafe_b64encode(bytes([digest[0] & 0x7F]) + digest[1:]).decode().rstrip("=")


def render(properties: Mapping[str, str]) -> str:
    """A Java properties file."""
    return "".join(f"{_escape(key, True)}={_escape(value)}\n" for key, value in sorted(properties.items()))


def _escape(text: str, is_key: bool = False) -> str:
    named = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}
    if is_key:
        named |= {one: f"\\{one}" for one in " :=#!"}
    escaped = "".join(named.get(one) or (one if " " <= one <= "~" else _unicode(one)) for one in text)
    return f"\\{escaped}" if escaped.startswith(" ") else escaped


def _unicode(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _replication(count: int) -> dict[str, str]:
    copies, in_sync = str(min(3, count)), str(min(2, count))
    return {
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        "share.coordinator.state.topic.num.partitions": "10",
    }


def _listeners(cluster: Cluster, node: Node, is_voter: bool) -> dict[str, str]:
    # Name, protocol, port, and the host it advertises.
    rows = [(INTERNAL, "SSL", INTERNAL_PORT, node.address)]
    if cluster.plaintext:
        rows += [
            ("CLIENT", "PLAINTEXT", PLAINTEXT_PORT, node.name),
            ("HOST", "PLAINTEXT", HOST_PLAINTEXT_PORT, node.address),
        ]
    if cluster.tls:
        rows += [
            ("CLIENT_SECURE", "SSL", TLS_PORT, node.name),
            ("HOST_SECURE", "SSL", HOST_TLS_PORT, node.address),
        ]
    if cluster.scram:
        rows += [
            (SCRAM, "SASL_SSL", SCRAM_PORT, node.name),
            (HOST_SCRAM, "SASL_SSL", HOST_SCRAM_PORT, node.address),
        ]
    protocols = [f"{name}:{protocol}" for name, protocol, _, _ in rows]
    places = [(name, port) for name, _, port, _ in rows] + [(CONTROLLER, CONTROLLER_PORT)] * is_voter
    return {
        "listeners": ",".join(f"{name}://0.0.0.0:{port}" for name, port in places),
        "advertised.listeners": ",".join(f"{name}://{host}:{port}" for name, _, port, host in rows),
        "listener.security.protocol.map": ",".join([*protocols, f"{CONTROLLER}:SSL"]),
        "inter.broker.listener.name": INTERNAL,
    }


def _kraft(node: Node, voters: Mapping[int, str]) -> dict[str, str]:
    is_voter = node.number in voters
    quorum = ",".join(f"{number}@{name}:{CONTROLLER_PORT}" for number, name in sorted(voters.items()))
    return {
        "node.id": str(node.number),
        "process.roles": "broker,controller" if is_voter else "broker",
        "controller.listener.names": CONTROLLER,
        "controller.quorum.voters": quorum,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    }


def _zookeeper(cluster: Cluster, node: Node) -> dict[str, str]:
    return {
        "broker.id": str(node.number),
        "zookeeper.connect": zookeeper_address(cluster),
        "zookeeper.connection.timeout.ms": "60000",
        "zookeeper.ssl.client.enable": "true",
        "zookeeper.clientCnxnSocket": NETTY_CLIENT,
        **_zookeeper_stores("zookeeper.ssl.keystore", "zookeeper.ssl.truststore"),
        # A single broker has nobody to hand over to, and would try for 15 seconds.
        "controlled.shutdown.enable": "true" if len(brokers(cluster)) > 1 else "false",
        "authorizer.class.name": "kafka.security.authorizer.AclAuthorizer",
    }


def zookeeper_client() -> dict[str, str]:
    """Properties of a JVM whose ZooKeeper client is let in."""
    return {
        "zookeeper.client.secure": "true",
        "zookeeper.clientCnxnSocket": NETTY_CLIENT,
        **_zookeeper_stores("zookeeper.ssl.keyStore", "zookeeper.ssl.trustStore"),
    }


def _zookeeper_stores(key: str, trust: str) -> dict[str, str]:
    """A node's stores, as ZooKeeper and its clients name them, each in its way."""
    return {
        f"{name}.{what}": value
        for name, file in ((key, "keystore.p12"), (trust, "truststore.p12"))
        for what, value in (
            ("location", f"{FILES}/{file}"),
            ("password", STORE_PASSWORD),
            ("type", "PKCS12"),
        )
    }


def zookeeper_address(cluster: Cluster) -> str:
    """Where brokers find ZooKeeper."""
    return ",".join(f"{node.name}:{ZOOKEEPER_PORT}" for node in cluster.nodes if node.number == 0)


def _security() -> dict[str, str]:
    stores = {
        "ssl.keystore.location": f"{FILES}/keystore.p12",
        "ssl.keystore.password": STORE_PASSWORD,
        "ssl.keystore.type": "PKCS12",
        "ssl.key.password": STORE_PASSWORD,
        "ssl.truststore.location": f"{FILES}/truststore.p12",
        "ssl.truststore.password": STORE_PASSWORD,
        "ssl.truststore.type": "PKCS12",
        "ssl.endpoint.identification.algorithm": "https",
        "ssl.client.auth": "none",
    }
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    listeners: dict[str, str] = {}
    for name in (SCRAM, HOST_SCRAM):
        prefix = f"listener.name.{name.lower()}"
        listeners[f"{prefix}.scram-sha-512.sasl.jaas.config"] = login
        listeners[f"{prefix}.sasl.enabled.mechanisms"] = "SCRAM-SHA-512"
    for name in (INTERNAL, CONTROLLER):
        listeners[f"listener.name.{name.lower()}.ssl.client.auth"] = "required"
    return {**stores, **listeners, "super.users": f"User:{PRINCIPAL}"}
