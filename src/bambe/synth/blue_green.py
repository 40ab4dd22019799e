"""Blue/green of one service through CodeDeploy."""

from __future__ import annotations

from typing import Any

from bambe.project import Project, Release
from bambe.synth import notices
from bambe.synth.alarms import alarms, named
from bambe.synth.names import COLOURS, Names, imported
from bambe.synth.shift_roles import deploy_role
from bambe.synth.tags import heeded

Resource = dict[str, Any]
ROLLBACK_ON = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]


def blue_green(project: Project, names: Names, service: str) -> dict[str, Resource]:
    """The CodeDeploy application and group of `service`, and its configuration where none is predefined."""
    wish = project.release_of(service)
    config, made = _config(names.deployment_config(project, service), wish)
    application = {
        "Type": "AWS::CodeDeploy::Application",
        "Properties": {"ApplicationName": names.application(service), "ComputePlatform": "ECS"},
    }
    group = {
        "Type": "AWS::CodeDeploy::DeploymentGroup",
        "Properties": {
            "ApplicationName": {"Ref": "Application"},
            "DeploymentGroupName": names.group(service),
            "ServiceRoleArn": {"Fn::GetAtt": ["DeployRole", "Arn"]},
            "DeploymentConfigName": config,
            "DeploymentStyle": {
                "DeploymentType": "BLUE_GREEN",
                "DeploymentOption": "WITH_TRAFFIC_CONTROL",
            },
            "AutoRollbackConfiguration": {"Enabled": True, "Events": ROLLBACK_ON},
            "BlueGreenDeploymentConfiguration": _waits(wish),
            "ECSServices": [
                {
                    "ClusterName": imported(names, "Cluster"),
                    "ServiceName": {"Fn::GetAtt": ["Service", "Name"]},
                }
            ],
            "LoadBalancerInfo": {"TargetGroupPairInfoList": [_pair(project, names)]},
            **notices.triggers(project, names),
            **_watched(project, service),
        },
    }
    return {
        **made,
        **alarms(project, names, service),
        "DeployRole": deploy_role(project, names, service),
        "Application": application,
        "Group": group,
    }


def _pair(project: Project, names: Names) -> Resource:
    groups = [
        {"Name": {"Fn::GetAtt": [f"{colour.capitalize()}Targets", "TargetGroupName"]}} for colour in COLOURS
    ]
    pair = {
        "TargetGroups": groups,
        "ProdTrafficRoute": {"ListenerArns": [imported(names, "Listener")]},
    }
    if project.test_port:
        pair["TestTrafficRoute"] = {"ListenerArns": [imported(names, "TestListener")]}
    return pair


def _waits(wish: Release) -> Resource:
    minutes = int(wish.approval.total_seconds() // 60)
    action = "STOP_DEPLOYMENT" if minutes else "CONTINUE_DEPLOYMENT"
    return {
        "DeploymentReadyOption": {"ActionOnTimeout": action, "WaitTimeInMinutes": minutes},
        "TerminateBlueInstancesOnDeploymentSuccess": {
            "Action": "TERMINATE",
            "TerminationWaitTimeInMinutes": int(wish.keep_old.total_seconds() // 60),
        },
    }


def _watched(project: Project, service: str) -> Resource:
    """Alarms, and the tags that this machine heeds."""
    made: Resource = {}
    wish = project.release_of(service)
    if wish.alarms:
        made["AlarmConfiguration"] = {"Enabled": True, "Alarms": named(wish.alarms)}
    tags = heeded(project, service)
    return made | ({"Tags": tags} if tags else {})


def _config(name: str, wish: Release) -> tuple[Any, dict[str, Resource]]:
    """The deployment configuration, and the resource that makes one where none is predefined."""
    if name.startswith("CodeDeployDefault."):
        return name, {}
    prefix = wish.strategy.capitalize()
    share = {
        f"{prefix}Percentage": wish.percent,
        f"{prefix}Interval": int(wish.interval.total_seconds() // 60),
    }
    resource = {
        "Type": "AWS::CodeDeploy::DeploymentConfig",
        "Properties": {
            "DeploymentConfigName": name,
            "ComputePlatform": "ECS",
            "TrafficRoutingConfig": {"Type": f"TimeBased{prefix}", f"TimeBased{prefix}": share},
        },
    }
    return {"Ref": "Config"}, {"Config": resource}
