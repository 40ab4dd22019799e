"""Whether a service or task set can run as asked: its definition, network, targets and registries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bambe.kernel.call import Call
from bambe.kernel.errors import AwsError, NotImplementedByBambe
from bambe.services.ecs.errors import (
    InvalidParameterException,
    PlatformUnknownException,
)
from bambe.services.ecs.model import Controller, Shape, TaskDefinition

PLATFORMS = frozenset({"LATEST", "1.3.0", "1.4.0"})
FARGATE_PROVIDERS = frozenset({"FARGATE", "FARGATE_SPOT"})
VERSION = re.compile(r"\d+\.\d+\.\d+")


def check_launch(request: Mapping[str, Any]) -> None:
    """Launch type, capacity providers and platform version: Fargate's, the only ones there are here."""
    launch_type = request.get("launchType")
    strategy = request.get("capacityProviderStrategy") or ()
    if launch_type and strategy:
        raise InvalidParameterException(
            "Specifying both a launch type and capacity provider strategy is not supported."
            " Remove one and try again."
        )
    if launch_type not in (None, "FARGATE"):
        raise NotImplementedByBambe(f"Bambe runs tasks with launch type FARGATE, not {launch_type}.")
    for item in strategy:
        if item["capacityProvider"] not in FARGATE_PROVIDERS:
            raise InvalidParameterException(
                f"The specified capacity provider {item['capacityProvider']} was not found."
                " Specify a valid name or ARN and try again."
            )
    version = request.get("platformVersion")
    if version and version not in PLATFORMS:
        raise PlatformUnknownException("The specified platform version does not exist.")


def check_network(definition: TaskDefinition, network: Mapping[str, Any]) -> None:
    """A task with an address of its own needs to be told its subnets."""
    if "FARGATE" not in definition.body["compatibilities"]:
        raise InvalidParameterException("Task definition does not support launch_type FARGATE.")
    if not (network.get("awsvpcConfiguration") or {}).get("subnets"):
        raise InvalidParameterException(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )


def check_grace(request: Mapping[str, Any], controller: Controller, balancers: Sequence[Shape]) -> None:
    """A grace period is of load balancers' health checks; those of an EXTERNAL service are its task sets'."""
    named = request.get("healthCheckGracePeriodSeconds") is not None
    if named and not balancers and controller != Controller.EXTERNAL:
        raise InvalidParameterException(
            "Health check grace period is only valid for services configured to use load balancers"
        )


def check_ports(definition: TaskDefinition, balancers: Sequence[Shape], registries: Sequence[Shape]) -> None:
    """Each container and port that is to be reached must be in the definition."""
    for said in balancers:
        if not said.get("targetGroupArn"):
            raise InvalidParameterException("Classic Load Balancers are not supported with FARGATE.")
        if not said.get("containerName") or not said.get("containerPort"):
            raise InvalidParameterException("Container name and container port are required.")
        _check_port(definition, said["containerName"], said["containerPort"])
    for said in registries:
        if said.get("containerName"):
            _check_port(definition, said["containerName"], said.get("containerPort"))


def _check_port(definition: TaskDefinition, name: str, port: int | None) -> None:
    container = next((c for c in definition.containers if c["name"] == name), None)
    if container is None:
        raise InvalidParameterException(f"The container {name} does not exist in the task definition.")
    ports = {mapping["containerPort"] for mapping in container.get("portMappings") or ()}
    if port is not None and port not in ports:
        raise InvalidParameterException(f"The container {name} did not have a container port {port} defined.")


async def check_target_groups(call: Call, balancers: Sequence[Shape], *, behind: bool) -> None:
    """Each target group must exist, take addresses, and (`behind`) hang on a load balancer."""
    for said in balancers:
        arn = said["targetGroupArn"]
        try:
            answer = await call.aws.elbv2.describe_target_groups(TargetGroupArns=[arn])
        except AwsError as error:
            if error.wire_code() not in ("TargetGroupNotFound", "ValidationError"):
                raise
            raise InvalidParameterException(f"The target group {arn} does not exist.") from None
        group = answer["TargetGroups"][0]
        if group.get("TargetType") != "ip":
            raise InvalidParameterException(
                f"The provided target group {arn} has target type {group.get('TargetType')},"
                " which is incompatible with the awsvpc network mode specified in the task definition."
            )
        if behind and not group.get("LoadBalancerArns"):
            raise InvalidParameterException(
                f"The target group with targetGroupArn {arn} does not have an associated load balancer."
            )


async def check_registries(call: Call, registries: Sequence[Shape]) -> None:
    """The Cloud Map service must exist; ECS takes one per service."""
    if len(registries) > 1:
        raise InvalidParameterException("Service registries can have at most 1 item.")
    for said in registries:
        arn = said.get("registryArn", "")
        try:
            await call.aws.servicediscovery.get_service(Id=arn.rsplit("/", 1)[-1])
        except AwsError as error:
            if error.wire_code() not in ("ServiceNotFound", "InvalidInput"):
                raise
            raise InvalidParameterException(f"The service registry {arn} does not exist.") from None


def check_count(count: int | None) -> int:
    """A desired count that can be."""
    if count is None:
        raise InvalidParameterException("Desired count must be provided.")
    if count < 0:
        raise InvalidParameterException("Desired count cannot be negative.")
    return count


def check_supported(request: Mapping[str, Any]) -> None:
    """What AWS would do and Bambe does not is said, never swallowed."""
    if (request.get("serviceConnectConfiguration") or {}).get("enabled"):
        raise NotImplementedByBambe("Bambe does not have Service Connect yet.")
    for member in ("volumeConfigurations", "vpcLatticeConfigurations", "gatewayConnectors"):
        if request.get(member):
            raise NotImplementedByBambe(f"Bambe does not have {member} yet.")
    if request.get("schedulingStrategy") == "DAEMON":
        raise InvalidParameterException("The daemon scheduling strategy is not supported on Fargate.")
