"""The project's shared stack: network edges, cluster, load balancer, names, registries, builders."""

from __future__ import annotations

import json
import re
from typing import Any

from bambe.project import Project
from bambe.synth import events, task_roles
from bambe.synth.names import Names, logical
from bambe.synth.release import IMAGE_PLACEHOLDER, appspec, task_definition
from bambe.synth.task_roles import HERE, allow, arn

Resource = dict[str, Any]
BUILD_IMAGE = "aws/codebuild/standard:7.0"


def shared_template(project: Project) -> dict[str, Any]:
    """The template of the stack `<project>`; parameters VpcId, SubnetIds and SourceLocation."""
    names = Names(project.project)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{project.project}: what its services share (made by Bambe)",
        "Parameters": {
            "VpcId": {"Type": "AWS::EC2::VPC::Id"},
            "SubnetIds": {"Type": "List<AWS::EC2::Subnet::Id>"},
            "SourceType": {"Type": "String", "Default": "GITHUB"},
            "SourceLocation": {"Type": "String", "Description": "URL of the git repository"},
        },
        "Resources": {
            **_traffic(project, names),
            **_names_and_cluster(project, names),
            **_roles(project, names),
            **_builders(project, names),
        },
        "Outputs": _outputs(project, names),
    }


def _traffic(project: Project, names: Names) -> dict[str, Resource]:
    return {
        "BalancerSecurityGroup": _security_group(
            f"{names.project}: HTTPS from anywhere",
            [_from_anywhere(port) for port in (443, project.test_port) if port],
        ),
        "TaskSecurityGroup": _security_group(
            f"{names.project}: the load balancer to tasks",
            [
                {
                    "IpProtocol": "tcp",
                    "FromPort": 1,
                    "ToPort": 65535,
                    "SourceSecurityGroupId": {"Fn::GetAtt": ["BalancerSecurityGroup", "GroupId"]},
                }
            ],
        ),
        "TasksAmongThemselves": {
            "Type": "AWS::EC2::SecurityGroupIngress",
            "Properties": {
                "GroupId": {"Fn::GetAtt": ["TaskSecurityGroup", "GroupId"]},
                "IpProtocol": "tcp",
                "FromPort": 1,
                "ToPort": 65535,
                "SourceSecurityGroupId": {"Fn::GetAtt": ["TaskSecurityGroup", "GroupId"]},
            },
        },
        "Certificate": {
            "Type": "AWS::CertificateManager::Certificate",
            "Properties": {"DomainName": project.certificate_name, "ValidationMethod": "DNS"},
        },
        "LoadBalancer": {
            "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "Properties": {
                "Name": names.project,
                "Type": "application",
                "Scheme": "internet-facing",
                "Subnets": {"Ref": "SubnetIds"},
                "SecurityGroups": [{"Fn::GetAtt": ["BalancerSecurityGroup", "GroupId"]}],
            },
        },
        "Listener": _listener(443),
        **({"TestListener": _listener(project.test_port)} if project.test_port else {}),
    }


def _listener(port: int) -> Resource:
    properties = {
        "LoadBalancerArn": {"Ref": "LoadBalancer"},
        "Port": port,
        "Protocol": "HTTPS",
        "Certificates": [{"CertificateArn": {"Ref": "Certificate"}}],
        "DefaultActions": [_not_found()],
    }
    return {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": properties}


def _from_anywhere(port: int) -> Resource:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "0.0.0.0/0"}


def _security_group(description: str, ingress: list[Resource]) -> Resource:
    properties = {
        "GroupDescription": description,
        "VpcId": {"Ref": "VpcId"},
        "SecurityGroupIngress": ingress,
    }
    return {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}


def _not_found() -> Resource:
    answer = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no service has this route"}
    return {"Type": "fixed-response", "FixedResponseConfig": answer}


def _names_and_cluster(project: Project, names: Names) -> dict[str, Resource]:
    return {
        "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": names.cluster}},
        "Namespace": {
            "Type": "AWS::ServiceDiscovery::PrivateDnsNamespace",
            "Properties": {"Name": project.namespace, "Vpc": {"Ref": "VpcId"}},
        },
    }


def _roles(project: Project, names: Names) -> dict[str, Resource]:
    managed = "arn:aws:iam::aws:policy/"
    return {
        "TaskExecutionRole": _role(
            names.task_role,
            "ecs-tasks.amazonaws.com",
            managed=[f"{managed}service-role/AmazonECSTaskExecutionRolePolicy"],
            statements=_secret_rights(project),
        ),
        "DeployRole": _role(
            f"{names.project}-deploy",
            "codedeploy.amazonaws.com",
            managed=[f"{managed}AWSCodeDeployRoleForECS"],
            statements=_hook_rights(project),
        ),
        "BuildRole": _role(
            f"{names.project}-build", "codebuild.amazonaws.com", statements=_build_rights(project, names)
        ),
        **{
            role.logical: _role(role.name, "ecs-tasks.amazonaws.com", statements=role.statements)
            for role in task_roles.all_of(project)
        },
        **({"ShiftRole": _shift_role(project, names)} if _natives(project) else {}),
    }


def _natives(project: Project) -> list[str]:
    return [service for service in project.services if project.is_native(service)]


def _shift_role(project: Project, names: Names) -> Resource:
    """What ECS needs to shift traffic itself, and to ask functions about it."""
    hooks = {one for name in _natives(project) for one in project.release_of(name).hooks.values()}
    arns = [one if one.startswith("arn:") else _function(one) for one in sorted(hooks)]
    return _role(
        f"{names.project}-shift",
        "ecs.amazonaws.com",
        managed=["arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"],
        statements=[allow(["lambda:InvokeFunction"], *arns)] if arns else [],
    )


def _hook_rights(project: Project) -> list[Resource]:
    """The managed policy lets CodeDeploy call only functions named CodeDeployHook_*."""
    deployed = [name for name in project.services if project.has_codedeploy(name)]
    hooks = {function for name in deployed for function in project.release_of(name).hooks.values()}
    other = sorted(one for one in hooks if not one.startswith("CodeDeployHook_"))
    arns = [one if one.startswith("arn:") else _function(one) for one in other]
    return [{"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": arns}] if arns else []


def _function(name: str) -> Resource:
    return arn(f"lambda:{HERE}:function:{name}")


def _role(
    name: str,
    service: str,
    managed: list[str] | None = None,
    statements: list[Resource] | None = None,
) -> Resource:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    properties: Resource = {
        "RoleName": name,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
    }
    if managed:
        properties["ManagedPolicyArns"] = managed
    if statements:
        document = {"Version": "2012-10-17", "Statement": statements}
        properties["Policies"] = [{"PolicyName": "own", "PolicyDocument": document}]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _secret_rights(project: Project) -> list[Resource]:
    """To read exactly what the services' `secrets` name, and where Kafka's brokers are. The right to read who
    the services are to these is in the stack of the events, beside it."""
    own = {one for service in project.services.values() for one in service.secrets.values()}
    sources = sorted({*own, *(f"ssm:{name}" for name in events.parameters(project))})
    parameters = [s.removeprefix("ssm:").lstrip("/") for s in sources if s.startswith("ssm:")]
    secrets = sorted({s.split(":")[1] for s in sources if s.startswith("secretsmanager:")})
    rights = []
    if parameters:
        arns = [arn(f"ssm:{HERE}:parameter/{name}") for name in parameters]
        rights.append(allow(["ssm:GetParameters"], *arns))
    if secrets:
        # An ARN ends in six random characters that nobody knows beforehand.
        arns = [arn(f"secretsmanager:{HERE}:secret:{name}-??????") for name in secrets]
        rights.append(allow(["secretsmanager:GetSecretValue"], *arns))
    return rights


def _build_rights(project: Project, names: Names) -> list[Resource]:
    passed = ["TaskExecutionRole", *(role.logical for role in task_roles.all_of(project))]
    return [
        allow(["ecr:GetAuthorizationToken"], "*"),
        allow(
            [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:CompleteLayerUpload",
                "ecr:GetDownloadUrlForLayer",
                "ecr:InitiateLayerUpload",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
            ],
            arn(f"ecr:{HERE}:repository/{names.project}/*"),
        ),
        allow(
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            arn(f"logs:{HERE}:log-group:/aws/codebuild/{names.project}-*"),
        ),
        allow(["ecs:RegisterTaskDefinition", "ecs:DescribeTaskDefinition"], "*"),
        allow(["ecs:DescribeServices", "ecs:UpdateService"], arn(f"ecs:{HERE}:service/{names.cluster}/*")),
        allow(
            [
                "codedeploy:CreateDeployment",
                "codedeploy:GetApplication",
                "codedeploy:GetDeployment",
                "codedeploy:GetDeploymentConfig",
                "codedeploy:GetDeploymentGroup",
                "codedeploy:RegisterApplicationRevision",
            ],
            arn(f"codedeploy:{HERE}:*"),
        ),
        allow(["iam:PassRole"], *({"Fn::GetAtt": [role, "Arn"]} for role in passed)),
    ]


def _builders(project: Project, names: Names) -> dict[str, Resource]:
    made: dict[str, Resource] = {}
    for service in sorted(project.services):
        made[f"Repository{logical(service)}"] = {
            "Type": "AWS::ECR::Repository",
            "Properties": {"RepositoryName": names.repository(service), "EmptyOnDelete": True},
        }
        made[f"Builder{logical(service)}"] = _builder(project, names, service)
    return made


def _builder(project: Project, names: Names, service: str) -> Resource:
    wish = project.services[service]
    return {
        "Type": "AWS::CodeBuild::Project",
        "Properties": {
            "Name": names.build(service),
            "ServiceRole": {"Fn::GetAtt": ["BuildRole", "Arn"]},
            "Artifacts": {"Type": "NO_ARTIFACTS"},
            "Source": {
                "Type": {"Ref": "SourceType"},
                "Location": {"Ref": "SourceLocation"},
                "BuildSpec": f"{wish.path}/buildspec.yml",
            },
            "SourceVersion": f"refs/heads/{project.branch}",
            "Environment": {
                "Type": "LINUX_CONTAINER",
                "ComputeType": "BUILD_GENERAL1_SMALL",
                "Image": BUILD_IMAGE,
                "PrivilegedMode": True,
                "EnvironmentVariables": _build_variables(project, names, service),
            },
            "TimeoutInMinutes": 120,
            "Triggers": {"Webhook": True, "FilterGroups": [_push_filters(project, service)]},
        },
    }


def _build_variables(project: Project, names: Names, service: str) -> list[Resource]:
    revision = task_definition(
        project, service, IMAGE_PLACEHOLDER, account="\x00{AWS::AccountId}", region="\x00{AWS::Region}"
    )
    substituted = json.dumps(revision).replace("${", "${!").replace("\\u0000{", "${")
    values: dict[str, Any] = {
        "SERVICE": service,
        "CLUSTER": {"Ref": "Cluster"},
        "REPOSITORY_URI": {"Fn::GetAtt": [f"Repository{logical(service)}", "RepositoryUri"]},
        "TASKDEF": {"Fn::Sub": substituted},
    }
    if project.has_codedeploy(service):
        values["APPSPEC"] = json.dumps(appspec(project, service))
    return [{"Name": name, "Type": "PLAINTEXT", "Value": value} for name, value in values.items()]


def _push_filters(project: Project, service: str) -> list[Resource]:
    return [
        {"Type": "EVENT", "Pattern": "PUSH"},
        {"Type": "HEAD_REF", "Pattern": f"^refs/heads/{re.escape(project.branch)}$"},
        {"Type": "FILE_PATH", "Pattern": file_pattern(project, service)},
    ]


def file_pattern(project: Project, service: str) -> str:
    """The regular expression of the files whose changes build `service`."""
    wish = project.services[service]
    folders = [wish.path, *wish.also]
    return "|".join(f"^{re.escape(folder.strip('/'))}/" for folder in folders)


def _outputs(project: Project, names: Names) -> dict[str, Resource]:
    exported: dict[str, Any] = {
        "Cluster": {"Ref": "Cluster"},
        "Listener": {"Ref": "Listener"},
        **({"TestListener": {"Ref": "TestListener"}} if project.test_port else {}),
        "LoadBalancerFullName": {"Fn::GetAtt": ["LoadBalancer", "LoadBalancerFullName"]},
        "Namespace": {"Ref": "Namespace"},
        "TaskSecurityGroup": {"Fn::GetAtt": ["TaskSecurityGroup", "GroupId"]},
        "DeployRole": {"Fn::GetAtt": ["DeployRole", "Arn"]},
        **({"ShiftRole": {"Fn::GetAtt": ["ShiftRole", "Arn"]}} if _natives(project) else {}),
    }
    outputs = {
        name: {"Value": value, "Export": {"Name": names.export(name)}} for name, value in exported.items()
    }
    outputs["LoadBalancerName"] = {"Value": {"Fn::GetAtt": ["LoadBalancer", "DNSName"]}}
    for service in sorted(project.services):
        repository = {"Fn::GetAtt": [f"Repository{logical(service)}", "RepositoryUri"]}
        outputs[f"Repository{logical(service)}"] = {"Value": repository}
    return outputs
