"""Where a release by ECS is, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ROLLING = "ROLLING"
APPROVAL = "waits for approval"
GOING_BACK = "going back to the version before"
SAYS = {
    "SCALE_UP": "starting the new version",
    "TEST_TRAFFIC_SHIFT": "test traffic",
    "PRODUCTION_TRAFFIC_SHIFT": "shifting traffic",
    "BAKE_TIME": "all traffic on the new version, the old one kept for the bake time",
    "CLEAN_UP": "ending the version that is not needed",
}


OF_WORKERS = {
    "PRODUCTION_TRAFFIC_SHIFT": "both versions run",
    "BAKE_TIME": "both versions run until the bake time is over (`bambe events lag` shows who reads what)",
}
"""Of services that no traffic is sent to."""


def says(shown: dict[str, Any], service: Mapping[str, Any]) -> str:
    """Where a service deployment is, in words; `service` as ECS describes it."""
    if shown.get("deploymentConfiguration", {}).get("strategy", ROLLING) == ROLLING:
        return "rolling update"
    if shown["status"].startswith("ROLLBACK"):
        return GOING_BACK
    waits = [hook for hook in shown.get("lifecycleHookDetails", ()) if hook["status"] == "AWAITING_ACTION"]
    if waits:
        return APPROVAL
    stage = str(shown.get("lifecycleStage", shown["status"]))
    words = SAYS if service.get("loadBalancers") else SAYS | OF_WORKERS
    return words.get(stage, stage)


def how_native_ended(shown: dict[str, Any]) -> str:
    """One sentence on a service deployment that ended badly; "" on one that did not, or has not ended."""
    words = {
        "ROLLBACK_SUCCESSFUL": "was rolled back",
        "ROLLBACK_FAILED": "could not be rolled back",
        "STOPPED": "was stopped",
    }
    word = words.get(str(shown["status"]))
    if word is None:
        return ""
    why = str(shown.get("statusReason") or "the reason is not known").rstrip(".")
    return f"{str(shown['serviceDeploymentArn']).rsplit('/', 1)[-1]} {word}: {why}."
