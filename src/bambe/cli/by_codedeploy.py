"""Releases whose traffic CodeDeploy shifts: where they are, and taking them into one's own hands.

What AWS has no call for is asked by a tag of the deployment group (`evidence.wishes`), which Bambe's
CodeDeploy heeds and AWS's does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bambe.cli.phases import is_way_back
from bambe.cli.releases import Releases
from bambe.cli.shares import give, shares_of
from bambe.cli.stages import GOING_BACK
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble
from bambe.evidence.wishes import HOLD, PROMOTE

READY, SHIFT, WAIT = "ready", "shift", "wait"


@dataclass(slots=True)
class ByCodeDeploy:
    """The deployment of one service that is under way."""

    target: Target
    service: str
    deployment: str
    info: dict[str, Any]
    events: dict[str, str]

    @property
    def phase(self) -> str:
        """READY, SHIFT or WAIT (all traffic shifted); "" before that, or where neither applies."""
        if self.info["status"] == "Ready":
            return READY
        if self.info.get("instanceTerminationWaitTimeStarted"):
            return WAIT
        return SHIFT if self.events.get("AllowTraffic") == "InProgress" else ""

    @property
    def is_held(self) -> bool:
        """Whether somebody asked it to stay where it is."""
        return self._tags().get(HOLD) == self.deployment

    @property
    def is_way_back(self) -> bool:
        """Whether it gives the version before its traffic back, within a moment."""
        return is_way_back(self.info, self.events)

    def promote(self) -> str:
        """All traffic now, or the end of the old version; one sentence on what happens."""
        self._check_not_going_back()
        if self.phase == READY:
            self._continue("READY_WAIT")
        if self.phase == WAIT:
            self._release_hold()
            self._continue("TERMINATION_WAIT")
            return f"{self.service}: {self.deployment} ends the old version now."
        if self.phase not in (READY, SHIFT):
            raise Trouble(f"{self.service}: {self.deployment} has no healthy new version to promote yet.")
        self._tag(PROMOTE)
        self._release_hold()
        return f"{self.service}: {self.deployment} gives the new version all traffic now."

    def approve(self) -> str:
        """Let it go on from where it waits for a person."""
        self._check_not_going_back()
        if self.is_held:
            self._release_hold()
            return f"{self.service}: {self.deployment} goes on."
        if self.phase != READY:
            raise Trouble(f"{self.service}: {self.deployment} does not wait for approval.")
        self._continue("READY_WAIT")
        return f"{self.service}: {self.deployment} is approved; its traffic begins to shift."

    def pause(self) -> str:
        """Keep it at its present step until it is approved, promoted or rolled back."""
        self._check_not_going_back()
        self._tag(HOLD)
        return (
            f"{self.service}: {self.deployment} stays where it is;"
            f" `bambe approve {self.service}` lets it go on."
        )

    def stop(self) -> str:
        """End it and leave traffic and versions as they are."""
        self.target.client("codedeploy").stop_deployment(
            deploymentId=self.deployment, autoRollbackEnabled=False
        )
        return (
            f"{self.service}: {self.deployment} is stopped; both versions keep running with the traffic they"
            f" have. `bambe rollback {self.service}` goes back, `bambe deploy {self.service}` releases anew."
        )

    def weigh(self, percent: int) -> str:
        """Give the new version `percent` of the traffic until the next step."""
        self._check_not_going_back()
        if self.phase != SHIFT:
            raise Trouble(f"{self.service}: {self.deployment} is not shifting traffic now.")
        blue, green = self._groups()
        rules = [rule for rule in self._rules() if {blue, green} <= set(shares_of(rule))]
        if not rules:
            raise Trouble(f"{self.service}: no rule of the listener leads to both of its versions.")
        for rule in rules:
            give(self.target.client("elbv2"), rule, {blue: 100 - percent, green: percent})
        return f"{self.service}: the new version has {percent} % of the traffic until the next step."

    def _check_not_going_back(self) -> None:
        if self.is_way_back:
            raise Trouble(f"{self.service}: {self.deployment} can no longer be steered: {GOING_BACK}.")

    def _groups(self) -> tuple[str, str]:
        target = self.target.releases(self.service).target(self.deployment)
        names = {one["taskSetLabel"]: one["targetGroup"]["name"] for one in target["taskSetsInfo"]}
        if set(names) != {"Blue", "Green"}:
            raise Trouble(f"{self.service}: {self.deployment} does not have two versions now.")
        found = self.target.client("elbv2").describe_target_groups(Names=list(names.values()))
        arns = {one["TargetGroupName"]: one["TargetGroupArn"] for one in found["TargetGroups"]}
        return arns[names["Blue"]], arns[names["Green"]]

    def _rules(self) -> list[dict[str, Any]]:
        pair = self.info["loadBalancerInfo"]["targetGroupPairInfoList"][0]
        pages = self.target.client("elbv2").get_paginator("describe_rules")
        (listener,) = pair["prodTrafficRoute"]["listenerArns"]
        return [rule for page in pages.paginate(ListenerArn=listener) for rule in page["Rules"]]

    def _continue(self, wait: str) -> None:
        self.target.client("codedeploy").continue_deployment(
            deploymentId=self.deployment, deploymentWaitType=wait
        )

    def _tag(self, key: str) -> None:
        self.target.check_heeds()
        tags = [{"Key": key, "Value": self.deployment}]
        self.target.client("codedeploy").tag_resource(ResourceArn=self._arn(), Tags=tags)

    def _release_hold(self) -> None:
        self.target.client("codedeploy").untag_resource(ResourceArn=self._arn(), TagKeys=[HOLD])

    def _tags(self) -> dict[str, str]:
        answer = self.target.client("codedeploy").list_tags_for_resource(ResourceArn=self._arn())
        return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}

    def _arn(self) -> str:
        account = self.target.client("sts").get_caller_identity()["Account"]
        names = self.target.names
        where = f"arn:aws:codedeploy:{self.target.place.region}:{account}:deploymentgroup"
        return f"{where}:{names.application(self.service)}/{names.group(self.service)}"


def codedeploy_under_way(target: Target, service: str) -> ByCodeDeploy | None:
    """The deployment of a service that CodeDeploy releases, if one is under way."""
    releases: Releases = target.releases(service)
    deployment = releases.active()
    if deployment is None:
        return None
    info = releases.get(deployment)
    events = releases.target(deployment).get("lifecycleEvents", [])
    found = {one["lifecycleEventName"]: one["status"] for one in events}
    return ByCodeDeploy(target, service, deployment, info, found)
