"""Cloud Map through stock clients: boto3 and the AWS CLI."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.conftest import Edge

RECORDS = {"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "A", "TTL": 10}]}


@pytest.fixture
def orders(edge: Edge, aws: Callable[..., Any]) -> str:
    """The id of a service `orders` in `shop.local`, with one healthy and one unhealthy instance."""
    cloud = aws("servicediscovery")
    operation = cloud.create_private_dns_namespace(Name="shop.local", Vpc="vpc-1")["OperationId"]
    edge.run(edge.house.settle())
    done = cloud.get_operation(OperationId=operation)["Operation"]
    assert (done["Status"], done["Type"]) == ("SUCCESS", "CREATE_NAMESPACE")
    service = cloud.create_service(
        Name="orders",
        NamespaceId=done["Targets"]["NAMESPACE"],
        DnsConfig=RECORDS,
        HealthCheckCustomConfig={"FailureThreshold": 1},
        Tags=[{"Key": "team", "Value": "shop"}],
    )["Service"]
    for number, health in ((5, "HEALTHY"), (6, "UNHEALTHY")):
        cloud.register_instance(
            ServiceId=service["Id"],
            InstanceId=f"task{number}",
            Attributes={"AWS_INSTANCE_IPV4": f"10.200.0.{number}", "AWS_INIT_HEALTH_STATUS": health},
        )
    edge.run(edge.house.settle())
    return str(service["Id"])


def test_instances_are_discovered(edge: Edge, aws: Callable[..., Any], orders: str) -> None:
    cloud = aws("servicediscovery")
    named = {"NamespaceName": "shop.local", "ServiceName": "orders"}
    found = cloud.discover_instances(**named)
    assert [one["InstanceId"] for one in found["Instances"]] == ["task5"]
    assert found["Instances"][0]["Attributes"]["AWS_INSTANCE_IPV4"] == "10.200.0.5"
    assert len(cloud.discover_instances(**named, HealthStatus="ALL")["Instances"]) == 2
    assert cloud.discover_instances_revision(**named)["InstancesRevision"] == found["InstancesRevision"]
    assert edge.house.dns.records("orders.shop.local") == ["10.200.0.5"]


def test_everything_is_described(edge: Edge, aws: Callable[..., Any], orders: str) -> None:
    cloud = aws("servicediscovery")
    service = cloud.get_service(Id=orders)["Service"]
    assert (service["InstanceCount"], service["Type"]) == (2, "DNS_HTTP")
    assert service["DnsConfig"]["DnsRecords"] == RECORDS["DnsRecords"]
    assert cloud.get_namespace(Id=service["NamespaceId"])["Namespace"]["ServiceCount"] == 1
    assert cloud.list_namespaces()["Namespaces"][0]["Properties"]["DnsProperties"]["SOA"] == {"TTL": 15}
    filters = [{"Name": "NAMESPACE_ID", "Values": [service["NamespaceId"]]}]
    assert [one["Id"] for one in cloud.list_services(Filters=filters)["Services"]] == [orders]
    pages = cloud.get_paginator("list_instances").paginate(ServiceId=orders, PaginationConfig={"PageSize": 1})
    assert [one["Id"] for page in pages for one in page["Instances"]] == ["task5", "task6"]
    assert cloud.get_instance(ServiceId=orders, InstanceId="task5")["Instance"]["Id"] == "task5"
    states = cloud.get_instances_health_status(ServiceId=orders)["Status"]
    assert states == {"task5": "HEALTHY", "task6": "UNHEALTHY"}
    statuses = [one["Status"] for one in cloud.list_operations()["Operations"]]
    assert statuses == ["SUCCESS"] * 3
    tags = cloud.list_tags_for_resource(ResourceARN=service["Arn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "shop"}]


def test_everything_is_changed_and_removed(edge: Edge, aws: Callable[..., Any], orders: str) -> None:
    cloud = aws("servicediscovery")
    service = cloud.get_service(Id=orders)["Service"]
    cloud.update_instance_custom_health_status(ServiceId=orders, InstanceId="task6", Status="HEALTHY")
    change = {"Description": "Orders", "DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 60}]}}
    cloud.update_service(Id=orders, Service=change)
    cloud.update_service_attributes(ServiceId=orders, Attributes={"owner": "shop"})
    shown = cloud.get_service_attributes(ServiceId=orders)["ServiceAttributes"]
    assert shown["Attributes"] == {"owner": "shop"}
    cloud.delete_service_attributes(ServiceId=orders, Attributes=["owner"])
    cloud.update_private_dns_namespace(
        Id=service["NamespaceId"],
        Namespace={"Description": "Shop", "Properties": {"DnsProperties": {"SOA": {"TTL": 60}}}},
    )
    cloud.tag_resource(ResourceARN=service["Arn"], Tags=[{"Key": "a", "Value": "b"}])
    cloud.untag_resource(ResourceARN=service["Arn"], TagKeys=["team"])
    for task in ("task5", "task6"):
        cloud.deregister_instance(ServiceId=orders, InstanceId=task)
    cloud.delete_service(Id=orders)
    cloud.delete_namespace(Id=service["NamespaceId"])
    edge.run(edge.house.settle())
    assert cloud.list_namespaces()["Namespaces"] == []
    assert edge.house.dns.sources["servicediscovery"].zones == ()


def test_errors_are_typed(aws: Callable[..., Any], orders: str) -> None:
    cloud = aws("servicediscovery")
    with pytest.raises(cloud.exceptions.NamespaceAlreadyExists) as taken:
        cloud.create_http_namespace(Name="shop.local")
    assert taken.value.response["NamespaceId"].startswith("ns-")
    with pytest.raises(cloud.exceptions.ResourceInUse, match="registered instances"):
        cloud.delete_service(Id=orders)
    with pytest.raises(cloud.exceptions.ServiceNotFound):
        cloud.get_service(Id="srv-nope")
    with pytest.raises(ClientError) as bad:
        cloud.list_instances(ServiceId=orders, NextToken="nonsense")
    assert bad.value.response["Error"]["Code"] == "InvalidInput"


def test_the_cli_discovers_instances(edge: Edge, orders: str) -> None:
    # Else the CLI puts `data-` before the endpoint's host, here an address.
    environment = {**edge.environment, "AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}
    cli = str(Path(sys.executable).parent / "aws")
    named = ["--namespace-name", "shop.local", "--service-name", "orders"]
    done = subprocess.run(
        [cli, "servicediscovery", "discover-instances", *named],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert [one["InstanceId"] for one in json.loads(done.stdout)["Instances"]] == ["task5"], done.stderr
