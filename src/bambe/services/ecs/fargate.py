"""What Fargate accepts of a task definition, and the words in which it refuses the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bambe.kernel.errors import NotImplementedByBambe
from bambe.services.ecs.definition_checks import check_order, check_restarts, check_secrets
from bambe.services.ecs.errors import ClientException
from bambe.services.ecs.model import Shape

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
ECR = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/")

GIB = 1024
SIZES: Mapping[int, frozenset[int]] = {
    256: frozenset({512, GIB, 2 * GIB}),
    512: frozenset(range(1 * GIB, 4 * GIB + 1, GIB)),
    1024: frozenset(range(2 * GIB, 8 * GIB + 1, GIB)),
    2048: frozenset(range(4 * GIB, 16 * GIB + 1, GIB)),
    4096: frozenset(range(8 * GIB, 30 * GIB + 1, GIB)),
    8192: frozenset(range(16 * GIB, 60 * GIB + 1, 4 * GIB)),
    16384: frozenset(range(32 * GIB, 120 * GIB + 1, 8 * GIB)),
}
"""Memory in MiB that each CPU size may have (Amazon ECS developer guide, "Task size")."""

UNSUPPORTED = ("volumes", "proxyConfiguration", "inferenceAccelerators", "placementConstraints")
UNSUPPORTED_IN_CONTAINER = ("mountPoints", "volumesFrom", "firelensConfiguration", "resourceRequirements")


def compatibilities(body: Shape) -> list[str]:
    """Where the definition can run; raises where it says it needs Fargate and Fargate cannot run it."""
    _check_supported(body)
    _check_containers(body["containerDefinitions"])
    check_order(body["containerDefinitions"])
    check_secrets(body)
    check_restarts(body["containerDefinitions"])
    try:
        _check_fargate(body)
    except ClientException:
        if "FARGATE" in body["requiresCompatibilities"]:
            raise
        return ["EC2"]
    return ["EC2", "FARGATE"]


def _check_fargate(body: Shape) -> None:
    if body.get("networkMode") != "awsvpc":
        raise ClientException("Fargate only supports network mode ‘awsvpc’.")
    for member in ("cpu", "memory"):
        if not body.get(member):
            raise ClientException(f"Fargate requires that '{member}' be defined at the task level.")
    cpu, memory = int(body["cpu"]), int(body["memory"])
    check_size(cpu, memory)
    for container in body["containerDefinitions"]:
        _check_on_fargate(container)
    _check_room(body["containerDefinitions"], cpu, memory)
    _check_role(body)


def check_size(cpu: int, memory: int) -> None:
    """A task's size is one of Fargate's."""
    if memory not in SIZES.get(cpu, frozenset()):
        raise ClientException("No Fargate configuration exists for given values.")


def units(said: str | None, member: str) -> str:
    """CPU in units and memory in MiB, from `256`, `.25 vCPU`, `512` or `1 GB`."""
    if said is None:
        return ""
    text = said.strip().lower()
    unit = {"cpu": "vcpu", "memory": "gb"}[member]
    try:
        if text.endswith(unit):
            return str(int(float(text.removesuffix(unit)) * 1024))
        return str(int(text))
    except ValueError:
        raise ClientException(f"Invalid '{member}' setting for task.") from None


def _check_supported(body: Shape) -> None:
    for member in UNSUPPORTED:
        if body.get(member):
            raise NotImplementedByBambe(f"Bambe does not run task definitions with {member} yet.")
    for container in body["containerDefinitions"]:
        for member in UNSUPPORTED_IN_CONTAINER:
            if container.get(member):
                raise NotImplementedByBambe(f"Bambe does not run containers with {member} yet.")
        driver = (container.get("logConfiguration") or {}).get("logDriver", "awslogs")
        if driver != "awslogs":
            raise NotImplementedByBambe(f"Bambe does not have the log driver {driver} yet.")


def _check_containers(containers: list[Shape]) -> None:
    if not containers:
        raise ClientException("Container list cannot be empty.")
    names = [container.get("name", "") for container in containers]
    for container, name in zip(containers, names, strict=True):
        if not name:
            raise ClientException("Container.name should not be null or empty.")
        if not NAME.fullmatch(name):
            raise ClientException("Container.name contains invalid characters.")
        if not container.get("image"):
            raise ClientException("Container.image should not be null or empty.")
        _check_container(container)
    if len(set(names)) != len(names):
        raise ClientException("Container.name should be unique within a task definition.")
    if not any(container.get("essential", True) for container in containers):
        raise ClientException("Invalid setting: at least one container must be essential.")


def _check_container(container: Shape) -> None:
    for mapping in container.get("portMappings") or ():
        if not 1 <= mapping.get("containerPort", 0) <= 65535:
            raise ClientException("Container port must be between 1 and 65535.")
    log = container.get("logConfiguration") or {}
    if log and not (log.get("options") or {}).get("awslogs-group"):
        raise ClientException("Log driver awslogs requires options: awslogs-group")
    check = container.get("healthCheck")
    if check and check["command"][:1] not in (["CMD"], ["CMD-SHELL"], ["NONE"]):
        raise ClientException("The first string in the health check command must be CMD, CMD-SHELL or NONE.")


def _check_on_fargate(container: Shape) -> None:
    for mapping in container.get("portMappings") or ():
        port = mapping["containerPort"]
        if mapping.get("hostPort", port) != port:
            raise ClientException(
                "When networkMode=awsvpc, the host ports and container ports in port mappings must match."
            )
    if container.get("privileged"):
        raise ClientException("Fargate compatible task definitions do not support privileged containers.")
    if container.get("links"):
        raise ClientException("Links are not supported when networkMode=awsvpc.")
    log = container.get("logConfiguration") or {}
    if log and not log["options"].get("awslogs-stream-prefix"):
        # Fargate alone requires the prefix (developer guide, "awslogs log driver options").
        raise ClientException("Log driver awslogs requires options: awslogs-stream-prefix")
    if container.get("stopTimeout", 0) > 120:
        raise ClientException("Container.stopTimeout cannot be greater than 120 seconds on Fargate.")


def _check_room(containers: list[Shape], cpu: int, memory: int) -> None:
    if sum(container.get("cpu") or 0 for container in containers) > cpu:
        raise ClientException("Total cpu of containers exceeds the task's cpu.")
    reserved = sum(c.get("memory") or c.get("memoryReservation") or 0 for c in containers)
    largest = max((container.get("memory") or 0 for container in containers), default=0)
    if reserved > memory or largest > memory:
        raise ClientException(
            "Invalid setting for container. The task's 'memory' is smaller than its containers need."
        )


def _check_role(body: Mapping[str, Any]) -> None:
    if body.get("executionRoleArn"):
        return
    needed = "Fargate requires task definition to have execution role ARN to support "
    if any(ECR.match(container["image"]) for container in body["containerDefinitions"]):
        raise ClientException(f"{needed}ECR images.")
    if any(container.get("logConfiguration") for container in body["containerDefinitions"]):
        raise ClientException(f"{needed}log driver awslogs.")
