"""What a definition may say of its containers' secrets and of their order, in AWS's words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bambe.kernel.arn import Arn, is_arn
from bambe.kernel.errors import NotImplementedByBambe
from bambe.services.ecs.errors import ClientException
from bambe.services.ecs.model import Shape

CONDITIONS = ("START", "COMPLETE", "SUCCESS", "HEALTHY")
PARAMETER = re.compile(r"[a-zA-Z0-9_.\-/]+")
RESTARTED_AFTER = range(60, 1801)
"""Seconds (ECS API, ContainerRestartPolicy)."""
IGNORED_CODES = 50
LONGEST_START = 120
"""Seconds (Fargate: startTimeout)."""


def check_secrets(body: Shape) -> None:
    """Each secret names something that can be looked up, under a name of its own."""
    for container in body["containerDefinitions"]:
        secrets = container.get("secrets") or ()
        if secrets and not body.get("executionRoleArn"):
            raise ClientException(
                "When you are specifying container secrets, you must also specify a value for"
                " 'executionRoleArn'."
            )
        taken = {pair.get("name") for pair in container.get("environment") or ()}
        for secret in secrets:
            _check_source(secret["name"], secret["valueFrom"])
            if secret["name"] in taken:
                raise ClientException(
                    "The secret name must be unique and not shared with any new or existing environment"
                    f" variables set on the container, such as '{secret['name']}'."
                )
            taken.add(secret["name"])
        if (container.get("logConfiguration") or {}).get("secretOptions"):
            raise NotImplementedByBambe("Bambe does not have secretOptions of log drivers.")


def _check_source(name: str, source: str) -> None:
    if is_arn(source):
        arn = Arn.parse(source)
        kind = "parameter/" if arn.service == "ssm" else "secret:"
        if arn.service in ("ssm", "secretsmanager") and arn.resource.startswith(kind):
            return
    elif PARAMETER.fullmatch(source):
        return
    raise ClientException(f"The Systems Manager parameter name specified for secret {name} is invalid.")


def check_restarts(containers: Sequence[Shape]) -> None:
    """Each restart policy keeps to AWS's limits."""
    for container in containers:
        policy = container.get("restartPolicy") or {}
        if policy.get("restartAttemptPeriod", 60) not in RESTARTED_AFTER:
            raise ClientException("Container.restartPolicy.restartAttemptPeriod must be between 60 and 1800.")
        if len(policy.get("ignoredExitCodes") or ()) > IGNORED_CODES:
            raise ClientException(
                f"Container.restartPolicy.ignoredExitCodes can have at most {IGNORED_CODES} items."
            )


def check_order(containers: Sequence[Shape]) -> None:
    """Each dependency is on a container that can fulfil it, and none is on itself, however long the way."""
    known = {container["name"]: container for container in containers}
    for container in containers:
        if container.get("startTimeout", 0) > LONGEST_START:
            raise ClientException(
                f"Container.startTimeout cannot be greater than {LONGEST_START} seconds on Fargate."
            )
        for said in container.get("dependsOn") or ():
            _check_dependency(known.get(said["containerName"]), said)
    order = {c["name"]: [d["containerName"] for d in c.get("dependsOn") or ()] for c in containers}
    if cycle := find_cycle(order):
        raise ClientException(f"Container dependencies cannot be circular: {' -> '.join(cycle)}.")


def _check_dependency(on: Shape | None, said: Shape) -> None:
    name, condition = said["containerName"], said["condition"]
    if on is None:
        raise ClientException(f"Cannot depend on container + '{name}' because it does not exist")
    if condition not in CONDITIONS:
        raise ClientException(f"Container dependency condition must be one of {', '.join(CONDITIONS)}.")
    if condition in ("COMPLETE", "SUCCESS") and on.get("essential", True):
        raise ClientException(
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container"
        )
    check = on.get("healthCheck")
    if condition == "HEALTHY" and (not check or check["command"][:1] == ["NONE"]):
        raise ClientException(
            f"A dependency container with HEALTHY condition must have a health check: '{name}' has none."
        )


def find_cycle(order: Mapping[str, Sequence[str]]) -> list[str]:
    """The names along one circle of dependencies, its first name also last; [] where there is none."""
    finished: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in finished:
            return []
        for other in order.get(name, ()):
            if found := walk(other, [*way, name]):
                return found
        finished.add(name)
        return []

    return next((found for name in order if (found := walk(name, []))), [])
