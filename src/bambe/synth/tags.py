"""What a release asks of this machine beyond AWS's API."""

from __future__ import annotations

from typing import Any

from bambe.evidence.wishes import ANALYSIS, QUEUE, SYNTHETIC
from bambe.project import Release


def heeded(wish: Release) -> list[dict[str, Any]]:
    """Tags of the deployment group, or of a service that ECS releases; on AWS they are like any other."""
    said = {ANALYSIS: wish.analysis, SYNTHETIC: " ".join(wish.synthetic)}
    if wish.controller == "codedeploy":
        said = {QUEUE: wish.queue, **said}
    return [{"Key": key, "Value": value} for key, value in said.items() if value not in ("off", "")]
