"""One service's stack: its target groups and rule, its name, its ECS service, its CodeDeploy group."""

from __future__ import annotations

from typing import Any

from bambe.project import Project
from bambe.synth import native
from bambe.synth.alarms import alarms
from bambe.synth.blue_green import blue_green
from bambe.synth.logs import log_group
from bambe.synth.names import COLOURS, Names, imported, priorities
from bambe.synth.scaling import scaling
from bambe.synth.shift_roles import shift_role
from bambe.synth.tags import heeded

Resource = dict[str, Any]
DNS_TTL = 5
WEIGHTS = ("BlueWeight", "GreenWeight")
"""Parameters: what the rules of a service give each of its COLOURS."""
OWNED = ("Service", "Rule", "TestRule")
"""Resources of which releases own a part."""


def service_template(project: Project, service: str) -> dict[str, Any]:
    """The template of the stack `<project>-<service>`.

    Parameters are VpcId, SubnetIds (the tasks') and what releases own from the first one on: TaskDefinition,
    the WEIGHTS of a pair of target groups, and `native.PRIMARY` of one that ECS shifts. An update passes them
    as they are.
    """
    names = Names.of(project)
    resources = {
        "LogGroup": log_group(project, names.log_group(service)),
        "Name": _name(names, service),
        "SecurityGroup": _security_group(project, names, service),
    }
    if project.services[service].is_public:
        resources |= _traffic(project, names, service)
    resources["Service"] = _service(project, names, service)
    resources |= scaling(project, names, service)
    if project.has_codedeploy(service):
        resources |= blue_green(project, names, service)
    if project.is_native(service):
        shift = shift_role(project, names, service)
        resources |= alarms(project, names, service) | ({"ShiftRole": shift} if shift else {})
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{project.project}: the service {service} (made by Bambe)",
        "Parameters": {
            "VpcId": {"Type": "AWS::EC2::VPC::Id"},
            "SubnetIds": {"Type": "List<AWS::EC2::Subnet::Id>"},
            "TaskDefinition": {"Type": "String", "Description": "the first task definition's ARN"},
            **(_weights() if project.shifts_traffic(service) else {}),
            **native.parameters(project, service),
        },
        **native.conditions(project, service),
        "Resources": resources,
        "Outputs": {"Service": {"Value": {"Fn::GetAtt": ["Service", "Name"]}}},
    }


def _weights() -> dict[str, Resource]:
    """Parameters by which an update leaves the traffic where it is: the first release begins at blue."""
    return {
        name: {"Type": "Number", "Default": first, "Description": "as releases have left it"}
        for name, first in zip(WEIGHTS, (1, 0), strict=True)
    }


def _security_group(project: Project, names: Names, service: str) -> Resource:
    """Who may come in to this service, at its port only: the project's tasks, and the load balancer."""
    wish = project.services[service]
    sources = {"tasks": "TaskSecurityGroup", "the load balancer": "BalancerSecurityGroup"}
    let_in = sources if wish.is_public else {"tasks": "TaskSecurityGroup"}
    port = {"IpProtocol": "tcp", "FromPort": wish.port, "ToPort": wish.port}
    properties = {
        "GroupDescription": f"{names.project}: {service}",
        "VpcId": {"Ref": "VpcId"},
        "SecurityGroupIngress": [
            {"Description": f"from {who}", **port, "SourceSecurityGroupId": imported(names, group)}
            for who, group in let_in.items()
        ],
    }
    return {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}


def _name(names: Names, service: str) -> Resource:
    return {
        "Type": "AWS::ServiceDiscovery::Service",
        "Properties": {
            "Name": service,
            "NamespaceId": imported(names, "Namespace"),
            "DnsConfig": {"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "A", "TTL": DNS_TTL}]},
            "HealthCheckCustomConfig": {"FailureThreshold": 1},
        },
    }


def _traffic(project: Project, names: Names, service: str) -> dict[str, Resource]:
    wish = project.services[service]
    pattern = "/*" if wish.route == "default" else wish.route
    rolling = project.is_rolling(service)
    colours = COLOURS[:1] if rolling else COLOURS
    forward = [
        {
            "TargetGroupArn": {"Ref": f"{colour.capitalize()}Targets"},
            "Weight": 1 if rolling else {"Ref": weight},
        }
        for colour, weight in zip(colours, WEIGHTS, strict=False)
    ]
    groups = {
        f"{colour.capitalize()}Targets": _target_group(project, names, service, colour) for colour in colours
    }

    def rule(listener: str) -> Resource:
        properties = {
            "ListenerArn": imported(names, listener),
            "Priority": priorities(project)[service],
            "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": [pattern]}}],
            "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": forward}}],
        }
        return {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": properties}

    made = {**groups, "Rule": rule("Listener")}
    return made | ({"TestRule": rule("TestListener")} if project.test_port and not rolling else {})


def _target_group(project: Project, names: Names, service: str, colour: str) -> Resource:
    wish = project.services[service]
    return {
        "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Properties": {
            "Name": names.target_group(service, colour),
            "VpcId": {"Ref": "VpcId"},
            "TargetType": "ip",
            "Protocol": "HTTP",
            "Port": wish.port,
            "HealthCheckPath": wish.health.path,
            "HealthCheckIntervalSeconds": int(wish.health.interval.total_seconds()),
            "HealthCheckTimeoutSeconds": int(wish.health.timeout.total_seconds()),
            "HealthyThresholdCount": wish.health.healthy,
            "UnhealthyThresholdCount": wish.health.unhealthy,
            "Matcher": {"HttpCode": wish.health.codes},
            "TargetGroupAttributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}],
        },
    }


def _service(project: Project, names: Names, service: str) -> Resource:
    wish = project.services[service]
    rolling = project.is_rolling(service)
    properties: Resource = {
        "ServiceName": service,
        "Cluster": imported(names, "Cluster"),
        "TaskDefinition": {"Ref": "TaskDefinition"},
        # What scales by its load has the count that it has: an update that named one would set it back.
        **({} if wish.scaling else {"DesiredCount": wish.tasks}),
        "LaunchType": "FARGATE",
        "EnableExecuteCommand": wish.exec,
        "DeploymentController": {"Type": "CODE_DEPLOY" if project.has_codedeploy(service) else "ECS"},
        "NetworkConfiguration": {
            "AwsvpcConfiguration": {
                "AssignPublicIp": "DISABLED" if project.is_private else "ENABLED",
                "Subnets": {"Ref": "SubnetIds"},
                "SecurityGroups": [
                    imported(names, "TaskSecurityGroup"),
                    {"Fn::GetAtt": ["SecurityGroup", "GroupId"]},
                ],
            }
        },
        "ServiceRegistries": [{"RegistryArn": {"Fn::GetAtt": ["Name", "Arn"]}}],
    }
    if rolling:
        properties["DeploymentConfiguration"] = {"MinimumHealthyPercent": 100, "MaximumPercent": 200}
    if project.is_native(service):
        properties["DeploymentConfiguration"] = native.configuration(project, service)
        properties["Tags"] = heeded(project, service)
    resource: Resource = {"Type": "AWS::ECS::Service", "DependsOn": ["LogGroup"], "Properties": properties}
    if wish.is_public:
        properties["LoadBalancers"] = [
            {
                "ContainerName": service,
                "ContainerPort": wish.port,
                "TargetGroupArn": {"Ref": "BlueTargets"},
            }
        ]
        if project.is_native(service):
            properties["LoadBalancers"][0] |= native.pair(project)
        else:
            # ECS takes no target group that no listener leads to.
            resource["DependsOn"].append("Rule")
        properties["HealthCheckGracePeriodSeconds"] = 60
    return resource
