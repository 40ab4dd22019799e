"""What the house asks of Kafka: how each node of a cluster is started, and what the running cluster says.

    prepare(cluster, node) -> Process     a task of the container engine runs it
    apply_topic, apply_users, ...         the running cluster, through its brokers

Listeners of a broker, and the name each advertises:

    9092   plain text        the node's name          19092  plain text        the node's address
    9094   TLS               the node's name          9194   TLS               the node's address
    9096   SASL/SCRAM, TLS   the node's name          9196   SASL/SCRAM, TLS   the node's address
    9093   between brokers and for this engine: mutual TLS; 9095 between controllers (KRaft)
    2182   ZooKeeper (node 0), for brokers and this engine: mutual TLS

The names are for tasks, which ask Bambe's DNS; the addresses for this machine, which does not. AWS has
the same ports (Amazon MSK: Port information) but 19092.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

PLAINTEXT_PORT, TLS_PORT, SCRAM_PORT = 9092, 9094, 9096
"""Client listeners that advertise a node's name."""
HOST_PLAINTEXT_PORT, HOST_TLS_PORT, HOST_SCRAM_PORT = 19092, 9194, 9196
"""The same that advertise a node's address."""
INTERNAL_PORT, CONTROLLER_PORT, ZOOKEEPER_PORT = 9093, 9095, 2182
STOP_TIMEOUT = 60
"""Seconds a broker may take to hand over its partitions when it is stopped."""


@dataclass(frozen=True, slots=True)
class Node:
    """One process of a cluster.

    `number` is 1 and up for brokers, 0 for ZooKeeper; `name` its DNS name; `address` its IPv4 address
    on the bridge, "" while unknown.
    """

    number: int
    name: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the engine must know of a cluster.

    `id` is unique for ever (the UUID of its ARN); `version` Apache's ("2.6.1", "3.9.1"). `settings` are
    the lines of an MSK configuration; those Bambe needs for itself (listeners, folders) are not taken
    from there. `plaintext`, `tls`, `scram` say which client listeners there are; `memory` is MiB a broker.
    """

    id: str
    version: str
    nodes: tuple[Node, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    plaintext: bool = True
    tls: bool = True
    scram: bool = False
    memory: int = 640


@dataclass(frozen=True, slots=True)
class Process:
    """How to run a node: goes into a ContainerSpec as it is, with the image of `Images.ensure_kafka`.

    `mounts` are (path on this machine, path inside, read-only); `memory` a hard limit in MiB; `user` is
    whom the files belong to ("uid:gid").
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    mounts: tuple[tuple[str, str, bool], ...]
    memory: int
    user: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as wished for. `configs` are all its own settings; `replication` 0: the cluster's default."""

    name: str
    partitions: int
    replication: int = 0
    configs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartitionSeen:
    """One partition; brokers by number, `leader` 0 for none."""

    number: int
    leader: int
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TopicSeen:
    """One topic as the cluster has it; `configs` are those set on the topic itself."""

    name: str
    partitions: tuple[PartitionSeen, ...]
    configs: Mapping[str, str] = field(default_factory=dict)
    internal: bool = False

    @property
    def replication(self) -> int:
        """Replicas of a partition."""
        return max((len(one.replicas) for one in self.partitions), default=0)


@dataclass(frozen=True, slots=True)
class ClusterSeen:
    """The running cluster: numbers of the brokers that are up, the controller (0: none), topics by name."""

    brokers: tuple[int, ...]
    controller: int = 0
    topics: Mapping[str, TopicSeen] = field(default_factory=dict)

    @property
    def under_replicated(self) -> int:
        """Partitions that lack an in-sync replica."""
        partitions = (one for topic in self.topics.values() for one in topic.partitions)
        return sum(len(one.in_sync) < len(one.replicas) for one in partitions)


class Brokers(Protocol):
    """Kafka clusters. All methods are safe to repeat.

    Errors are EngineErrors: Unavailable (no broker answers, or not yet), NotThere, Refused (Kafka will
    not do this, with its own words), Conflict.
    """

    async def prepare(self, cluster: Cluster, node: Node) -> Process:
        """Write the node's files; its authority, ids and data are kept. Unavailable without an address."""
        ...

    async def remove(self, cluster_id: str) -> None:
        """Remove the cluster's files and data; its processes must have ended. Gone already is done."""
        ...

    async def authority(self, cluster_id: str) -> str:
        """The certificate (PEM) that clients of the TLS listeners trust; NotThere before `prepare`."""
        ...

    async def seen(self, cluster: Cluster) -> ClusterSeen:
        """The cluster as its brokers see it now."""
        ...

    async def apply_topic(self, cluster: Cluster, topic: Topic) -> None:
        """Create the topic, or give it more partitions and exactly these settings.

        Refused for fewer partitions, another replication, and whatever Kafka refuses.
        """
        ...

    async def delete_topic(self, cluster: Cluster, name: str) -> None:
        """Delete a topic; gone already is done."""
        ...

    async def finalize(self, cluster: Cluster) -> None:
        """Let the cluster use all that its version can, for good; every broker must run that version."""
        ...

    async def apply_users(
        self, cluster: Cluster, users: Mapping[str, str], kept: Collection[str] = ()
    ) -> None:
        """Let exactly these users (name -> password) in by SCRAM-SHA-512; never one of the brokers' own name.
        Those in `kept` stay as they are.

        While the cluster has `scram`, what concerns all of it (users, ACLs, settings of brokers) is the
        brokers' authority's alone; clients may do what no ACL keeps them from with topics, groups and
        transactions.
        """
        ...

    async def stop(self) -> None:
        """Let go of every cluster; they run on."""
        ...
