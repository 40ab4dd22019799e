"""Kafka in memory: brokers are in the cluster as soon as they were prepared, unless a test says otherwise."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from bambe.engines.brokers.port import (
    Cluster,
    ClusterSeen,
    Node,
    PartitionSeen,
    Process,
    Topic,
    TopicSeen,
)
from bambe.engines.brokers.settings import PRINCIPAL
from bambe.kernel.errors import NotThere, Refused, Unavailable


class FakeBrokers:
    """Implements engines.brokers.port.Brokers.

    What a test may set: `down` (numbers of brokers that are not in the cluster), `short` (partitions lack a
    replica), `refuses` (topic name -> why), `disagree` (clusters that cannot be finalized yet). What it may
    read: `prepared`, `users`, `removed`, `finalized` (cluster -> version).
    """

    def __init__(self) -> None:
        self.down: set[int] = set()
        self.short = False
        self.refuses: dict[str, str] = {}
        self.prepared: list[tuple[str, Node]] = []
        self.users: dict[str, dict[str, str]] = {}
        self.removed: list[str] = []
        self.finalized: dict[str, str] = {}
        self.disagree: set[str] = set()
        self._topics: dict[str, dict[str, Topic]] = {}

    async def prepare(self, cluster: Cluster, node: Node) -> Process:
        if not node.address:
            raise Unavailable(f"{node.name} has no address yet.")
        self.prepared.append((cluster.id, node))
        return Process(command=("kafka",), environment={}, mounts=(), memory=cluster.memory)

    async def remove(self, cluster_id: str) -> None:
        self.removed.append(cluster_id)
        self.prepared = [one for one in self.prepared if one[0] != cluster_id]
        self._topics.pop(cluster_id, None)

    async def authority(self, cluster_id: str) -> str:
        if cluster_id not in {one for one, _ in self.prepared}:
            raise NotThere(f"The cluster {cluster_id} has no certificate authority yet.")
        return f"authority of {cluster_id}"

    async def seen(self, cluster: Cluster) -> ClusterSeen:
        known = {node.number for one, node in self.prepared if one == cluster.id and node.number}
        up = tuple(sorted(known - self.down))
        if not up:
            raise Unavailable("No broker answers.")
        topics = {name: self._seen(topic, up) for name, topic in self._of(cluster).items()}
        return ClusterSeen(up, up[0], topics)

    async def apply_topic(self, cluster: Cluster, topic: Topic) -> None:
        there = self._of(cluster).get(topic.name)
        if topic.name in self.refuses:
            raise Refused(self.refuses[topic.name])
        if not re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", topic.name):
            raise Refused(f"The name {topic.name} is illegal.")
        count = sum(node.number > 0 for node in cluster.nodes)
        if topic.replication > count:
            raise Refused(f"A replication factor of {topic.replication} needs as many brokers.")
        if there is not None and topic.partitions < there.partitions:
            raise Refused(f"The topic {topic.name} has {there.partitions} partitions.")
        replication = there.replication if there is not None else min(3, count)
        if there is not None and topic.replication not in (0, replication):
            raise Refused(f"The topic {topic.name} has {replication} replicas.")
        self._of(cluster)[topic.name] = replace(topic, replication=topic.replication or replication)

    async def delete_topic(self, cluster: Cluster, name: str) -> None:
        self._of(cluster).pop(name, None)

    async def finalize(self, cluster: Cluster) -> None:
        if cluster.id in self.disagree:
            raise Unavailable("A broker does not answer.")
        self.finalized[cluster.id] = cluster.version

    async def apply_users(
        self, cluster: Cluster, users: Mapping[str, str], kept: Collection[str] = ()
    ) -> None:
        there = self.users.get(cluster.id, {})
        given = {name: password for name, password in users.items() if name != PRINCIPAL}
        self.users[cluster.id] = {name: there[name] for name in kept if name in there} | given

    async def stop(self) -> None:
        return

    def _of(self, cluster: Cluster) -> dict[str, Topic]:
        return self._topics.setdefault(cluster.id, {})

    def _seen(self, topic: Topic, up: tuple[int, ...]) -> TopicSeen:
        replicas = up[: topic.replication or len(up)]
        in_sync = replicas[:-1] if self.short else replicas
        parts = tuple(
            PartitionSeen(number, replicas[0], replicas, in_sync) for number in range(topic.partitions)
        )
        return TopicSeen(topic.name, parts, dict(topic.configs))
