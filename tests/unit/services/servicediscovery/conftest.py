"""A namespace with DNS and a service in it, as a task's name needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.house import House


@dataclass
class Map:
    """What the fixture made, by id, and the house it stands in."""

    house: House
    namespace: str
    service: str

    @property
    def cloud(self) -> Any:
        return self.house.aws.servicediscovery

    async def register(self, number: int, service: str = "", **attributes: str) -> str:
        address = {"AWS_INSTANCE_IPV4": f"10.200.0.{number}"}
        answer = await self.cloud.register_instance(
            ServiceId=service or self.service, InstanceId=f"i{number}", Attributes={**address, **attributes}
        )
        return str(answer["OperationId"])

    async def status(self, operation: str) -> str:
        answer = await self.cloud.get_operation(OperationId=operation)
        return str(answer["Operation"]["Status"])

    async def discover(self, **request: Any) -> list[str]:
        answer = await self.cloud.discover_instances(
            NamespaceName="shop.local", ServiceName="orders", **request
        )
        return sorted(one["InstanceId"] for one in answer["Instances"])

    async def revision(self) -> int:
        answer = await self.cloud.discover_instances_revision(
            NamespaceName="shop.local", ServiceName="orders"
        )
        return int(answer["InstancesRevision"])

    async def add_service(self, name: str, *kinds: str, **more: Any) -> str:
        routing = "WEIGHTED" if "CNAME" in kinds else "MULTIVALUE"
        records = [{"Type": kind, "TTL": 10} for kind in kinds]
        answer = await self.cloud.create_service(
            Name=name,
            NamespaceId=self.namespace,
            DnsConfig={"RoutingPolicy": routing, "DnsRecords": records},
            **more,
        )
        return str(answer["Service"]["Id"])


@pytest.fixture
async def cloud_map(house: House) -> Map:
    cloud = house.aws.servicediscovery
    answer = await cloud.create_private_dns_namespace(Name="shop.local", Vpc="vpc-1")
    operation = (await cloud.get_operation(OperationId=answer["OperationId"]))["Operation"]
    made = Map(house, operation["Targets"]["NAMESPACE"], "")
    made.service = await made.add_service("orders", "A", HealthCheckCustomConfig={"FailureThreshold": 1})
    await house.settle()
    return made
