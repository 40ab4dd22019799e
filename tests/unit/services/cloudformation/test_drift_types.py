"""Drift of every type of the templates: nothing where nobody touched it, each touch where it was made."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from bambe.project import parse
from bambe.services import resource_types
from bambe.synth import Stack, stacks
from tests.judges import matrix
from tests.support.house import House
from tests.unit.services.cloudformation.test_aws_stacks import make
from tests.unit.services.cloudformation.test_drift import detected, drifts
from tests.unit.services.cloudformation.test_shop import NAMES, create
from tests.unit.services.cloudformation.test_stacks import create as create_stack
from tests.unit.services.ec2.test_stack import RESOURCES as NETWORK
from tests.unit.services.ec2.test_stack import template as network_template

NOT_CHECKED = {"AWS::CDK::Metadata": "nothing is made of it"}
"""Types without a reader, each with the reason."""
FULL = matrix.FULL.replace("CONNECTION", matrix.CONNECTION).replace("9090", "8080")
MADE = {"bare": matrix.BARE.replace("80,", "8080,"), "full": FULL}
"""Those of the matrix that need nothing which is there already; on the port of our task definitions."""


def types_of(stack: Stack) -> set[str]:
    return {str(one["Type"]) for one in stack.template["Resources"].values()}


def test_every_type_can_be_read_back() -> None:
    used = {
        kind for project in matrix.projects().values() for one in stacks(project) for kind in types_of(one)
    }
    types = resource_types()
    assert {kind for kind in types if types[kind].read is None} == set(NOT_CHECKED)
    assert used <= set(types)


@pytest.mark.parametrize("name", MADE)
async def test_of_a_project_just_made_everything_is_in_sync(house: House, name: str) -> None:
    for stack in stacks(parse(MADE[name])):
        await make(house, stack)
        shown = await detected(house, stack.name)
        found = await drifts(house, stack.name)
        wrong = {key: one for key, one in found.items() if one["StackResourceDriftStatus"] != "IN_SYNC"}
        assert {key: one.get("PropertyDifferences") for key, one in wrong.items()} == {}, stack.name
        assert shown["DetectionStatus"] == "DETECTION_COMPLETE", shown
        unchecked = {
            kind for kind in types_of(stack) if kind not in {one["ResourceType"] for one in found.values()}
        }
        assert unchecked == set()


async def ids(house: House, stack: str) -> dict[str, str]:
    answer = await house.aws.cloudformation.describe_stack_resources(StackName=stack)
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in answer["StackResources"]}


async def seen(house: House, stack: str) -> dict[str, list[str]]:
    """By resource what has drifted: paths, or that it is gone."""
    shown = await detected(house, stack)
    assert shown["DetectionStatus"] == "DETECTION_COMPLETE", shown
    found = await drifts(house, stack, "MODIFIED", "DELETED")
    return {
        name: [path["PropertyPath"] for path in one["PropertyDifferences"]]
        if one["StackResourceDriftStatus"] == "MODIFIED"
        else ["gone"]
        for name, one in found.items()
    }


async def test_every_touch_of_a_network_is_found(house: House) -> None:
    await create_stack(house, json.loads(network_template(NETWORK)))
    await house.advance(120, step=10)
    assert await seen(house, "s") == {}
    there, ec2 = await ids(house, "s"), house.aws.ec2
    await ec2.modify_vpc_attribute(VpcId=there["Vpc"], EnableDnsHostnames={"Value": False})
    await ec2.modify_subnet_attribute(SubnetId=there["Public"], MapPublicIpOnLaunch={"Value": False})
    to = {"RouteTableId": there["Table"], "DestinationCidrBlock": "0.0.0.0/0"}
    await ec2.replace_route(**to, NatGatewayId=there["Nat"])
    await ec2.disassociate_route_table(AssociationId=there["Link"])
    await ec2.modify_vpc_endpoint(VpcEndpointId=there["Storage"], RemoveRouteTableIds=[there["Table"]])
    await ec2.modify_vpc_endpoint(VpcEndpointId=there["Logs"], PrivateDnsEnabled=False)
    await ec2.delete_flow_logs(FlowLogIds=[there["Flows"]])
    group = there["Data"]
    other = {"SecurityGroupRuleId": there["FromWeb"], "Description": "from anybody"}
    await ec2.update_security_group_rule_descriptions_ingress(
        GroupId=group, SecurityGroupRuleDescriptions=[other]
    )
    await ec2.revoke_security_group_egress(GroupId=there["Web"], SecurityGroupRuleIds=[there["ToData"]])
    assert await seen(house, "s") == {
        "Flows": ["gone"],
        "FromWeb": ["/Description"],
        "Link": ["gone"],
        "Logs": ["/PrivateDnsEnabled"],
        "Out": ["/GatewayId"],
        "Public": ["/MapPublicIpOnLaunch"],
        "Storage": ["/RouteTableIds/0"],
        "ToData": ["gone"],
        "Vpc": ["/EnableDnsHostnames"],
    }
    await ec2.delete_route(**to)
    await ec2.delete_nat_gateway(NatGatewayId=there["Nat"])
    await ec2.delete_vpc_endpoints(VpcEndpointIds=[there["Storage"]])
    await house.advance(600, step=30)
    found = await seen(house, "s")
    assert found["Out"] == found["Nat"] == found["Storage"] == ["gone"]
    await ec2.release_address(AllocationId=(await ec2.describe_addresses())["Addresses"][0]["AllocationId"])
    await ec2.detach_internet_gateway(InternetGatewayId=there["Gateway"], VpcId=there["Vpc"])
    await ec2.delete_internet_gateway(InternetGatewayId=there["Gateway"])
    await ec2.delete_subnet(SubnetId=there["Public"])
    found = await seen(house, "s")
    assert found["Address"] == found["Attachment"] == found["Gateway"] == found["Public"] == ["gone"]


async def test_every_touch_of_a_kafka_cluster_and_its_users_is_found(house: House) -> None:
    for stack in (NAMES.shared_stack, NAMES.events_stack):
        await create(house, stack)
    there, kafka = await ids(house, NAMES.events_stack), house.aws.kafka
    topics = {name: one for name, one in there.items() if name.startswith("Topic")}
    topic, arn = min(topics), there["Cluster"]
    current = (await kafka.describe_cluster(ClusterArn=arn))["ClusterInfo"]["CurrentVersion"]
    ways = {"Sasl": {"Scram": {"Enabled": True}}, "Unauthenticated": {"Enabled": True}}
    await kafka.update_security(ClusterArn=arn, CurrentVersion=current, ClientAuthentication=ways)
    await kafka.update_configuration(Arn=there["Configuration"], ServerProperties=b"num.io.threads=9\n")
    configs = base64.b64encode(b"retention.ms=1\n").decode()
    await kafka.update_topic(
        ClusterArn=arn, TopicName=topics[topic].rsplit("/", 1)[-1], PartitionCount=30, Configs=configs
    )
    await kafka.batch_disassociate_scram_secret(ClusterArn=arn, SecretArnList=[there["CliUser"]])
    await house.aws.secretsmanager.delete_secret(SecretId=there["CliUser"])
    await house.aws.kms.disable_key_rotation(KeyId=there["Key"])
    await house.aws.kms.delete_alias(AliasName=there["KeyName"])
    await house.advance(600, step=30)
    assert await seen(house, NAMES.events_stack) == {
        "CliUser": ["gone"],
        "Cluster": ["/ClientAuthentication/Unauthenticated/Enabled"],
        "Configuration": ["/ServerProperties"],
        "Key": ["/EnableKeyRotation"],
        "KeyName": ["gone"],
        topic: ["/Configs", "/PartitionCount"],
        "Users": ["/SecretArnList/0"],
    }
    await house.aws.kms.schedule_key_deletion(KeyId=there["Key"])
    await kafka.delete_topic(ClusterArn=arn, TopicName=topics[topic].rsplit("/", 1)[-1])
    found = await seen(house, NAMES.events_stack)
    assert found["Key"] == found[topic] == ["gone"]


ANYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:Publish"}],
}
NOBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sns:Publish"}],
}
TOPIC = {"Ref": "Topic"}
REST: dict[str, Any] = {
    "Topic": (
        "SNS::Topic",
        {
            "TopicName": "t",
            "DisplayName": "d",
            "Subscription": [{"Protocol": "email", "Endpoint": "a@x.org"}],
        },
    ),
    "Policy": ("SNS::TopicPolicy", {"Topics": [TOPIC], "PolicyDocument": ANYBODY}),
    "Reader": (
        "SNS::Subscription",
        {"TopicArn": TOPIC, "Protocol": "https", "Endpoint": "https://x.org", "RawMessageDelivery": True},
    ),
    "Function": (
        "Lambda::Function",
        {
            "FunctionName": "f",
            "Role": "arn:aws:iam::000000000000:role/r",
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Timeout": "9",
            "Code": {"ZipFile": "def handler(event, context): pass"},
            "Environment": {"Variables": {"WORD": "b"}},
        },
    ),
    "Caller": (
        "Lambda::Permission",
        {
            "FunctionName": {"Ref": "Function"},
            "Action": "lambda:InvokeFunction",
            "Principal": "sns.amazonaws.com",
            "SourceArn": TOPIC,
        },
    ),
    "Cluster": ("ECS::Cluster", {"ClusterName": "c"}),
    "Providers": (
        "ECS::ClusterCapacityProviderAssociations",
        {
            "Cluster": {"Ref": "Cluster"},
            "CapacityProviders": ["FARGATE"],
            "DefaultCapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Weight": "1"}],
        },
    ),
    "Certificate": (
        "CertificateManager::Certificate",
        {"DomainName": "x.org", "SubjectAlternativeNames": ["y.x.org"], "ValidationMethod": "DNS"},
    ),
}


async def test_every_touch_of_what_is_left_is_found(house: House) -> None:
    made = {name: {"Type": f"AWS::{kind}", "Properties": said} for name, (kind, said) in REST.items()}
    await create_stack(house, {"Resources": made})
    await house.advance(60, step=10)
    assert await seen(house, "s") == {}
    there, sns, functions = await ids(house, "s"), house.aws.sns, house.aws.lambda_
    topic = {"TopicArn": there["Topic"]}
    await sns.set_topic_attributes(**topic, AttributeName="DisplayName", AttributeValue="other")
    await sns.set_topic_attributes(**topic, AttributeName="Policy", AttributeValue=json.dumps(NOBODY))
    raw = {"AttributeName": "RawMessageDelivery", "AttributeValue": "false"}
    await sns.set_subscription_attributes(SubscriptionArn=there["Reader"], **raw)
    await functions.update_function_configuration(
        FunctionName="f", Timeout=30, Environment={"Variables": {"WORD": "c"}}
    )
    await functions.remove_permission(FunctionName="f", StatementId=there["Caller"])
    await functions.add_permission(
        FunctionName="f", StatementId=there["Caller"], Action="lambda:InvokeFunction", Principal="*"
    )
    await house.aws.acm.delete_certificate(CertificateArn=there["Certificate"])
    await house.aws.ecs.put_cluster_capacity_providers(
        cluster="c", capacityProviders=[], defaultCapacityProviderStrategy=[]
    )
    assert await seen(house, "s") == {
        "Caller": ["/Principal", "/SourceArn"],
        "Certificate": ["gone"],
        "Function": ["/Environment/Variables/WORD", "/Timeout"],
        "Policy": ["/PolicyDocument/Statement/0/Effect"],
        "Providers": ["/CapacityProviders/0", "/DefaultCapacityProviderStrategy/0"],
        "Reader": ["/RawMessageDelivery"],
        "Topic": ["/DisplayName"],
    }
    await functions.remove_permission(FunctionName="f", StatementId=there["Caller"])
    await sns.unsubscribe(SubscriptionArn=there["Reader"])
    found = await seen(house, "s")
    assert found["Caller"] == found["Reader"] == ["gone"]
    await functions.delete_function(FunctionName="f")
    await sns.delete_topic(**topic)
    found = await seen(house, "s")
    assert found["Function"] == found["Topic"] == found["Policy"] == ["gone"]


SCALES = """
project: shop
network: {nat: none}
services:
  gateway:
    path: s
    port: 8080
    route: default
    scaling: {min: 2, max: 10, cpu: 60, requests: 500}
    schedule: [{cron: "0 20 ? * MON-FRI *", tasks: 0}]
"""


async def test_every_touch_of_scaling_is_found(house: House) -> None:
    for stack in stacks(parse(SCALES)):
        await make(house, stack)
    stack, there = "shop-gateway", await ids(house, "shop-gateway")
    resource, dimension, namespace = there["Scale"].split("|")
    named = {"ServiceNamespace": namespace, "ResourceId": resource, "ScalableDimension": dimension}
    scaling = house.aws.application_autoscaling
    await scaling.register_scalable_target(**named, MaxCapacity=99)
    await scaling.delete_scheduled_action(**named, ScheduledActionName="gateway-1")
    await scaling.delete_scaling_policy(**named, PolicyName="gateway-requests")
    predefined = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    await scaling.put_scaling_policy(
        **named,
        PolicyName="gateway-cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 12.0,
            "PredefinedMetricSpecification": predefined,
        },
    )
    found = await seen(house, stack)
    assert found == {
        "Scale": ["/MaxCapacity", "/ScheduledActions/0"],
        "ScaleByCpu": ["/TargetTrackingScalingPolicyConfiguration/TargetValue"],
        "ScaleByRequests": ["gone"],
    }


async def test_looks_are_forgotten_after_a_day_and_so_is_what_the_stack_no_longer_has(house: House) -> None:
    kept = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/a"}}
    going = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/b"}}
    await create_stack(house, {"Resources": {"Kept": kept, "Going": going}})
    await house.aws.logs.delete_log_group(logGroupName="/b")
    assert await seen(house, "s") == {"Going": ["gone"]}
    shown = await detected(house, "s")
    body = json.dumps({"Resources": {"Kept": kept}})
    await house.aws.cloudformation.update_stack(StackName="s", TemplateBody=body)
    await house.advance(2)
    assert await seen(house, "s") == {}
    await house.advance(2 * 24 * 3600, step=6 * 3600)
    with pytest.raises(AwsError, match="does not exist"):
        await house.aws.cloudformation.describe_stack_drift_detection_status(
            StackDriftDetectionId=shown["StackDriftDetectionId"]
        )
    assert list(await drifts(house, "s")) == ["Kept"]


async def test_a_look_at_many_resources_goes_on_after_the_daemons_death(house: House) -> None:
    many = {
        f"Logs{number}": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"/{number}"}}
        for number in range(120)
    }
    await create_stack(house, {"Resources": many})
    await house.aws.logs.delete_log_group(logGroupName="/7")
    cloudformation = house.aws.cloudformation
    id = (await cloudformation.detect_stack_drift(StackName="s"))["StackDriftDetectionId"]
    with pytest.raises(AwsError, match="already in progress"):
        await cloudformation.detect_stack_drift(StackName="s")
    house.restart()
    await house.settle()
    shown = await cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=id)
    assert (shown["DetectionStatus"], shown["DriftedStackResourceCount"]) == ("DETECTION_COMPLETE", 1)
    found, page = list[str](), await cloudformation.describe_stack_resource_drifts(StackName="s")
    while page:
        found += [one["LogicalResourceId"] for one in page["StackResourceDrifts"]]
        token = page.get("NextToken")
        page = token and await cloudformation.describe_stack_resource_drifts(StackName="s", NextToken=token)
    assert sorted(found) == sorted(many)
