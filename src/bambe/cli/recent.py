"""The newest releases of a service that CodeDeploy releases: which is under way, which wait, how the last
one ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bambe.cli.releases import ACTIVE
from bambe.synth import Names

AT_ONCE = 25
"""Deployments that CodeDeploy describes in one call."""
ROLLBACK = "codeDeployRollback"
"""The creator of a deployment that takes another one back."""
ALARMS = re.compile(r"Alarms: <(.+)>")
SUPERSEDED = "Superseded by "


@dataclass(frozen=True, slots=True)
class Recent:
    """Some deployments as CodeDeploy describes them, newest first."""

    infos: tuple[Mapping[str, Any], ...] = ()

    @property
    def active(self) -> Mapping[str, Any]:
        """The one under way; empty without one."""
        return next((one for one in self.infos if one["status"] in ACTIVE), {})

    @property
    def queued(self) -> tuple[str, ...]:
        """Those that wait for it."""
        return tuple(str(one["deploymentId"]) for one in self.infos if one["status"] == "Queued")

    @property
    def ended_badly(self) -> str:
        """How the last release ended, in a sentence; "" where it ended well, or another is under way."""
        last = next((one for one in self.infos if not _is_beside_the_point(one)), {})
        return "" if self.active or not last else how_it_ended(last)

    def begun_within(self, build: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Those that began while a build ran and have ended badly."""
        end = build.get("endTime")
        return [
            one
            for one in self.infos
            if one["status"] in ("Failed", "Stopped")
            and one.get("creator") != ROLLBACK
            and build["startTime"] <= one["createTime"]
            and (end is None or one["createTime"] <= end)
        ]


def recent(codedeploy: Any, names: Names, service: str) -> Recent:
    """The newest deployments of a service."""
    ids = codedeploy.list_deployments(
        applicationName=names.application(service), deploymentGroupName=names.group(service)
    )["deployments"][:AT_ONCE]
    found = codedeploy.batch_get_deployments(deploymentIds=ids)["deploymentsInfo"] if ids else []
    return Recent(tuple(sorted(found, key=lambda info: info["createTime"], reverse=True)))


def during(codedeploy: Any, names: Names, service: str, build: Mapping[str, Any]) -> Recent:
    """The deployments of a service that began while a build ran, of a deployment group that is gone too."""
    when = {"start": build["startTime"], "end": build.get("endTime") or build["startTime"]}
    ids = codedeploy.list_deployments(createTimeRange=when)["deployments"][:AT_ONCE]
    found = codedeploy.batch_get_deployments(deploymentIds=ids)["deploymentsInfo"] if ids else []
    return Recent(tuple(one for one in found if one["applicationName"] == names.application(service)))


def how_it_ended(info: Mapping[str, Any]) -> str:
    """One sentence on a release that ended badly; "" on one that did not."""
    if info["status"] not in ("Failed", "Stopped"):
        return ""
    error = info.get("errorInformation", {})
    why = _why(str(error.get("code", "")), str(error.get("message", "")))
    if info.get("rollbackInfo", {}).get("rollbackDeploymentId"):
        return f"{info['deploymentId']} was rolled back: {why}"
    word = "failed" if info["status"] == "Failed" else "was stopped"
    whose = "the rollback " if info.get("creator") == ROLLBACK else ""
    return f"{whose}{info['deploymentId']} {word}: {why}"


def _why(code: str, message: str) -> str:
    if code == "MANUAL_STOP":
        return "somebody asked for it."
    alarms = ALARMS.search(message)
    if code == "ALARM_ACTIVE" and alarms:
        return f"the alarm {alarms[1]} rang."
    return message if message.endswith(".") else f"{message or code or 'the reason is not known'}."


def _is_beside_the_point(info: Mapping[str, Any]) -> bool:
    """What waits, what a newer one overtook, and rollbacks that went well: their release tells of them."""
    message = str(info.get("errorInformation", {}).get("message", ""))
    went_well = info.get("creator") == ROLLBACK and info["status"] == "Succeeded"
    return info["status"] == "Queued" or went_well or message.startswith(SUPERSEDED)
