"""What the command line finds out of a Kafka cluster whose access is a user and a password."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bambe.cli.cluster import Cluster, cluster_of
from bambe.cli.place import Local
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble
from bambe.cli.ways import in_use
from bambe.project import parse
from tests.api.conftest import Edge

PROJECT = parse("""
project: shop
events: {access: scram}
services: {orders: {path: s/orders, port: 80, route: default}}
""")
BROKERS = {"InstanceType": "kafka.t3.small", "ClientSubnets": ["subnet-1"]}


@pytest.fixture
def target(edge: Edge, tmp_path: Path) -> Target:
    services = ("ecs", "kafka", "secretsmanager", "ssm")
    return Target(tmp_path, PROJECT, Local(tmp_path), {one: edge.aws(one) for one in services})


def cluster(edge: Edge, **access: Any) -> None:
    """The project's cluster, once it is ACTIVE."""
    edge.aws("kafka").create_cluster(
        ClusterName="shop",
        KafkaVersion="3.9.x",
        NumberOfBrokerNodes=1,
        BrokerNodeGroupInfo=BROKERS,
        ClientAuthentication=access,
    )
    edge.run(edge.house.advance(10, 0.5))


def test_it_comes_to_the_brokers_as_a_user_of_its_own(edge: Edge, target: Target) -> None:
    cluster(edge, Sasl={"Scram": {"Enabled": True}})
    there: Cluster = cluster_of(target)
    with pytest.raises(Trouble, match=r"no secret AmazonMSK_shop_bambe.cli .*run `bambe up`"):
        there.settings()
    value = json.dumps({"username": "bambe.cli", "password": "here"})
    edge.aws("secretsmanager").create_secret(Name="AmazonMSK_shop_bambe.cli", SecretString=value)
    said = there.settings()
    assert said.pop("bootstrap.servers").endswith(":9196")
    assert said.pop("ssl.ca.pem").startswith("authority of")
    assert said == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "bambe.cli",
        "sasl.password": "here",
    }


def test_tasks_are_told_by_the_access_that_is_wanted(edge: Edge, target: Target) -> None:
    cluster(edge, Sasl={"Scram": {"Enabled": True}})
    assert cluster_of(target).tell_tasks()
    found = edge.aws("ssm").get_parameter(Name="/shop/kafka/bootstrap-servers-scram")["Parameter"]["Value"]
    assert found.endswith(".amazonaws.com:9096")
    assert not cluster_of(target).tell_tasks(), "nothing has changed"


def test_a_cluster_that_is_not_as_bambe_yml_says_yet(edge: Edge, target: Target) -> None:
    cluster(edge)
    with pytest.raises(Trouble, match=r"no brokers for `access: scram` yet: run `bambe up`"):
        cluster_of(target).settings()


def test_running_tasks_say_by_which_access_they_come(edge: Edge, target: Target) -> None:
    ecs = edge.aws("ecs")
    ecs.create_cluster(clusterName="shop")
    for family, protocol in (("orders", "SSL"), ("notifier", "SASL_SSL"), ("idle", "PLAINTEXT"), ("web", "")):
        environment = [{"name": "KAFKA_SECURITY_PROTOCOL", "value": protocol}] if protocol else []
        container = {"name": family, "image": "localhost:4566/shop:1", "environment": environment}
        ecs.register_task_definition(
            family=family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[container],
        )
        if family != "idle":
            network = {"subnets": [edge.aws("ec2").describe_subnets()["Subnets"][0]["SubnetId"]]}
            ecs.run_task(
                cluster="shop",
                taskDefinition=family,
                launchType="FARGATE",
                networkConfiguration={"awsvpcConfiguration": network},
            )
    edge.run(edge.house.settle())
    assert in_use(target) == {"tls": {"orders"}, "scram": {"notifier"}}
