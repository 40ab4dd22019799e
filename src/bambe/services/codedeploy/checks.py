"""What CodeDeploy demands of a deployment group on the ECS platform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bambe.kernel.errors import NotImplementedByBambe
from bambe.services.codedeploy.errors import (
    InvalidAutoRollbackConfigException,
    InvalidBlueGreenDeploymentConfigurationException,
    InvalidDeploymentStyleException,
    InvalidECSServiceException,
    InvalidInputException,
    InvalidLoadBalancerInfoException,
    InvalidTargetGroupPairException,
)
from bambe.services.codedeploy.shapes import STYLE

LONGEST_WAIT = 2880
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
    """Recorded as it came; that nothing watches alarms yet is in the README."""
    return dict(given or {})


def standard_mode(request: Mapping[str, Any]) -> None:
    if request.get("deploymentMode", "STANDARD") != "STANDARD":
        raise InvalidInputException("deploymentMode RESTART is not supported for the ECS compute platform")
    if request.get("targetInstances"):
        raise InvalidInputException("targetInstances is not supported for the ECS compute platform")
    if request.get("updateOutdatedInstancesOnly"):
        raise NotImplementedByBambe("updateOutdatedInstancesOnly is for EC2 deployments")
