"""What every engine of Kafka clusters promises, the fake and Kafka itself alike: a suite that both run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import pytest

from bambe.engines.brokers.port import Brokers, Cluster, ClusterSeen, Node, Topic
from bambe.engines.brokers.settings import PRINCIPAL
from bambe.kernel.errors import Conflict, NotThere, Refused, Unavailable

ANOTHER = Cluster("another", "4.1.2", (Node(1, "b-1.another", "127.0.0.1"),))
"""One that is prepared, and never run."""


class Rig(Protocol):
    """A cluster that runs, with users, and a way to try whom it lets in."""

    @property
    def brokers(self) -> Brokers: ...

    @property
    def cluster(self) -> Cluster: ...

    async def until(self, holds: Callable[[ClusterSeen], bool]) -> ClusterSeen:
        """Wait until the cluster is seen so."""
        ...

    async def lets_in(self, expected: bool, user: str, password: str) -> None:
        """Wait until every broker lets the user in, or (not `expected`) none does."""
        ...


class Suite:
    """A subclass has a fixture `rig`."""

    async def test_it_is_seen_with_all_its_brokers(self, rig: Rig) -> None:
        numbers = tuple(sorted(node.number for node in rig.cluster.nodes if node.number))
        seen = await rig.brokers.seen(rig.cluster)
        assert seen.brokers == numbers
        assert seen.controller in seen.brokers
        assert seen.under_replicated == 0

    async def test_before_it_is_prepared_it_is_not_there_and_neither_once_removed(self, rig: Rig) -> None:
        brokers = rig.brokers
        await brokers.remove(ANOTHER.id)
        for _ in range(2):
            with pytest.raises(NotThere):
                await brokers.authority(ANOTHER.id)
            with pytest.raises(Unavailable):
                await brokers.seen(ANOTHER)
            bare = replace(ANOTHER.nodes[0], address="")
            with pytest.raises(Unavailable, match="no address"):
                await brokers.prepare(ANOTHER, bare)
            process = await brokers.prepare(ANOTHER, ANOTHER.nodes[0])
            assert process.memory == ANOTHER.memory
            authority = await brokers.authority(ANOTHER.id)
            await brokers.prepare(ANOTHER, ANOTHER.nodes[0])
            assert await brokers.authority(ANOTHER.id) == authority, "what clients trust is kept"
            await brokers.remove(ANOTHER.id)

    async def test_topics_become_as_wished_for(self, rig: Rig) -> None:
        wish = Topic("orders.v1", 2, 0, {"retention.ms": "3600000", "cleanup.policy": "compact"})
        for _ in range(2):
            await applied(rig, wish)
        made = (await rig.until(lambda seen: wish.name in seen.topics)).topics[wish.name]
        assert (len(made.partitions), made.configs, made.internal) == (2, wish.configs, False)
        count = sum(node.number > 0 for node in rig.cluster.nodes)
        assert made.replication == min(3, count)
        larger = {"max.message.bytes": "2000000"}
        await applied(rig, replace(wish, partitions=4, configs=larger))
        await rig.until(lambda seen: len(seen.topics[wish.name].partitions) == 4)
        await rig.until(lambda seen: seen.topics[wish.name].configs == larger)
        for refused, why in (
            (replace(wish, partitions=3), "4 partitions"),
            (replace(wish, partitions=4, replication=count - 1 or 7), "(?i)replica"),
            (Topic("not/a/name", 1), "(?i)invalid|illegal"),
            (Topic("too-many", 1, 9), "replication factor of 9"),
        ):
            with pytest.raises(Refused, match=why):
                await applied(rig, refused)
        for _ in range(2):
            await rig.brokers.delete_topic(rig.cluster, wish.name)
        await rig.until(lambda seen: wish.name not in seen.topics)

    async def test_exactly_the_users_come_in_and_those_that_are_kept(self, rig: Rig) -> None:
        for _ in range(2):
            await rig.brokers.apply_users(rig.cluster, {"ann": "one", "ben": "two", PRINCIPAL: "pretends"})
        await rig.lets_in(True, "ann", "one")
        await rig.lets_in(False, "ann", "two")
        await rig.lets_in(False, PRINCIPAL, "pretends")
        await rig.brokers.apply_users(rig.cluster, {"cas": "three"}, ["ann", "nobody"])
        await rig.lets_in(True, "cas", "three")
        await rig.lets_in(True, "ann", "one")
        await rig.lets_in(False, "ben", "two")
        await rig.lets_in(False, "nobody", "nothing")
        await rig.brokers.apply_users(rig.cluster, {})
        await rig.lets_in(False, "ann", "one")

    async def test_what_a_version_can_is_switched_on_once_and_again(self, rig: Rig) -> None:
        for _ in range(2):
            await rig.brokers.finalize(rig.cluster)


async def applied(rig: Rig, topic: Topic) -> None:
    """Apply a topic, again while brokers have not heard of its last change."""
    for _ in range(50):
        try:
            return await rig.brokers.apply_topic(rig.cluster, topic)
        except (Unavailable, Conflict):
            await asyncio.sleep(0.2)
    raise AssertionError("the brokers never agreed")
