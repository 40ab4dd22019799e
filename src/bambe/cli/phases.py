"""Releases in words: where one is, and what it asks of a person."""

from __future__ import annotations

from typing import Any

from bambe.cli.recent import ROLLBACK
from bambe.cli.stages import APPROVAL, GOING_BACK, says
from bambe.evidence.wishes import HOLD


def phase_of(info: dict[str, Any], target: dict[str, Any], held: bool = False) -> str:
    """Where a deployment is, in words: its last lifecycle event that began, or its wait."""
    where = _phase(info, target)
    return f"paused ({where})" if held and not is_way_back(info, _events(target)) else where


def _phase(info: dict[str, Any], target: dict[str, Any]) -> str:
    events = _events(target)
    if is_way_back(info, events):
        return GOING_BACK
    if info["status"] == "Ready":
        return APPROVAL
    if info.get("instanceTerminationWaitTimeStarted"):
        return "all traffic on green, blue kept for the termination wait"
    begun = [name for name, status in events.items() if status == "InProgress"]
    if not begun:
        return str(info["status"])
    words = {"Install": "starting green", "AllowTraffic": "shifting traffic"}
    return words.get(begun[0], begun[0])


def is_way_back(info: dict[str, Any], events: dict[str, str]) -> bool:
    """Whether a deployment gives the version before its traffic back, which runs still."""
    return info.get("creator") == ROLLBACK and events.get("Install") == "Skipped"


def asks(service: str, info: dict[str, Any], held: bool) -> str:
    """What a deployment waits for a person to do; "" for nothing."""
    if held:
        return f"{info['deploymentId']} is paused: `bambe approve {service}` lets it go on"
    if info["status"] != "Ready":
        return ""
    wait = info["blueGreenDeploymentConfiguration"]["deploymentReadyOption"]
    minutes = wait.get("waitTimeInMinutes", 0)
    return (
        f"{info['deploymentId']} waits for `bambe approve {service}`; it is stopped after {minutes} minutes"
    )


def _events(target: dict[str, Any]) -> dict[str, str]:
    found = target.get("lifecycleEvents", [])
    return {str(one["lifecycleEventName"]): str(one["status"]) for one in found}


def of_ecs(going: dict[str, Any], service: dict[str, Any]) -> tuple[str, str, str]:
    """The service deployment under way, where it is, and what it asks of a person."""
    if not going:
        return "", "", ""
    name, where = str(going["serviceDeploymentArn"]).rsplit("/", 1)[-1], says(going, service)
    lets = f"`bambe approve {service['serviceName']}` lets it go on"
    if {"key": HOLD, "value": name} in service.get("tags", ()) and where != GOING_BACK:
        return name, f"paused ({where})", f"{name} is paused: {lets}"
    return name, where, f"{name} {where}: {lets}" if where == APPROVAL else ""
