"""What CodeDeploy demands of a deployment group on the ECS platform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bambe.kernel.errors import NotImplementedByBambe
from bambe.services.codedeploy.deployment import AppSpec, Phase
from bambe.services.codedeploy.errors import (
    AlarmsLimitExceededException,
    InvalidAlarmConfigException,
    InvalidAutoRollbackConfigException,
    InvalidBlueGreenDeploymentConfigurationException,
    InvalidDeploymentStyleException,
    InvalidECSServiceException,
    InvalidInputException,
    InvalidLoadBalancerInfoException,
    InvalidRevisionException,
    InvalidTargetGroupPairException,
)
from bambe.services.codedeploy.model import Group
from bambe.services.codedeploy.shapes import STYLE

LONGEST_WAIT = 2880
MOST_ALARMS = 50
"""Per deployment group (CodeDeploy quotas, 2026)."""
NOT_ECS = (
    "ec2TagFilters",
    "onPremisesInstanceTagFilters",
    "autoScalingGroups",
    "ec2TagSet",
    "onPremisesTagSet",
    "ec2DeploymentOptions",
)


def only_ecs(request: Mapping[str, Any]) -> None:
    """Refuse what names instances."""
    for name in NOT_ECS:
        if request.get(name):
            raise InvalidInputException(f"{name} is not supported for the ECS compute platform")
    if request.get("terminationHookEnabled"):
        raise InvalidInputException("terminationHookEnabled is not supported for the ECS compute platform")


def style(given: Mapping[str, Any] | None) -> None:
    if given is None or {**STYLE, **given} != STYLE:
        raise InvalidDeploymentStyleException


def service(given: Any) -> tuple[str, str]:
    """(cluster, service) of the one ECS service a group releases."""
    if not given or len(given) != 1:
        raise InvalidECSServiceException("Exactly one Amazon ECS service must be specified")
    name, cluster = given[0].get("serviceName"), given[0].get("clusterName") or "default"
    if not name:
        raise InvalidECSServiceException("The Amazon ECS service identifier is invalid")
    return cluster, name


def load_balancer(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The pair of target groups and its listeners: one pair, one listener per route, as AWS has it."""
    pairs = (given or {}).get("targetGroupPairInfoList") or []
    if len(pairs) != 1:
        raise InvalidLoadBalancerInfoException(
            "An ECS deployment group needs loadBalancerInfo with exactly one targetGroupPairInfo"
        )
    names = [group.get("name") for group in pairs[0].get("targetGroups") or []]
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise InvalidTargetGroupPairException("targetGroups must name two different target groups")
    if len((pairs[0].get("prodTrafficRoute") or {}).get("listenerArns") or []) != 1:
        raise InvalidLoadBalancerInfoException("prodTrafficRoute must name exactly one listener")
    if len((pairs[0].get("testTrafficRoute") or {}).get("listenerArns") or []) > 1:
        raise InvalidLoadBalancerInfoException("testTrafficRoute must name at most one listener")
    return dict(given or {})


def blue_green(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The configuration with both waits present: `aws ecs deploy` dies on one that is missing."""
    if not given or not given.get("terminateBlueInstancesOnDeploymentSuccess"):
        raise InvalidBlueGreenDeploymentConfigurationException(
            "terminateBlueInstancesOnDeploymentSuccess is required for an ECS deployment group"
        )
    if given.get("greenFleetProvisioningOption"):
        raise InvalidBlueGreenDeploymentConfigurationException(
            "greenFleetProvisioningOption is not supported for the ECS compute platform"
        )
    blue = {"action": "TERMINATE", "terminationWaitTimeInMinutes": 0}
    blue |= given["terminateBlueInstancesOnDeploymentSuccess"]
    ready = {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0}
    ready |= given.get("deploymentReadyOption") or {}
    for minutes in (blue["terminationWaitTimeInMinutes"], ready["waitTimeInMinutes"]):
        if not 0 <= int(str(minutes)) <= LONGEST_WAIT:
            raise InvalidBlueGreenDeploymentConfigurationException(
                f"Wait times must be between 0 and {LONGEST_WAIT} minutes"
            )
    return {"terminateBlueInstancesOnDeploymentSuccess": blue, "deploymentReadyOption": ready}


def auto_rollback(given: Mapping[str, Any] | None) -> dict[str, Any]:
    if not given:
        return {}
    if given.get("enabled") and not given.get("events"):
        raise InvalidAutoRollbackConfigException
    return dict(given)


def alarms(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """An AlarmConfiguration; whether the alarms exist shows when a deployment asks for their state."""
    names = [alarm.get("name") or "" for alarm in (given or {}).get("alarms") or ()]
    if len(names) > MOST_ALARMS:
        raise AlarmsLimitExceededException(MOST_ALARMS)
    if any(not 1 <= len(name) <= 255 for name in names):
        raise InvalidAlarmConfigException("An alarm name has 1 to 255 characters")
    if len(set(names)) < len(names):
        raise InvalidAlarmConfigException("Two alarms with the same name have been specified")
    if (given or {}).get("enabled") and not names:
        raise InvalidAlarmConfigException("The alarm configuration is enabled, but the alarm list is empty")
    return dict(given or {})


def hooks(spec: AppSpec, group: Group) -> None:
    """A hook after test traffic needs a test listener: without one it would never be called."""
    pair = group.load_balancer["targetGroupPairInfoList"][0]
    has_test = (pair.get("testTrafficRoute") or {}).get("listenerArns")
    if Phase.AFTER_TEST.value in spec.hooks and not has_test:
        raise InvalidRevisionException(
            f"Hooks: {Phase.AFTER_TEST.value} needs a deployment group with a testTrafficRoute"
        )


def standard_mode(request: Mapping[str, Any]) -> None:
    if request.get("deploymentMode", "STANDARD") != "STANDARD":
        raise InvalidInputException("deploymentMode RESTART is not supported for the ECS compute platform")
    if request.get("targetInstances"):
        raise InvalidInputException("targetInstances is not supported for the ECS compute platform")
    if request.get("updateOutdatedInstancesOnly"):
        raise NotImplementedByBambe("updateOutdatedInstancesOnly is for EC2 deployments")
