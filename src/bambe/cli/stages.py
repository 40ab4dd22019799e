"""Where a release by ECS is, in words."""

from __future__ import annotations

from typing import Any

ROLLING = "ROLLING"
SAYS = {
    "SCALE_UP": "starting the new version",
    "TEST_TRAFFIC_SHIFT": "test traffic",
    "PRODUCTION_TRAFFIC_SHIFT": "shifting traffic",
    "BAKE_TIME": "all traffic on the new version, the old one kept for the bake time",
    "CLEAN_UP": "ending the version that is not needed",
}


def says(shown: dict[str, Any]) -> str:
    """Where a service deployment is, in words."""
    if shown.get("deploymentConfiguration", {}).get("strategy", ROLLING) == ROLLING:
        return "rolling update"
    if shown["status"].startswith("ROLLBACK"):
        return "going back to the version before"
    waits = [hook for hook in shown.get("lifecycleHookDetails", ()) if hook["status"] == "AWAITING_ACTION"]
    if waits:
        return "waits for approval"
    stage = str(shown.get("lifecycleStage", shown["status"]))
    return SAYS.get(stage, stage)
