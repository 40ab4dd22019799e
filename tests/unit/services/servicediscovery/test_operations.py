"""Discovery with its filters, and what Cloud Map refuses."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from tests.unit.services.servicediscovery.conftest import Map


async def refused(code: str, call: Any, **words: Any) -> AwsError:
    with pytest.raises(AwsError) as caught:
        await call(**words)
    assert caught.value.wire_code() == code
    return caught.value


async def test_parameters_filter_and_optional_ones_only_where_they_fit(cloud_map: Map) -> None:
    await cloud_map.register(5, version="v1", zone="a")
    await cloud_map.register(6, version="v1", zone="b")
    await cloud_map.register(7, version="v2", zone="b")
    assert await cloud_map.discover() == ["i5", "i6", "i7"]
    assert await cloud_map.discover(QueryParameters={"version": "v1"}) == ["i5", "i6"]
    assert await cloud_map.discover(QueryParameters={"version": "v3"}) == []
    assert await cloud_map.discover(OptionalParameters={"version": "v3"}) == ["i5", "i6", "i7"]
    both = {"QueryParameters": {"version": "v1"}, "OptionalParameters": {"zone": "b"}}
    assert await cloud_map.discover(**both) == ["i6"]
    assert len(await cloud_map.discover(MaxResults=2)) == 2


async def test_health_filters(cloud_map: Map) -> None:
    await cloud_map.register(5)
    await cloud_map.register(6, AWS_INIT_HEALTH_STATUS="UNHEALTHY")
    assert await cloud_map.discover() == ["i5"]
    assert await cloud_map.discover(HealthStatus="UNHEALTHY") == ["i6"]
    assert await cloud_map.discover(HealthStatus="ALL") == ["i5", "i6"]
    await cloud_map.cloud.update_instance_custom_health_status(
        ServiceId=cloud_map.service, InstanceId="i5", Status="UNHEALTHY"
    )
    assert await cloud_map.discover(HealthStatus="HEALTHY") == []
    assert await cloud_map.discover(HealthStatus="HEALTHY_OR_ELSE_ALL") == ["i5", "i6"]
    answer = await cloud_map.cloud.get_instances_health_status(ServiceId=cloud_map.service)
    assert answer["Status"] == {"i5": "UNHEALTHY", "i6": "UNHEALTHY"}


async def test_the_revision_grows_with_instances_and_not_with_health(cloud_map: Map) -> None:
    first = await cloud_map.revision()
    await cloud_map.register(5)
    assert await cloud_map.revision() == first + 1
    await cloud_map.register(5)
    await cloud_map.cloud.update_instance_custom_health_status(
        ServiceId=cloud_map.service, InstanceId="i5", Status="UNHEALTHY"
    )
    assert await cloud_map.revision() == first + 1
    await cloud_map.register(5, version="v2")
    assert await cloud_map.revision() == first + 2


async def test_names_are_taken_once_and_the_error_says_by_whom(cloud_map: Map) -> None:
    cloud = cloud_map.cloud
    error = await refused("NamespaceAlreadyExists", cloud.create_http_namespace, Name="SHOP.local")
    assert error.fields["NamespaceId"] == cloud_map.namespace
    records = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    words = {"Name": "Orders", "NamespaceId": cloud_map.namespace, "DnsConfig": records}
    error = await refused("ServiceAlreadyExists", cloud.create_service, **words)
    assert error.fields["ServiceId"] == cloud_map.service


async def test_what_is_in_use_stays(cloud_map: Map) -> None:
    await cloud_map.register(5)
    await refused("ResourceInUse", cloud_map.cloud.delete_namespace, Id=cloud_map.namespace)
    await refused("ResourceInUse", cloud_map.cloud.delete_service, Id=cloud_map.service)


async def test_what_is_not_there(cloud_map: Map) -> None:
    cloud, service = cloud_map.cloud, cloud_map.service
    await refused("NamespaceNotFound", cloud.get_namespace, Id="ns-nope")
    await refused("ServiceNotFound", cloud.get_service, Id="srv-nope")
    await refused("InstanceNotFound", cloud.deregister_instance, ServiceId=service, InstanceId="nope")
    await refused("OperationNotFound", cloud.get_operation, OperationId="nope")
    await refused("ResourceNotFoundException", cloud.list_tags_for_resource, ResourceARN="arn:aws:x:::y")
    missing = {"NamespaceName": "shop.local", "ServiceName": "nope"}
    await refused("ServiceNotFound", cloud.discover_instances, **missing)
    await refused("NamespaceNotFound", cloud.discover_instances, **{**missing, "NamespaceName": "nope"})


@pytest.mark.parametrize(
    "kinds", [("A", "SRV"), ("A", "CNAME"), ("A", "A")], ids=lambda kinds: "+".join(kinds)
)
async def test_record_types_that_do_not_go_together(cloud_map: Map, kinds: tuple[str, ...]) -> None:
    with pytest.raises(AwsError, match=r"combined|at most once"):
        await cloud_map.add_service("new", *kinds)


async def test_bad_services(cloud_map: Map) -> None:
    create, space = cloud_map.cloud.create_service, cloud_map.namespace
    await refused("InvalidInput", create, Name="x", NamespaceId=space)
    await refused("InvalidInput", create, Name="x")
    cname = {"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "CNAME", "TTL": 1}]}
    await refused("InvalidInput", create, Name="x", NamespaceId=space, DnsConfig=cname)
    check = {"Type": "HTTP"}
    await refused("InvalidInput", create, Name="x", NamespaceId=space, Type="HTTP", HealthCheckConfig=check)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"AWS_INSTANCE_IPV4": "10.0.0"},
        {"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INSTANCE_PORT": "many"},
        {"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INIT_HEALTH_STATUS": "FINE"},
        {"AWS_ALIAS_DNS_NAME": "x.elb.amazonaws.com"},
        {"AWS_INSTANCE_IPV4": "10.0.0.1", **{f"k{n}": "v" for n in range(31)}},
        {"AWS_INSTANCE_IPV4": "10.0.0.1", **{f"k{n}": "v" * 1000 for n in range(5)}},
    ],
)
async def test_bad_attributes(cloud_map: Map, attributes: dict[str, str]) -> None:
    words = {"ServiceId": cloud_map.service, "InstanceId": "i1", "Attributes": attributes}
    await refused("InvalidInput", cloud_map.cloud.register_instance, **words)
    assert await cloud_map.discover() == []


async def test_a_service_changes_its_ttl_and_keeps_its_types(cloud_map: Map) -> None:
    cloud, service = cloud_map.cloud, cloud_map.service
    change: dict[str, Any] = {"DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 42}]}}
    await cloud.update_service(Id=service, Service=change)
    shown = (await cloud.get_service(Id=service))["Service"]
    assert shown["DnsConfig"]["DnsRecords"] == [{"Type": "A", "TTL": 42}]
    change["DnsConfig"]["DnsRecords"][0]["Type"] = "AAAA"
    await refused("InvalidInput", cloud.update_service, Id=service, Service=change)


async def test_lists_are_filtered(cloud_map: Map) -> None:
    cloud = cloud_map.cloud
    await cloud.create_http_namespace(Name="api")

    async def names(**one: Any) -> list[str]:
        answer = await cloud.list_namespaces(Filters=[one])
        return [space["Name"] for space in answer["Namespaces"]]

    assert await names(Name="TYPE", Values=["HTTP"]) == ["api"]
    assert await names(Name="NAME", Values=["sh"], Condition="BEGINS_WITH") == ["shop.local"]
    two = [{"Name": "NAME", "Values": ["a", "b"]}]
    await refused("InvalidInput", cloud.list_namespaces, Filters=two)
    between = [{"Name": "NAME", "Values": ["a", "b"], "Condition": "BETWEEN"}]
    await refused("InvalidInput", cloud.list_namespaces, Filters=between)


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".local", ".".join(["long"] * 60), "sp@ce.local"])
async def test_what_dns_cannot_answer_for(cloud_map: Map, name: str) -> None:
    cloud = cloud_map.cloud
    await refused("InvalidInput", cloud.create_private_dns_namespace, Name=name, Vpc="vpc-1")
    alias = await cloud_map.add_service("alias", "CNAME")
    words: dict[str, Any] = {"ServiceId": alias, "InstanceId": "i1"}
    await refused("InvalidInput", cloud.register_instance, **words, Attributes={"AWS_INSTANCE_CNAME": name})
    words["ServiceId"] = await cloud_map.add_service("api", "SRV")
    where = {"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INSTANCE_PORT": "80"}
    await refused(
        "InvalidInput", cloud.register_instance, **{**words, "InstanceId": "a..b"}, Attributes=where
    )
