"""Cloud Map's CloudFormation types: made once however often tried, changed in place, removed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Wish
from bambe.services.servicediscovery.resources import RESOURCES
from tests.support.house import House

TYPES = {declared.name.rsplit("::", 1)[1]: declared for declared in RESOURCES}


def wish(name: str, token: str = "t1", **properties: Any) -> Wish:
    return Wish("shop", "arn", name, f"shop-{name}", token, properties, {"stack": "shop"})


async def namespace(house: House) -> Made:
    kind = TYPES["PrivateDnsNamespace"]
    made = await kind.create(house.aws, wish("Namespace", Name="shop.local", Vpc="vpc-1"))
    assert kind.ready is not None
    assert not await kind.ready(house.aws, made, {})
    await house.settle()
    assert await kind.ready(house.aws, made, {})
    return made


def orders(space: Made, ttl: str = "10") -> Wish:
    records = [{"Type": "A", "TTL": ttl}]
    return wish("Orders", Name="orders", NamespaceId=space.physical_id, DnsConfig={"DnsRecords": records})


async def test_a_creation_tried_twice_makes_one(house: House) -> None:
    space = await namespace(house)
    assert space.attributes["Id"] == space.physical_id
    assert space.attributes["HostedZoneId"].startswith("Z")
    assert await namespace_again(house) == space
    service = TYPES["Service"]
    made = await service.create(house.aws, orders(space))
    assert await service.create(house.aws, orders(space)) == made
    assert made.attributes["Name"] == "orders"
    with pytest.raises(AwsError, match="already exists"):
        await service.create(house.aws, replace(orders(space), token="t2"))


async def namespace_again(house: House) -> Made:
    wanted = wish("Namespace", Name="shop.local", Vpc="vpc-1")
    return await TYPES["PrivateDnsNamespace"].create(house.aws, wanted)


async def test_an_update_changes_ttl_and_tags(house: House) -> None:
    space = await namespace(house)
    service = TYPES["Service"]
    made = await service.create(house.aws, orders(space))
    assert service.update is not None
    changed = replace(orders(space, ttl="60"), tags={"stack": "shop", "more": "1"})
    await service.update(house.aws, changed, made, orders(space).properties)
    shown = (await house.aws.servicediscovery.get_service(Id=made.physical_id))["Service"]
    assert shown["DnsConfig"]["DnsRecords"] == [{"Type": "A", "TTL": 60}]
    tags = await house.aws.servicediscovery.list_tags_for_resource(ResourceARN=shown["Arn"])
    assert [one["Key"] for one in tags["Tags"]] == ["more", "stack"]


async def test_deleting_twice_is_done(house: House) -> None:
    space = await namespace(house)
    made = await TYPES["Service"].create(house.aws, orders(space))
    for _ in range(2):
        await TYPES["Service"].delete(house.aws, made, {})
        await TYPES["PrivateDnsNamespace"].delete(house.aws, space, {})
    assert (await house.aws.servicediscovery.list_namespaces())["Namespaces"] == []
