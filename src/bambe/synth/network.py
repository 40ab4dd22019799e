"""The network stack on AWS: a VPC over some zones, and the ways out of its private subnets.

VPC ─┬─ PublicSubnet1..3   ── PublicRoutes     ── InternetGateway
     └─ PrivateSubnet1..3  ── PrivateRoutes1.. ── Nat1.., EndpointS3; beside the tasks EndpointEcrApi, ...
"""

from __future__ import annotations

from typing import Any

from bambe.project import Project
from bambe.project.network import endpoints
from bambe.synth.logs import log_group
from bambe.synth.names import Names
from bambe.synth.roles import HERE, allow, arn, role

Resource = dict[str, Any]
ANYWHERE = "0.0.0.0/0"
GATEWAYS = ("s3",)
"""AWS services reached through the route tables, without a price."""
OUTPUTS = ("VpcId", "PublicSubnetIds", "PrivateSubnetIds")


def network_template(project: Project) -> dict[str, Any]:
    """The template of the stack `<project>-network`; it has no parameters."""
    names = Names.of(project)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{project.project}: its network (made by Bambe)",
        "Resources": {
            **_vpc(project, names),
            **_public(project, names),
            **_private(project, names),
            **_nat(project, names),
            **_endpoints(project, names),
            **(_flow_logs(project, names) if project.network.flow_logs else {}),
        },
        "Outputs": {
            "VpcId": {"Value": {"Ref": "Vpc"}},
            "PublicSubnetIds": {"Value": _joined("Public", project.network.zones)},
            "PrivateSubnetIds": {"Value": _joined("Private", project.network.zones)},
        },
    }


def _joined(kind: str, zones: int) -> Resource:
    return {"Fn::Join": [",", [{"Ref": f"{kind}Subnet{zone}"} for zone in range(1, zones + 1)]]}


def _resource(kind: str, properties: Resource, after: str = "") -> Resource:
    made: Resource = {"Type": f"AWS::EC2::{kind}", "Properties": properties}
    return made | ({"DependsOn": [after]} if after else {})


def _tagged(names: Names, what: str) -> Resource:
    return {"Tags": [{"Key": "Name", "Value": f"{names.project}-{what}"}]}


def _vpc(project: Project, names: Names) -> dict[str, Resource]:
    said = {"CidrBlock": project.network.cidr, "EnableDnsSupport": True, "EnableDnsHostnames": True}
    attached = {"VpcId": {"Ref": "Vpc"}, "InternetGatewayId": {"Ref": "InternetGateway"}}
    return {
        "Vpc": _resource("VPC", {**said, **_tagged(names, "vpc")}),
        "InternetGateway": _resource("InternetGateway", _tagged(names, "internet")),
        "InternetAttached": _resource("VPCGatewayAttachment", attached),
    }


def _subnets(project: Project, names: Names, kind: str, ranges: list[str]) -> dict[str, Resource]:
    return {
        f"{kind}Subnet{zone}": _resource(
            "Subnet",
            {
                "VpcId": {"Ref": "Vpc"},
                "CidrBlock": cidr,
                "AvailabilityZone": {"Fn::Select": [zone - 1, {"Fn::GetAZs": ""}]},
                # A task says itself whether it has a public address.
                "MapPublicIpOnLaunch": False,
                **_tagged(names, f"{kind.lower()}-{zone}"),
            },
        )
        for zone, cidr in enumerate(ranges, 1)
    }


def _public(project: Project, names: Names) -> dict[str, Resource]:
    ranges, _ = project.network.subnets()
    out = {"RouteTableId": {"Ref": "PublicRoutes"}, "DestinationCidrBlock": ANYWHERE}
    return {
        **_subnets(project, names, "Public", ranges),
        "PublicRoutes": _table(names, "public"),
        "PublicRoute": _resource(
            "Route", {**out, "GatewayId": {"Ref": "InternetGateway"}}, "InternetAttached"
        ),
        **{
            f"PublicSubnet{zone}Routes": _association(f"PublicSubnet{zone}", "PublicRoutes")
            for zone in _zones(project)
        },
    }


def _private(project: Project, names: Names) -> dict[str, Resource]:
    _, ranges = project.network.subnets()
    return {
        **_subnets(project, names, "Private", ranges),
        **{table: _table(names, f"private-{table[-1]}") for table in _private_tables(project)},
        **{
            f"PrivateSubnet{zone}Routes": _association(f"PrivateSubnet{zone}", _private_table(project, zone))
            for zone in _zones(project)
        },
    }


def _zones(project: Project) -> range:
    return range(1, project.network.zones + 1)


def _private_table(project: Project, zone: int) -> str:
    """The route table of a zone's private subnet: its own where it has a NAT gateway of its own."""
    return f"PrivateRoutes{zone if project.network.nat == 'per_zone' else 1}"


def _private_tables(project: Project) -> list[str]:
    return sorted({_private_table(project, zone) for zone in _zones(project)})


def _table(names: Names, what: str) -> Resource:
    return _resource("RouteTable", {"VpcId": {"Ref": "Vpc"}, **_tagged(names, what)})


def _association(subnet: str, table: str) -> Resource:
    said = {"SubnetId": {"Ref": subnet}, "RouteTableId": {"Ref": table}}
    return _resource("SubnetRouteTableAssociation", said)


def _nat(project: Project, names: Names) -> dict[str, Resource]:
    if project.network.nat == "none":
        return {}
    made: dict[str, Resource] = {}
    for table in _private_tables(project):
        zone = table[-1]
        address = {"Fn::GetAtt": [f"NatAddress{zone}", "AllocationId"]}
        gateway = {"AllocationId": address, "SubnetId": {"Ref": f"PublicSubnet{zone}"}}
        out = {"RouteTableId": {"Ref": table}, "DestinationCidrBlock": ANYWHERE}
        made |= {
            f"NatAddress{zone}": _resource(
                "EIP", {"Domain": "vpc", **_tagged(names, f"nat-{zone}")}, "InternetAttached"
            ),
            f"Nat{zone}": _resource(
                "NatGateway", {**gateway, **_tagged(names, f"nat-{zone}")}, "InternetAttached"
            ),
            f"PrivateRoute{zone}": _resource("Route", {**out, "NatGatewayId": {"Ref": f"Nat{zone}"}}),
        }
    return made


def _endpoints(project: Project, names: Names) -> dict[str, Resource]:
    wanted = endpoints(project)
    made = {_endpoint_id(one): _endpoint(project, one) for one in wanted}
    if set(wanted) - set(GATEWAYS):
        made["EndpointSecurityGroup"] = _endpoint_group(project, names)
    return made


def _endpoint_id(service: str) -> str:
    return "Endpoint" + "".join(part.capitalize() for part in service.split("."))


def _endpoint(project: Project, service: str) -> Resource:
    said: Resource = {
        "VpcId": {"Ref": "Vpc"},
        "ServiceName": {"Fn::Sub": f"com.amazonaws.${{AWS::Region}}.{service}"},
    }
    if service in GATEWAYS:
        tables = [{"Ref": table} for table in _private_tables(project)]
        return _resource("VPCEndpoint", {**said, "VpcEndpointType": "Gateway", "RouteTableIds": tables})
    beside = {
        "VpcEndpointType": "Interface",
        "PrivateDnsEnabled": True,
        "SubnetIds": [{"Ref": f"PrivateSubnet{zone}"} for zone in _zones(project)],
        "SecurityGroupIds": [{"Fn::GetAtt": ["EndpointSecurityGroup", "GroupId"]}],
    }
    return _resource("VPCEndpoint", {**said, **beside})


def _endpoint_group(project: Project, names: Names) -> Resource:
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    properties = {
        "GroupDescription": f"{names.project}: AWS services inside the VPC",
        "VpcId": {"Ref": "Vpc"},
        "SecurityGroupIngress": [{"Description": "HTTPS", **https, "CidrIp": project.network.cidr}],
        "SecurityGroupEgress": [{"Description": "answers only", **https, "CidrIp": project.network.cidr}],
    }
    return _resource("SecurityGroup", properties)


def _flow_logs(project: Project, names: Names) -> dict[str, Resource]:
    group = f"/vpc/{names.project}"
    streams = arn(f"logs:{HERE}:log-group:{group}:log-stream:*")
    rights = [
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], streams),
        allow(["logs:DescribeLogStreams"], arn(f"logs:{HERE}:log-group:{group}")),
        # IAM knows no narrower resource of DescribeLogGroups.
        allow(["logs:DescribeLogGroups"], "*"),
    ]
    said = {
        "ResourceId": {"Ref": "Vpc"},
        "ResourceType": "VPC",
        "TrafficType": "ALL",
        "LogGroupName": {"Ref": "FlowLogGroup"},
        "DeliverLogsPermissionArn": {"Fn::GetAtt": ["FlowLogRole", "Arn"]},
    }
    source = f"ec2:{HERE}:vpc-flow-log/*"
    return {
        "FlowLogGroup": log_group(project, group),
        "FlowLogRole": role(names.flow_log_role, "vpc-flow-logs.amazonaws.com", rights, source),
        "FlowLog": _resource("FlowLog", said),
    }
