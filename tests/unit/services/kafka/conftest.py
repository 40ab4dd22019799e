"""MSK with fake engines, and what tests do to its clusters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.support.house import House


@dataclass
class Town:
    """A house with a cluster's life in it."""

    house: House

    @property
    def kafka(self) -> Any:
        return self.house.aws.kafka

    async def cluster(self, **more: Any) -> str:
        """A cluster that is ACTIVE; its ARN."""
        arn = await self.begin(**more)
        await self.house.advance(10, 0.5)
        assert (await self.shown(arn))["State"] == "ACTIVE"
        return arn

    async def begin(self, **more: Any) -> str:
        request = {
            "ClusterName": "shop",
            "KafkaVersion": "3.9.x",
            "NumberOfBrokerNodes": 1,
            "BrokerNodeGroupInfo": {"InstanceType": "kafka.t3.small", "ClientSubnets": ["subnet-1"]},
        }
        return str((await self.kafka.create_cluster(**{**request, **more}))["ClusterArn"])

    async def shown(self, arn: str) -> dict[str, Any]:
        return dict((await self.kafka.describe_cluster(ClusterArn=arn))["ClusterInfo"])

    async def version(self, arn: str) -> dict[str, str]:
        """What every change has to name."""
        return {"ClusterArn": arn, "CurrentVersion": (await self.shown(arn))["CurrentVersion"]}

    def running(self) -> dict[str, str]:
        """Image of each node that runs, by its number."""
        specs = self.house.containers.specs.values()
        return {spec.labels["bambe.node"]: spec.containers[0].image for spec in specs}


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    house = House(tmp_path)
    await house.start()
    yield Town(house)
    await house.stop()


async def refused(call: Any) -> tuple[str, str]:
    """Code and message of the error a call ends with."""
    with pytest.raises(AwsError) as caught:
        await call
    return caught.value.wire_code(), caught.value.message
