"""A whole network from a template: made in order, changed in place, replaced where AWS says so, deleted."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.support.house import House

SUBNET: dict[str, Any] = {"VpcId": {"Ref": "Vpc"}, "MapPublicIpOnLaunch": True}
ZONE = {"Fn::Select": [0, {"Fn::GetAZs": ""}]}
RESOURCES: dict[str, Any] = {
    "Vpc": ("VPC", {"CidrBlock": "10.9.0.0/16", "EnableDnsHostnames": True}),
    "Gateway": ("InternetGateway", {}),
    "Attachment": (
        "VPCGatewayAttachment",
        {"VpcId": {"Ref": "Vpc"}, "InternetGatewayId": {"Ref": "Gateway"}},
    ),
    "Public": ("Subnet", {**SUBNET, "CidrBlock": "10.9.0.0/24", "AvailabilityZone": ZONE}),
    "Private": ("Subnet", {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.1.0/24"}),
    "Table": ("RouteTable", {"VpcId": {"Ref": "Vpc"}, "Tags": [{"Key": "Name", "Value": "out"}]}),
    "Out": (
        "Route",
        {
            "RouteTableId": {"Ref": "Table"},
            "DestinationCidrBlock": "0.0.0.0/0",
            "GatewayId": {"Ref": "Gateway"},
        },
    ),
    "Link": (
        "SubnetRouteTableAssociation",
        {"RouteTableId": {"Ref": "Table"}, "SubnetId": {"Ref": "Public"}},
    ),
    "Address": ("EIP", {"Domain": "vpc"}),
    "Nat": (
        "NatGateway",
        {"SubnetId": {"Ref": "Public"}, "AllocationId": {"Fn::GetAtt": ["Address", "AllocationId"]}},
    ),
    "Storage": (
        "VPCEndpoint",
        {
            "VpcId": {"Ref": "Vpc"},
            "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"},
            "RouteTableIds": [{"Ref": "Table"}],
        },
    ),
    "Logs": (
        "VPCEndpoint",
        {
            "VpcId": {"Ref": "Vpc"},
            "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.logs"},
            "VpcEndpointType": "Interface",
            "PrivateDnsEnabled": True,
            "SubnetIds": [{"Ref": "Private"}],
            "SecurityGroupIds": [{"Ref": "Web"}],
        },
    ),
    "Flows": (
        "FlowLog",
        {
            "ResourceId": {"Ref": "Vpc"},
            "ResourceType": "VPC",
            "TrafficType": "REJECT",
            "LogGroupName": "flows",
            "DeliverLogsPermissionArn": "arn:aws:iam::000000000000:role/flows",
        },
    ),
    "Web": ("SecurityGroup", {"GroupDescription": "web", "VpcId": {"Ref": "Vpc"}}),
    "Data": (
        "SecurityGroup",
        {
            "GroupDescription": "data",
            "VpcId": {"Ref": "Vpc"},
            "SecurityGroupEgress": [{"IpProtocol": "-1", "CidrIp": "127.0.0.1/32"}],
        },
    ),
    "ToData": (
        "SecurityGroupEgress",
        {
            "GroupId": {"Ref": "Web"},
            "IpProtocol": "tcp",
            "FromPort": 5432,
            "ToPort": 5432,
            "DestinationSecurityGroupId": {"Fn::GetAtt": ["Data", "GroupId"]},
        },
    ),
    "FromWeb": (
        "SecurityGroupIngress",
        {
            "GroupId": {"Ref": "Data"},
            "IpProtocol": "tcp",
            "FromPort": 5432,
            "ToPort": 5432,
            "Description": "from web",
            "SourceSecurityGroupId": {"Ref": "Web"},
        },
    ),
}
AFTER = {"Nat": "Attachment", "Out": "Attachment"}


def template(resources: dict[str, Any]) -> str:
    made = {}
    for name, (kind, properties) in resources.items():
        made[name] = {"Type": f"AWS::EC2::{kind}", "Properties": properties}
        if name in AFTER:
            made[name]["DependsOn"] = AFTER[name]
    outputs = {
        "Cidr": {"Value": {"Fn::GetAtt": ["Vpc", "CidrBlock"]}},
        "Default": {"Value": {"Fn::GetAtt": ["Vpc", "DefaultSecurityGroup"]}},
        "Zone": {"Value": {"Fn::GetAtt": ["Public", "AvailabilityZone"]}},
        "Ip": {"Value": {"Ref": "Address"}},
    }
    return json.dumps({"Resources": made, "Outputs": outputs})


async def settled(house: House) -> tuple[str, dict[str, str]]:
    """The stack's status once it rests, and its outputs."""
    for _ in range(60):
        await house.advance(10, step=5)
        (one,) = (await house.aws.cloudformation.describe_stacks(StackName="net"))["Stacks"]
        if not one["StackStatus"].endswith("_IN_PROGRESS"):
            break
    events = (await house.aws.cloudformation.describe_stack_events(StackName="net"))["StackEvents"]
    failed = [str(one) for one in events if one["ResourceStatus"].endswith("_FAILED")]
    outputs = {pair["OutputKey"]: pair["OutputValue"] for pair in one.get("Outputs", ())}
    return "\n".join([one["StackStatus"], *failed]), outputs


async def ids(house: House) -> dict[str, str]:
    found = await house.aws.cloudformation.describe_stack_resources(StackName="net")
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found["StackResources"]}


async def test_a_network_is_made_changed_and_deleted(house: House) -> None:
    cloudformation, ec2 = house.aws.cloudformation, house.aws.ec2
    await cloudformation.create_stack(StackName="net", TemplateBody=template(RESOURCES))
    status, outputs = await settled(house)
    assert status == "CREATE_COMPLETE"
    assert (outputs["Cidr"], outputs["Zone"]) == ("10.9.0.0/16", "eu-central-1a")
    assert outputs["Default"].startswith("sg-")
    assert outputs["Ip"] == "203.0.113.1"
    made = await ids(house)
    assert made["FromWeb"].startswith("sgr-")
    assert made["Out"] == f"{made['Table']}|0.0.0.0/0"

    changed = copy.deepcopy(RESOURCES)
    changed["FromWeb"][1]["Description"] = "from the web"
    changed["Table"][1]["Tags"] = [{"Key": "Name", "Value": "outside"}]
    changed["Private"][1]["CidrBlock"] = "10.9.2.0/24"
    changed["Vpc"][1]["EnableDnsSupport"] = True
    changed["Storage"][1]["RouteTableIds"] = []
    await cloudformation.update_stack(StackName="net", TemplateBody=template(changed))
    assert (await settled(house))[0] == "UPDATE_COMPLETE"
    after = await ids(house)
    assert {name for name in made if made[name] != after[name]} == {"Private"}
    (table,) = (await ec2.describe_route_tables(RouteTableIds=[after["Table"]]))["RouteTables"]
    assert {"Key": "Name", "Value": "outside"} in table["Tags"]
    assert len(table["Routes"]) == 2
    (rule,) = (await ec2.describe_security_group_rules(SecurityGroupRuleIds=[after["FromWeb"]]))[
        "SecurityGroupRules"
    ]
    assert rule["Description"] == "from the web"
    (endpoint,) = (await ec2.describe_vpc_endpoints(VpcEndpointIds=[after["Logs"]]))["VpcEndpoints"]
    assert endpoint["SubnetIds"] == [after["Private"]]

    stack = (await cloudformation.describe_stacks(StackName="net"))["Stacks"][0]["StackId"]
    await cloudformation.delete_stack(StackName="net")
    for _ in range(60):
        await house.advance(10, step=5)
        (one,) = (await cloudformation.describe_stacks(StackName=stack))["Stacks"]
        if not one["StackStatus"].endswith("_IN_PROGRESS"):
            break
    assert one["StackStatus"] == "DELETE_COMPLETE"
    assert [vpc["IsDefault"] for vpc in (await ec2.describe_vpcs())["Vpcs"]] == [True]
    assert (await ec2.describe_addresses())["Addresses"] == []
    assert (await ec2.describe_flow_logs())["FlowLogs"] == []


async def test_overlapping_subnets_fail_the_stack_in_awss_words(house: House) -> None:
    wrong = {name: RESOURCES[name] for name in ("Vpc", "Public")}
    wrong["Other"] = ("Subnet", {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.0.0/25"})
    body = json.loads(template(wrong))
    del body["Outputs"]
    body["Resources"]["Other"]["DependsOn"] = "Public"
    await house.aws.cloudformation.create_stack(StackName="net", TemplateBody=json.dumps(body))
    status, _ = await settled(house)
    assert status.startswith("ROLLBACK_COMPLETE")
    assert "conflicts with another subnet" in status
    assert len((await house.aws.ec2.describe_vpcs())["Vpcs"]) == 1
