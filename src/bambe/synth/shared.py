"""The project's shared stack: cluster, load balancer, names, notices. It does not grow with the services."""

from __future__ import annotations

from typing import Any

from bambe.project import Project
from bambe.synth import notices
from bambe.synth.balancer import balancer, exported
from bambe.synth.names import Names

Resource = dict[str, Any]


def shared_template(project: Project) -> dict[str, Any]:
    """The template of the stack `<project>`; parameters VpcId and SubnetIds (the load balancer's).

    What is there already is exported like what is made, so that no other stack sees a difference.
    """
    names = Names.of(project)
    subnets = {} if project.existing.listener else {"SubnetIds": {"Type": "List<AWS::EC2::Subnet::Id>"}}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{project.project}: what its services share (made by Bambe)",
        "Parameters": {"VpcId": {"Type": "AWS::EC2::VPC::Id"}, **subnets},
        "Resources": {
            "TaskSecurityGroup": _task_security_group(names),
            **balancer(project, names),
            **_cluster(project, names),
            **_namespaces(project),
            **notices.topic(project, names),
        },
        "Outputs": _outputs(project, names),
    }


def _task_security_group(names: Names) -> Resource:
    """The mark of the project's tasks, by which others let them in; each service has one more of its own."""
    out = {"Description": "whatever a service calls", "IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
    properties = {
        "GroupDescription": f"{names.project}: tasks",
        "VpcId": {"Ref": "VpcId"},
        "SecurityGroupEgress": [out],
    }
    return {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}


def _cluster(project: Project, names: Names) -> dict[str, Resource]:
    if project.existing.cluster:
        return {}
    properties: Resource = {
        "ClusterName": names.cluster,
        "ClusterSettings": [{"Name": "containerInsights", "Value": project.insights}],
    }
    if project.http_namespace:
        properties["ServiceConnectDefaults"] = {"Namespace": {"Fn::GetAtt": ["HttpNamespace", "Arn"]}}
    return {"Cluster": {"Type": "AWS::ECS::Cluster", "Properties": properties}}


def _namespaces(project: Project) -> dict[str, Resource]:
    kind = "AWS::ServiceDiscovery::"
    private = {"Name": project.namespace, "Vpc": {"Ref": "VpcId"}}
    made = {"Namespace": {"Type": f"{kind}PrivateDnsNamespace", "Properties": private}}
    if project.http_namespace:
        made["HttpNamespace"] = {
            "Type": f"{kind}HttpNamespace",
            "Properties": {"Name": project.http_namespace},
        }
    return made


def _outputs(project: Project, names: Names) -> dict[str, Resource]:
    said: Resource = {
        "Cluster": project.existing.cluster or {"Ref": "Cluster"},
        **exported(project),
        "Namespace": {"Ref": "Namespace"},
        **({"HttpNamespace": {"Ref": "HttpNamespace"}} if project.http_namespace else {}),
        "TaskSecurityGroup": {"Fn::GetAtt": ["TaskSecurityGroup", "GroupId"]},
        **notices.exported(project),
    }
    outputs = {name: {"Value": value, "Export": {"Name": names.export(name)}} for name, value in said.items()}
    if not project.existing.listener:
        outputs["LoadBalancerName"] = {"Value": {"Fn::GetAtt": ["LoadBalancer", "DNSName"]}}
    return outputs
