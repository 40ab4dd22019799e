"""EC2's network as stock clients see it, and the interfaces of ECS tasks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.conftest import Edge
from tests.api.test_ecs import DEFINITION


@pytest.fixture
def ec2(edge: Edge) -> Any:
    return edge.aws("ec2")


def test_the_cli_finds_default_subnets(edge: Edge) -> None:
    ran = edge.cli("ec2", "describe-subnets", "--filters", "Name=default-for-az,Values=true")
    subnets = json.loads(ran.stdout)["Subnets"]
    assert [one["AvailabilityZone"] for one in subnets] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    assert {one["VpcId"] for one in subnets} == {edge.aws("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]}


def test_a_security_group_and_its_rules(ec2: Any) -> None:
    tags = [{"ResourceType": "security-group", "Tags": [{"Key": "team", "Value": "a"}]}]
    group = ec2.create_security_group(GroupName="web", Description="d", TagSpecifications=tags)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": group}]}
    answer = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    assert answer["SecurityGroupRules"][0]["ReferencedGroupInfo"]["GroupId"] == group
    (shown,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert shown["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group
    assert shown["Tags"] == [{"Key": "team", "Value": "a"}]
    ec2.delete_security_group(GroupId=group)


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("describe_vpcs", {"VpcIds": ["vpc-1"]}, "InvalidVpcID.NotFound"),
        ("describe_subnets", {"SubnetIds": ["subnet-1"]}, "InvalidSubnetID.NotFound"),
        ("describe_security_groups", {"GroupIds": ["sg-1"]}, "InvalidGroup.NotFound"),
        (
            "create_security_group",
            {"GroupName": "g", "Description": "d", "VpcId": "vpc-1"},
            "InvalidVpcID.NotFound",
        ),
    ],
)
def test_what_does_not_exist(ec2: Any, operation: str, parameters: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(ec2, operation)(**parameters)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_tasks_have_network_interfaces(edge: Edge, ec2: Any) -> None:
    ecs = edge.aws("ecs")
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(**DEFINITION)
    subnet = ec2.describe_subnets()["Subnets"][1]
    network = {"awsvpcConfiguration": {"subnets": [subnet["SubnetId"]]}}
    ecs.run_task(cluster="shop", taskDefinition="web", launchType="FARGATE", networkConfiguration=network)
    edge.run(edge.house.advance(3))
    (interface,) = ec2.describe_network_interfaces()["NetworkInterfaces"]
    (task,) = ecs.describe_tasks(cluster="shop", tasks=ecs.list_tasks(cluster="shop")["taskArns"])["tasks"]
    details = {one["name"]: one["value"] for one in task["attachments"][0]["details"]}
    assert interface["NetworkInterfaceId"] == details["networkInterfaceId"]
    assert interface["PrivateIpAddress"] == details["privateIPv4Address"]
    assert interface["AvailabilityZone"] == subnet["AvailabilityZone"]
    filters = [{"Name": "network-interface-id", "Values": [interface["NetworkInterfaceId"]]}]
    assert len(ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]) == 1
