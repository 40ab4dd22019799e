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


def test_a_network_by_stock_clients(edge: Edge, ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.get_waiter("vpc_available").wait(VpcIds=[vpc])
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    edge.run(edge.house.advance(2))
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat])
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.eu-central-1.s3", RouteTableIds=[table]
    )["VpcEndpoint"]["VpcEndpointId"]
    flows = ec2.create_flow_logs(
        ResourceIds=[subnet], ResourceType="Subnet", TrafficType="ALL", LogGroupName="flows",
        DeliverLogsPermissionArn="arn:aws:iam::000000000000:role/flows",
    )["FlowLogIds"]  # fmt: skip
    with pytest.raises(ClientError) as caught:
        ec2.delete_vpc(VpcId=vpc)
    assert caught.value.response["Error"]["Code"] == "DependencyViolation"
    assert [one["VpcId"] for one in ec2.get_paginator("describe_vpcs").paginate().search("Vpcs")][1] == vpc
    ec2.delete_flow_logs(FlowLogIds=flows)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    ec2.delete_nat_gateway(NatGatewayId=nat)
    edge.run(edge.house.advance(2))
    assert ec2.describe_vpc_endpoints()["VpcEndpoints"] == []


def test_the_whole_network_is_shown(edge: Edge, ec2: Any) -> None:
    """Every answer is as AWS's model says it: the edge checks each."""
    for name in (
        "addresses", "availability_zones", "flow_logs", "internet_gateways", "nat_gateways", "prefix_lists",
        "route_tables", "security_group_rules", "security_groups", "subnets", "tags",
        "vpc_endpoint_services", "vpc_endpoints", "vpcs",
    ):  # fmt: skip
        getattr(ec2, f"describe_{name}")()


def test_ecs_and_load_balancers_check_what_they_are_given(edge: Edge, ec2: Any) -> None:
    ecs, elb = edge.aws("ecs"), edge.aws("elbv2")
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(**DEFINITION)
    default = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    own = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"]
        for number in range(2)
    ]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]

    def refused(operation: Any, **parameters: Any) -> str:
        with pytest.raises(ClientError) as caught:
            operation(**parameters)
        error = caught.value.response["Error"]
        return f"{error['Code']}: {error['Message']}"

    def run(subnets: list[str], groups: list[str]) -> str:
        network = {"awsvpcConfiguration": {"subnets": subnets, "securityGroups": groups}}
        return refused(ecs.run_task, cluster="shop", taskDefinition="web", networkConfiguration=network)

    assert run(["subnet-1"], []) == (
        "InvalidParameterException: Error retrieving subnet information for [subnet-1]: The subnet ID "
        "'subnet-1' does not exist (ErrorCode: InvalidSubnetID.NotFound)"
    )
    assert "ErrorCode: InvalidGroup.NotFound" in run(default, ["sg-1"])
    assert "same VPC" in run(default, [group])
    assert "same VPC" in run([default[0], own[0]], [])
    balancer = elb.create_load_balancer
    assert refused(balancer, Name="a", Subnets=own) == f"InvalidSubnet: VPC {vpc} has no internet gateway"
    assert refused(balancer, Name="a", Subnets=default, SecurityGroups=[group]).startswith(
        "InvalidSecurityGroup"
    )
    assert refused(balancer, Name="a", Subnets=[default[0], own[0]]).startswith("InvalidConfigurationRequest")
    elb.create_load_balancer(Name="inside", Subnets=own, Scheme="internal", SecurityGroups=[group])
    target = {"Name": "t", "Protocol": "HTTP", "Port": 80, "TargetType": "ip", "VpcId": "vpc-1"}
    assert refused(elb.create_target_group, **target).startswith("ValidationError")
