"""What a deployment of CodeDeploy leaves that was stopped where it was: two versions, sharing the traffic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from bambe.cli.shares import give, group_of, shares_of
from bambe.cli.target import Target

ENDED = ("Stopped", "Failed")


@dataclass(frozen=True, slots=True)
class Stopped:
    """The version that was there before, and those that the deployment has left beside it."""

    target: Target
    service: str
    deployment: str
    info: Mapping[str, Any]
    primary: Mapping[str, Any]
    others: tuple[Mapping[str, Any], ...]

    def go_back(self) -> str:
        """Give the version before all traffic and end the others; one sentence on what happens."""
        self._weigh()
        ended = all([self._end(one) for one in self.others])
        name = self.primary["taskDefinition"].rsplit("/", 1)[-1]
        rest = "the other version ends" if ended else "the other version stays until the next release"
        return f"{self.service}: all traffic is on {name} again, as before {self.deployment}; {rest}."

    def _weigh(self) -> None:
        elbv2 = self.target.client("elbv2")
        kept, gone = group_of(self.primary), {group_of(one) for one in self.others}
        for pair in self.info.get("loadBalancerInfo", {}).get("targetGroupPairInfoList", ()):
            for route in ("prodTrafficRoute", "testTrafficRoute"):
                for listener in pair.get(route, {}).get("listenerArns", ()):
                    pages = elbv2.get_paginator("describe_rules").paginate(ListenerArn=listener)
                    for rule in [rule for page in pages for rule in page["Rules"]]:
                        groups = set(shares_of(rule))
                        if kept in groups and gone & groups:
                            give(elbv2, rule, {kept: 100, **dict.fromkeys(gone & groups, 0)})

    def _end(self, task_set: Mapping[str, Any]) -> bool:
        where = {"cluster": self.target.cluster, "service": self.service}
        try:
            self.target.client("ecs").delete_task_set(**where, taskSet=task_set["id"], force=True)
        except ClientError as error:
            # AWS promises this for services with the controller EXTERNAL only.
            if error.response["Error"]["Code"] != "InvalidParameterException":
                raise
            return False
        return True


def left_by_stop(target: Target, service: str) -> Stopped | None:
    """What the newest deployment of a service has left, if it was stopped where it was."""
    releases = target.releases(service)
    newest = next(iter(releases.ids()), "")
    info = releases.get(newest) if newest else {}
    if info.get("status") not in ENDED or info.get("rollbackInfo", {}).get("rollbackDeploymentId"):
        return None
    answer = target.client("ecs").describe_services(cluster=target.cluster, services=[service])
    sets = [one for one in answer["services"][0].get("taskSets", ()) if one["status"] != "DRAINING"]
    primary = next((one for one in sets if one["status"] == "PRIMARY"), None)
    others = tuple(one for one in sets if one is not primary)
    if primary is None or not others:
        return None
    return Stopped(target, service, newest, info, primary, others)
