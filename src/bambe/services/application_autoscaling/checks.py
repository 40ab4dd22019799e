"""What is scaled here: desired counts of ECS services, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bambe.kernel.call import Call, Tx
from bambe.services.application_autoscaling.errors import ObjectNotFoundException, ValidationException
from bambe.services.application_autoscaling.model import Target
from bambe.services.application_autoscaling.tables import TARGETS

NAMESPACE, DIMENSION = "ecs", "ecs:service:DesiredCount"
RESOURCE = re.compile(r"service/[A-Za-z0-9_-]{1,255}/[A-Za-z0-9_-]{1,255}")


def resource(request: Mapping[str, Any]) -> str:
    """`service/CLUSTER/NAME`; ValidationException for anything else."""
    dimension = request.get("ScalableDimension", DIMENSION)
    if request["ServiceNamespace"] != NAMESPACE or dimension != DIMENSION:
        raise ValidationException(
            "Unsupported service namespace, resource type or scalable dimension:"
            f" {request['ServiceNamespace']}, {dimension}. Bambe scales {DIMENSION} of {NAMESPACE}."
        )
    said = str(request["ResourceId"])
    if not RESOURCE.fullmatch(said):
        raise ValidationException(f"Invalid resource id: {said}. Use service/cluster-name/service-name.")
    return said


def limits(least: int | None, most: int | None) -> None:
    """A minimum that is not above the maximum, neither below none."""
    if (least is not None and least < 0) or (most is not None and most < 0):
        raise ValidationException("The minimum and maximum capacity must not be negative.")
    if least is not None and most is not None and least > most:
        raise ValidationException("Maximum capacity cannot be less than minimum capacity.")


def target(tx: Tx, call: Call, said: str, word: str = "found") -> Target:
    """The scalable target, or AWS's words for that there is none."""
    found = TARGETS.find(tx, call.account, call.region, said)
    if found is None:
        raise ObjectNotFoundException(
            f"No scalable target {word} for service namespace: {NAMESPACE}, resource ID: {said},"
            f" scalable dimension: {DIMENSION}"
        )
    return found
