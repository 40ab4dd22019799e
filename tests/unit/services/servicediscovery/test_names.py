"""What the name server is told, and when operations are over."""

from __future__ import annotations

from typing import Any

from bambe.engines.dns.port import Zones
from tests.unit.services.servicediscovery.conftest import Map

DAY = 86400


async def test_an_instance_is_answered_by_its_name(cloud_map: Map) -> None:
    operation = await cloud_map.register(5)
    assert await cloud_map.status(operation) == "SUBMITTED"
    await cloud_map.house.settle()
    assert await cloud_map.status(operation) == "SUCCESS"
    assert cloud_map.house.dns.records("orders.shop.local") == ["10.200.0.5"]
    await cloud_map.cloud.deregister_instance(ServiceId=cloud_map.service, InstanceId="i5")
    await cloud_map.house.settle()
    assert cloud_map.house.dns.records("orders.shop.local") == []


async def test_an_unhealthy_instance_is_answered_only_when_all_are(cloud_map: Map) -> None:
    await cloud_map.register(5)
    await cloud_map.register(6, AWS_INIT_HEALTH_STATUS="UNHEALTHY")
    await cloud_map.house.settle()
    assert cloud_map.house.dns.records("orders.shop.local") == ["10.200.0.5"]
    await cloud_map.cloud.update_instance_custom_health_status(
        ServiceId=cloud_map.service, InstanceId="i5", Status="UNHEALTHY"
    )
    await cloud_map.house.settle()
    assert cloud_map.house.dns.records("orders.shop.local") == ["10.200.0.5", "10.200.0.6"]


async def test_an_srv_record_names_its_instance(cloud_map: Map) -> None:
    service = await cloud_map.add_service("_api._tcp", "SRV")
    await cloud_map.register(7, service, AWS_INSTANCE_PORT="8080")
    await cloud_map.house.settle()
    dns = cloud_map.house.dns
    assert dns.records("_api._tcp.shop.local", "SRV") == ["1 1 8080 i7._api._tcp.shop.local."]
    assert dns.records("i7._api._tcp.shop.local") == ["10.200.0.7"]


async def test_an_operation_waits_for_the_name_server(cloud_map: Map) -> None:
    cloud_map.house.dns.running = False
    operation = await cloud_map.register(5)
    await cloud_map.house.settle()
    assert await cloud_map.status(operation) == "PENDING"
    cloud_map.house.dns.running = True
    await cloud_map.house.advance(60)
    assert await cloud_map.status(operation) == "SUCCESS"


async def test_what_is_found_by_the_api_alone_waits_for_no_name_server(cloud_map: Map) -> None:
    cloud, house = cloud_map.cloud, cloud_map.house
    house.dns.running = False

    async def ended(answer: Any) -> None:
        await house.settle()
        assert await cloud_map.status(answer["OperationId"]) == "SUCCESS"

    created = await cloud.create_http_namespace(Name="api")
    await ended(created)
    operation = (await cloud.get_operation(OperationId=created["OperationId"]))["Operation"]
    space = operation["Targets"]["NAMESPACE"]
    await ended(await cloud.update_http_namespace(Id=space, Namespace={"Description": "d"}))
    for namespace in (space, cloud_map.namespace):
        made = await cloud.create_service(Name="alone", NamespaceId=namespace, Type="HTTP")
        service = made["Service"]["Id"]
        where = {"ServiceId": service, "InstanceId": "i1"}
        await ended(await cloud.register_instance(**where, Attributes={"AWS_INSTANCE_IPV4": "10.200.0.5"}))
        await ended(await cloud.update_service(Id=service, Service={"Description": "d"}))
        await ended(await cloud.deregister_instance(**where))
        await cloud.delete_service(Id=service)
    await ended(await cloud.delete_namespace(Id=space))


async def test_records_that_are_dropped_wait_for_the_name_server(cloud_map: Map) -> None:
    cloud_map.house.dns.running = False
    change = {"Description": "no records any more"}
    answer = await cloud_map.cloud.update_service(Id=cloud_map.service, Service=change)
    await cloud_map.house.settle()
    assert await cloud_map.status(answer["OperationId"]) == "PENDING"


async def test_a_namespace_without_dns_is_no_zone(cloud_map: Map) -> None:
    cloud = cloud_map.cloud
    operation = (await cloud.create_http_namespace(Name="api"))["OperationId"]
    await cloud_map.house.settle()
    assert await cloud_map.status(operation) == "SUCCESS"
    assert cloud_map.house.dns.sources["servicediscovery"].zones == ("shop.local",)


async def test_a_deleted_namespace_is_no_zone_any_more(cloud_map: Map) -> None:
    await cloud_map.cloud.delete_service(Id=cloud_map.service)
    answer = await cloud_map.cloud.delete_namespace(Id=cloud_map.namespace)
    await cloud_map.house.settle()
    assert await cloud_map.status(answer["OperationId"]) == "SUCCESS"
    assert cloud_map.house.dns.sources["servicediscovery"] == Zones()


async def test_all_operations_are_listed_until_they_are_old(cloud_map: Map) -> None:
    await cloud_map.register(5)
    await cloud_map.house.settle()
    filters = [{"Name": "SERVICE_ID", "Values": [cloud_map.service]}]
    answer = await cloud_map.cloud.list_operations(Filters=filters)
    assert [one["Status"] for one in answer["Operations"]] == ["SUCCESS"]
    await cloud_map.house.clock.advance(DAY + 3600)
    await cloud_map.house.settle()
    assert (await cloud_map.cloud.list_operations())["Operations"] == []
