"""What a release does next, and when, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bambe.cli.native import BAKE, CLEAN_UP, HEALTHY, SHIFT, WITH_ALL_TRAFFIC, Native
from bambe.evidence.wishes import FINISH, PROMOTE


def native_next(found: Native, scale: float, now: datetime) -> str:
    """Of a deployment whose traffic ECS shifts. Its API shows no deadlines: they follow from the service's
    event of the last step, from the moment the bake time began, and from the configuration."""
    if found.shown["status"].startswith("ROLLBACK"):
        return "the new version ends"
    if found.is_held:
        return f"paused: `bambe approve {found.service}` lets it go on"
    if found.pauses:
        return f"waits for `bambe approve {found.service}`"
    if found.stage in (*WITH_ALL_TRAFFIC, CLEAN_UP):
        return _end(found, scale, now)
    percent, since = found.shift or (0.0, None)
    if found.stage == SHIFT and percent >= 100:
        return "the bake time"
    promoted = found.tags.get(PROMOTE) == found.name
    configuration = found.shown["deploymentConfiguration"]
    at_once = promoted or not found.shown.get("sourceServiceRevisions")
    what = f"{share(100 if at_once else _next_percent(configuration, percent))} to the new version"
    if since is None:
        return what if found.stage in HEALTHY else f"{what}, once it is healthy"
    return f"{what} {'now' if promoted else when(since, _step_minutes(configuration), scale, now)}"


def _end(found: Native, scale: float, now: datetime) -> str:
    if found.stage == CLEAN_UP or found.tags.get(FINISH) == found.name:
        return "the old version ends now"
    if found.stage != BAKE:
        return "the bake time"
    minutes = found.shown["deploymentConfiguration"].get("bakeTimeInMinutes", 0)
    return f"the old version ends {when(found.shown['updatedAt'], minutes, scale, now)}"


def _next_percent(configuration: Mapping[str, Any], percent: float) -> float:
    """What the step after the one of `percent` gives."""
    if "linearConfiguration" in configuration:
        return min(100.0, percent + float(configuration["linearConfiguration"]["stepPercent"]))
    if "canaryConfiguration" in configuration and not percent:
        return float(configuration["canaryConfiguration"]["canaryPercent"])
    return 100.0


def _step_minutes(configuration: Mapping[str, Any]) -> int:
    if "linearConfiguration" in configuration:
        return int(configuration["linearConfiguration"]["stepBakeTimeInMinutes"])
    return int(configuration.get("canaryConfiguration", {}).get("canaryBakeTimeInMinutes", 0))


def share(percent: float) -> str:
    """A share of the traffic."""
    return "all traffic" if percent >= 100 else f"{percent:g} %"


def when(since: datetime | None, minutes: int, scale: float, now: datetime) -> str:
    """When `minutes` of a clock scaled by `scale` after `since` are over."""
    if since is None:
        return "soon"
    due = since + timedelta(minutes=minutes) / scale
    left = max(0, round((due - now).total_seconds()))
    return f"at {due.astimezone():%H:%M:%S} (in {left // 60}:{left % 60:02})"
