"""The load balancer: its security group, listeners and certificate; or one that is there already."""

from __future__ import annotations

from typing import Any

from bambe.project import Project
from bambe.synth.names import Names

Resource = dict[str, Any]
HTTP, HTTPS = 80, 443
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
GROUP = {"Fn::GetAtt": ["BalancerSecurityGroup", "GroupId"]}
ALL_PORTS = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 65535}
TASKS = {"Fn::GetAtt": ["TaskSecurityGroup", "GroupId"]}


def balancer(project: Project, names: Names) -> dict[str, Resource]:
    """The resources of a load balancer that is the project's own."""
    if project.existing.listener:
        return {}
    made = {
        "BalancerSecurityGroup": _security_group(project, names),
        "LoadBalancer": _load_balancer(names),
        "Listener": _listener(project, HTTPS),
        "PlainListener": _redirect(),
    }
    if not project.existing.certificate:
        made["Certificate"] = {
            "Type": "AWS::CertificateManager::Certificate",
            "Properties": {"DomainName": project.certificate_name, "ValidationMethod": "DNS"},
        }
    return made | ({"TestListener": _listener(project, project.test_port)} if project.test_port else {})


def exported(project: Project) -> Resource:
    """What the services' stacks need of it."""
    there = project.existing
    if there.listener:
        test = {"TestListener": there.test_listener} if there.test_listener else {}
        return {
            "Listener": there.listener,
            **test,
            "LoadBalancerFullName": there.balancer,
            "BalancerSecurityGroup": there.balancer_security_group,
        }
    return {
        "Listener": {"Ref": "Listener"},
        **({"TestListener": {"Ref": "TestListener"}} if project.test_port else {}),
        "LoadBalancerFullName": {"Fn::GetAtt": ["LoadBalancer", "LoadBalancerFullName"]},
        "BalancerSecurityGroup": GROUP,
    }


def _security_group(project: Project, names: Names) -> Resource:
    ports = [HTTPS, HTTP, *([project.test_port] if project.test_port else [])]
    properties = {
        "GroupDescription": f"{names.project}: the load balancer",
        "VpcId": {"Ref": "VpcId"},
        "SecurityGroupIngress": [_from_anywhere(port) for port in ports],
        "SecurityGroupEgress": [
            {**ALL_PORTS, "Description": "to tasks", "DestinationSecurityGroupId": TASKS}
        ],
    }
    return {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}


def _from_anywhere(port: int) -> Resource:
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "0.0.0.0/0"}
    return {"Description": "HTTP, led to HTTPS" if port == HTTP else "HTTPS", **rule}


def _load_balancer(names: Names) -> Resource:
    attributes = {"routing.http.drop_invalid_header_fields.enabled": "true"}
    properties = {
        "Name": names.project,
        "Type": "application",
        "Scheme": "internet-facing",
        "Subnets": {"Ref": "SubnetIds"},
        "SecurityGroups": [GROUP],
        "LoadBalancerAttributes": [{"Key": key, "Value": value} for key, value in attributes.items()],
    }
    return {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": properties}


def _listener(project: Project, port: int) -> Resource:
    properties = {
        "LoadBalancerArn": {"Ref": "LoadBalancer"},
        "Port": port,
        "Protocol": "HTTPS",
        "SslPolicy": TLS_POLICY,
        "Certificates": [{"CertificateArn": project.existing.certificate or {"Ref": "Certificate"}}],
        "DefaultActions": [_not_found()],
    }
    return {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": properties}


def _redirect() -> Resource:
    to = {"Protocol": "HTTPS", "Port": str(HTTPS), "StatusCode": "HTTP_301"}
    properties = {
        "LoadBalancerArn": {"Ref": "LoadBalancer"},
        "Port": HTTP,
        "Protocol": "HTTP",
        "DefaultActions": [{"Type": "redirect", "RedirectConfig": to}],
    }
    return {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": properties}


def _not_found() -> Resource:
    answer = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no service has this route"}
    return {"Type": "fixed-response", "FixedResponseConfig": answer}
