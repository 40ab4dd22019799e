"""The fake Kafka of all other tests keeps what the real one promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bambe.engines.brokers.port import Cluster, ClusterSeen, Node
from tests.contract.brokers import Suite
from tests.fakes.brokers import FakeBrokers

NODES = tuple(Node(number, f"b-{number}", f"10.0.0.{number}") for number in (1, 2, 3))


@dataclass
class Fake:
    """A cluster of the fake."""

    brokers: FakeBrokers = field(default_factory=FakeBrokers)
    cluster: Cluster = field(default_factory=lambda: Cluster("shop", "4.1.2", NODES, scram=True))

    async def until(self, holds: Callable[[ClusterSeen], bool]) -> ClusterSeen:
        seen = await self.brokers.seen(self.cluster)
        assert holds(seen)
        return seen

    async def lets_in(self, expected: bool, user: str, password: str) -> None:
        assert (self.brokers.users[self.cluster.id].get(user) == password) == expected


class TestFake(Suite):
    @pytest.fixture
    async def rig(self) -> Fake:
        made = Fake()
        for node in NODES:
            await made.brokers.prepare(made.cluster, node)
        return made
