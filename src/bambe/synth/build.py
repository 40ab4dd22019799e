"""What a service is built by, and what its task definitions name: made before its first image."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from bambe.project import Project
from bambe.synth.logs import log_group
from bambe.synth.names import Names
from bambe.synth.release import IMAGE_PLACEHOLDER, appspec, task_definition
from bambe.synth.roles import HERE, PASSED_TO_TASKS, allow, arn, role
from bambe.synth.task_roles import PULL, WRITE_LOGS, execution_role, streams, task_role

Resource = dict[str, Any]
BUILD_IMAGE = "aws/codebuild/standard:7.0"
PUSH = ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]
KEPT_IMAGES = 200
"""Images of a repository; the oldest go first. A release that is gone back to needs its own."""
UNTAGGED_DAYS = 90
"""A commit built anew takes the tag over; tasks that run still have the image by its digest."""
HOUR = 60
LONGEST_BUILD = 2160
"""Minutes (CodeBuild's limit)."""


def build_template(project: Project, service: str, also: Collection[str] = ()) -> dict[str, Any]:
    """The template of the stack `<project>-<service>-build`; parameters SourceType and SourceLocation.

    The tasks' roles are here: ECS registers no task definition that names a role which is not there.
    """
    names = Names.of(project)
    own = task_role(project, service)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{project.project}: what builds the service {service} (made by Bambe)",
        "Parameters": {
            "SourceType": {"Type": "String", "Default": "GITHUB"},
            "SourceLocation": {"Type": "String", "Description": "URL of the git repository"},
        },
        "Resources": {
            "Repository": _repository(names, service),
            "ExecutionRole": execution_role(project, service, also),
            **({"TaskRole": own} if own else {}),
            "BuildLogGroup": log_group(project, names.build_log_group(service)),
            "BuildRole": _build_role(project, names, service),
            "Builder": _builder(project, names, service),
        },
        "Outputs": {"Repository": {"Value": {"Fn::GetAtt": ["Repository", "RepositoryUri"]}}},
    }


def file_pattern(project: Project, service: str) -> str:
    """The regular expression of the files whose changes build `service`."""
    wish = project.services[service]
    folders = [wish.path, *wish.also]
    return "|".join(f"^{re.escape(folder.strip('/'))}/" for folder in folders)


def _repository(names: Names, service: str) -> Resource:
    properties = {
        "RepositoryName": names.repository(service),
        # A commit may be built again, and its tag then names the newer image.
        "ImageTagMutability": "MUTABLE",
        "ImageScanningConfiguration": {"ScanOnPush": True},
        "LifecyclePolicy": {"LifecyclePolicyText": json.dumps({"rules": _expiry()})},
        "EmptyOnDelete": True,
    }
    return {"Type": "AWS::ECR::Repository", "Properties": properties}


def _expiry() -> list[Resource]:
    untagged = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": UNTAGGED_DAYS,
    }
    oldest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEPT_IMAGES}
    return [
        {"rulePriority": number, "selection": selection, "action": {"type": "expire"}}
        for number, selection in enumerate((untagged, oldest), 1)
    ]


def _build_role(project: Project, names: Names, service: str) -> Resource:
    statements = [
        # A token is for the registry as a whole (IAM: GetAuthorizationToken has no resource).
        allow(["ecr:GetAuthorizationToken"], "*"),
        allow([*PULL, *PUSH], {"Fn::GetAtt": ["Repository", "Arn"]}),
        allow(WRITE_LOGS, streams(names.build_log_group(service))),
        *_source_rights(project),
        allow(["ecs:RegisterTaskDefinition"], arn(f"ecs:{HERE}:task-definition/{names.family(service)}:*")),
        # IAM knows no resource of DescribeTaskDefinition.
        allow(["ecs:DescribeTaskDefinition"], "*"),
        *_release_rights(project, names, service),
        allow(["iam:PassRole"], *_passed(project, service), only=PASSED_TO_TASKS),
    ]
    source = f"codebuild:{HERE}:project/{names.build(service)}"
    return role(names.build_role(service), "codebuild.amazonaws.com", statements, source)


def _passed(project: Project, service: str) -> list[Resource]:
    logical = ["ExecutionRole", *(["TaskRole"] if project.asks_aws(service) else [])]
    return [{"Fn::GetAtt": [one, "Arn"]} for one in logical]


def _source_rights(project: Project) -> list[Resource]:
    if project.source is None or not project.source.connection:
        return []
    prefix = project.source.connection.split(":")[2]
    actions = [f"{prefix}:{action}" for action in ("GetConnection", "GetConnectionToken", "UseConnection")]
    return [allow(actions, project.source.connection)]


def _release_rights(project: Project, names: Names, service: str) -> list[Resource]:
    """What `aws ecs deploy` calls, or `aws ecs update-service`."""
    mine = arn(f"ecs:{HERE}:service/{names.cluster}/{service}")
    if not project.has_codedeploy(service):
        return [allow(["ecs:DescribeServices", "ecs:UpdateService"], mine)]
    application = names.application(service)
    group = f"deploymentgroup:{application}/{names.group(service)}"
    return [
        allow(["ecs:DescribeServices"], mine),
        allow(["ecs:DescribeClusters"], arn(f"ecs:{HERE}:cluster/{names.cluster}")),
        allow(
            ["codedeploy:GetApplication", "codedeploy:RegisterApplicationRevision"],
            arn(f"codedeploy:{HERE}:application:{application}"),
        ),
        allow(
            ["codedeploy:CreateDeployment", "codedeploy:GetDeployment", "codedeploy:GetDeploymentGroup"],
            arn(f"codedeploy:{HERE}:{group}"),
        ),
        allow(
            ["codedeploy:GetDeploymentConfig"],
            arn(f"codedeploy:{HERE}:deploymentconfig:{names.deployment_config(project, service)}"),
        ),
    ]


def _builder(project: Project, names: Names, service: str) -> Resource:
    logs = {"Status": "ENABLED", "GroupName": {"Ref": "BuildLogGroup"}}
    return {
        "Type": "AWS::CodeBuild::Project",
        "Properties": {
            "Name": names.build(service),
            "ServiceRole": {"Fn::GetAtt": ["BuildRole", "Arn"]},
            "Artifacts": {"Type": "NO_ARTIFACTS"},
            "Source": _source(project, service),
            "SourceVersion": f"refs/heads/{project.branch}",
            "Environment": {
                "Type": "LINUX_CONTAINER",
                "ComputeType": "BUILD_GENERAL1_SMALL",
                "Image": BUILD_IMAGE,
                # Without it a build has no Docker (CodeBuild: Docker sample).
                "PrivilegedMode": True,
                "EnvironmentVariables": _variables(project, names, service),
            },
            "LogsConfig": {"CloudWatchLogs": logs},
            "TimeoutInMinutes": _timeout(project, service),
            "Triggers": {"Webhook": True, "FilterGroups": [_push_filters(project, service)]},
        },
    }


def _source(project: Project, service: str) -> Resource:
    said: Resource = {
        "Type": {"Ref": "SourceType"},
        "Location": {"Ref": "SourceLocation"},
        "BuildSpec": f"{project.services[service].path}/buildspec.yml",
    }
    if project.source and project.source.connection:
        said["Auth"] = {"Type": "CODECONNECTIONS", "Resource": project.source.connection}
    return said


def _timeout(project: Project, service: str) -> int:
    """A build that calls `aws ecs deploy` waits for the whole release."""
    wish = project.release_of(service)
    waits = (wish.approval, wish.keep_old) if project.has_codedeploy(service) else ()
    minutes = int(sum(one.total_seconds() for one in waits) // 60)
    return min(2 * HOUR + minutes, LONGEST_BUILD)


def _variables(project: Project, names: Names, service: str) -> list[Resource]:
    revision = task_definition(
        project, service, IMAGE_PLACEHOLDER, account="\x00{AWS::AccountId}", region="\x00{AWS::Region}"
    )
    # No variable has a character of code 0, so these two are ours.
    substituted = json.dumps(revision).replace("${", "${!").replace("\\u0000{AWS::", "${AWS::")
    values: dict[str, Any] = {
        "SERVICE": service,
        "CLUSTER": names.cluster,
        "REPOSITORY_URI": {"Fn::GetAtt": ["Repository", "RepositoryUri"]},
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
