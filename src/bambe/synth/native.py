"""Releases by ECS itself: the deployment configuration of a service and its pair of target groups."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bambe.project import Project, Release
from bambe.synth.alarms import named
from bambe.synth.names import COLOURS
from bambe.synth.roles import functions

Resource = dict[str, Any]
SHIFT_ROLE = {"Fn::GetAtt": ["ShiftRole", "Arn"]}
STAGES = {
    "BeforeInstall": "PRE_SCALE_UP",
    "AfterInstall": "POST_SCALE_UP",
    "AfterAllowTestTraffic": "POST_TEST_TRAFFIC_SHIFT",
    "BeforeAllowTraffic": "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "AfterAllowTraffic": "POST_PRODUCTION_TRAFFIC_SHIFT",
}
"""CodeDeploy's lifecycle events and ECS's stages (ECS guide: migrate CodeDeploy to ECS blue/green)."""
APPROVAL = "POST_TEST_TRAFFIC_SHIFT"
"""Once for each deployment: the pause before production traffic comes before every step of it."""
PRIMARY = "PrimaryTargets"
"""The parameter that says which target group of the pair is the service's, the other one being the alternate:
the one that had the traffic when ECS took over (ECS guide: migrate CodeDeploy to ECS blue/green)."""
GREEN_FIRST = "GreenIsPrimary"


def configuration(project: Project, service: str) -> Resource:
    """The DeploymentConfiguration that does what `release` says."""
    wish = project.release_of(service)
    if project.is_worker(service):
        return _of_worker(wish)
    made: Resource = {
        "Strategy": {"canary": "CANARY", "linear": "LINEAR", "all_at_once": "BLUE_GREEN"}[wish.strategy],
        "MinimumHealthyPercent": 100,
        "MaximumPercent": 200,
        "BakeTimeInMinutes": _minutes(wish.keep_old),
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
    }
    if wish.strategy == "canary":
        made["CanaryConfiguration"] = {
            "CanaryPercent": wish.percent,
            "CanaryBakeTimeInMinutes": _minutes(wish.interval),
        }
    if wish.strategy == "linear":
        made["LinearConfiguration"] = {
            "StepPercent": wish.percent,
            "StepBakeTimeInMinutes": _minutes(wish.interval),
        }
    return made | _judges(wish)


def _of_worker(wish: Release) -> Resource:
    """Without traffic to shift ECS knows BLUE_GREEN only. Both versions run through the bake time, in which
    the new one takes its share of the events (ECS guide: required resources for blue/green deployments)."""
    made: Resource = {
        "Strategy": "BLUE_GREEN",
        "MinimumHealthyPercent": 100,
        "MaximumPercent": 200,
        "BakeTimeInMinutes": _minutes(wish.interval),
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
    }
    return made | _judges(wish)


def _judges(wish: Release) -> Resource:
    """The alarms and hooks that may end the deployment."""
    made: Resource = {}
    if wish.alarms:
        names_of = [one["Name"] for one in named(wish.alarms)]
        made["Alarms"] = {"AlarmNames": names_of, "Enable": True, "Rollback": True}
    hooks = _hooks(wish)
    return made | ({"LifecycleHooks": hooks} if hooks else {})


def has_pair(project: Project, service: str) -> bool:
    """Whether ECS shifts the service's traffic between two target groups."""
    return project.is_native(service) and project.services[service].is_public


def parameters(project: Project, service: str) -> Resource:
    """What the template of a service with a pair is given besides: which of the two is the service's."""
    if not has_pair(project, service):
        return {}
    said = {
        "Type": "String",
        "Default": COLOURS[0],
        "AllowedValues": list(COLOURS),
        "Description": "the target group that had the traffic when ECS took over",
    }
    return {PRIMARY: said}


def conditions(project: Project, service: str) -> Resource:
    """The section of the template that goes by it."""
    if not has_pair(project, service):
        return {}
    return {"Conditions": {GREEN_FIRST: {"Fn::Equals": [{"Ref": PRIMARY}, COLOURS[1]]}}}


def pair(project: Project) -> Resource:
    """The target groups of the service's load balancer, and how ECS shifts traffic between them."""
    blue, green = {"Ref": "BlueTargets"}, {"Ref": "GreenTargets"}
    advanced: Resource = {
        "AlternateTargetGroupArn": {"Fn::If": [GREEN_FIRST, blue, green]},
        "ProductionListenerRule": {"Ref": "Rule"},
        "RoleArn": SHIFT_ROLE,
    }
    if project.test_port:
        advanced["TestListenerRule"] = {"Ref": "TestRule"}
    first = {"Fn::If": [GREEN_FIRST, green, blue]}
    return {"TargetGroupArn": first, "AdvancedConfiguration": advanced}


def _hooks(wish: Release) -> list[Resource]:
    made: list[Resource] = [
        {
            "HookTargetArn": functions([function])[0],
            "RoleArn": SHIFT_ROLE,
            "LifecycleStages": [STAGES[event]],
        }
        for event, function in wish.hooks.items()
    ]
    if wish.approval:
        timeout = {"TimeoutInMinutes": _minutes(wish.approval), "Action": "ROLLBACK"}
        pause = {"TargetType": "PAUSE", "LifecycleStages": [APPROVAL], "TimeoutConfiguration": timeout}
        made.append(pause)
    return made


def _minutes(wait: timedelta) -> int:
    return int(wait.total_seconds() // 60)
