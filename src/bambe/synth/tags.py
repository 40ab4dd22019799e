"""What a release asks of this machine beyond AWS's API."""

from __future__ import annotations

from typing import Any

from bambe.evidence.wishes import ANALYSIS, CANARY, EVENTS, QUEUE, SYNTHETIC
from bambe.project import Project


def heeded(project: Project, service: str) -> list[dict[str, Any]]:
    """Tags of the deployment group, or of a service that ECS releases; on AWS they are like any other."""
    wish = project.release_of(service)
    events = CANARY if project.steers_events(service) and wish.events == CANARY else ""
    said = {ANALYSIS: wish.analysis, SYNTHETIC: " ".join(wish.synthetic), EVENTS: events}
    if wish.controller == "codedeploy":
        said = {QUEUE: wish.queue, **said}
    return [{"Key": key, "Value": value} for key, value in said.items() if value not in ("off", "")]
