"""Releases by ECS itself: the deployment configuration of a service and its pair of target groups."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bambe.project import Project, Release
from bambe.synth.alarms import named
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


def pair(project: Project) -> Resource:
    """The AdvancedConfiguration of the service's load balancer."""
    made: Resource = {
        "AlternateTargetGroupArn": {"Ref": "GreenTargets"},
        "ProductionListenerRule": {"Ref": "Rule"},
        "RoleArn": SHIFT_ROLE,
    }
    return made | ({"TestListenerRule": {"Ref": "TestRule"}} if project.test_port else {})


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
