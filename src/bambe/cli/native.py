"""Releases whose traffic ECS shifts: where they are, and taking them into one's own hands.

What AWS has no call for is asked by a tag of the service (`evidence.wishes`), which Bambe's ECS heeds and
AWS's does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bambe.cli.releases import before, live
from bambe.cli.shares import give
from bambe.cli.stages import ROLLING, says
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble
from bambe.evidence.wishes import FINISH, HOLD, PROMOTE

SHIFT, BAKE, CLEAN_UP = "PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"
HEALTHY = ("POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT", SHIFT)
"""Stages in which the new version is healthy and has not all traffic."""
WITH_ALL_TRAFFIC = ("POST_PRODUCTION_TRAFFIC_SHIFT", BAKE)
ON_ITS_WAY = ("PENDING", "IN_PROGRESS")
AT_ONCE = 20
"""Service deployments, or revisions, that ECS describes in one call."""
SHIFTED = re.compile(r"\(deployment (\S+)\) shifted (\S+) percent of production traffic\.")


@dataclass(frozen=True, slots=True)
class Native:
    """The service deployment of one service that is under way: `shown` as ECS describes it, and `about` the
    service itself, with tags and events."""

    target: Target
    service: str
    shown: dict[str, Any]
    about: dict[str, Any]

    @property
    def arn(self) -> str:
        return str(self.shown["serviceDeploymentArn"])

    @property
    def name(self) -> str:
        return self.arn.rsplit("/", 1)[-1]

    @property
    def stage(self) -> str:
        return str(self.shown.get("lifecycleStage", ""))

    @property
    def is_rolling(self) -> bool:
        """Whether tasks are replaced a few at a time, and no traffic is shifted."""
        return bool(self.shown["deploymentConfiguration"].get("strategy", ROLLING) == ROLLING)

    @property
    def is_held(self) -> bool:
        """Whether somebody asked it to stay where it is."""
        return self.tags.get(HOLD) == self.name

    @property
    def tags(self) -> dict[str, str]:
        return {tag["key"]: tag["value"] for tag in self.about.get("tags", ())}

    @property
    def pauses(self) -> list[str]:
        """The hooks that wait for a person."""
        return [str(hook["hookId"]) for hook in self._hooks("AWAITING_ACTION")]

    @property
    def shift(self) -> tuple[float, datetime] | None:
        """The percent its last step gave the new version, and when; None before its first."""
        mine = {one["id"] for one in self.about.get("deployments", ()) if one["status"] == "PRIMARY"}
        for event in self.about.get("events", ()):
            found = SHIFTED.search(event["message"])
            if found and found[1] in mine:
                return float(found[2]), event["createdAt"]
        return None

    def promote(self) -> str:
        """All traffic now, or the end of the old version; one sentence on what happens."""
        self._check_shifting()
        when = "once its hooks are content" if self._hooks("IN_PROGRESS") else "now"
        if self.stage in WITH_ALL_TRAFFIC:
            self._tag(FINISH)
            self._release_hold()
            return f"{self.service}: {self.name} ends the old version {when}."
        if self.stage not in HEALTHY:
            raise Trouble(f"{self.service}: {self.name} has no healthy new version to promote yet.")
        self._tag(PROMOTE)
        self._release_hold()
        return f"{self.service}: {self.name} gives the new version all traffic {when}."

    def approve(self) -> str:
        """Let it go on from where it waits for a person."""
        if self.is_held:
            self._release_hold()
            return f"{self.service}: {self.name} goes on."
        if not self.pauses:
            raise Trouble(f"{self.service}: {self.name} does not wait for approval.")
        for hook in self.pauses:
            self.target.client("ecs").continue_service_deployment(
                serviceDeploymentArn=self.arn, hookId=hook, action="CONTINUE"
            )
        return f"{self.service}: {self.name} is approved and goes on."

    def pause(self) -> str:
        """Keep it at its present step until it is approved, promoted or rolled back."""
        self._check_shifting()
        self._tag(HOLD)
        return f"{self.service}: {self.name} stays where it is; `bambe approve {self.service}` lets it go on."

    def stop(self) -> str:
        """End it and leave traffic and versions as they are."""
        self.target.client("ecs").stop_service_deployment(serviceDeploymentArn=self.arn, stopType="ABORT")
        return (
            f"{self.service}: {self.name} is stopped; both versions keep running with the traffic they have."
        )

    def roll_back(self) -> str:
        """Give the version before all traffic again."""
        self.target.client("ecs").stop_service_deployment(serviceDeploymentArn=self.arn, stopType="ROLLBACK")
        return f"{self.service}: {self.name} goes back to the version before."

    def weigh(self, percent: int) -> str:
        """Give the new version `percent` of the traffic until the next step."""
        self._check_shifting()
        if self.stage != SHIFT or not (self.shift or self._weight):
            raise Trouble(f"{self.service}: {self.name} is not shifting traffic now.")
        elbv2 = self.target.client("elbv2")
        for rule, old, new in self._routes():
            (found,) = elbv2.describe_rules(RuleArns=[rule])["Rules"]
            give(elbv2, found, {old: 100 - percent, new: percent})
        return f"{self.service}: the new version has {percent} % of the traffic until the next step."

    @property
    def _weight(self) -> float:
        return float(self.shown["targetServiceRevision"].get("requestedProductionTrafficWeight", 0))

    def _routes(self) -> Iterator[tuple[str, str, str]]:
        """The production rules, each with the target groups of the old and of the new version."""
        arns = [self.shown["targetServiceRevision"]["arn"]]
        ecs = self.target.client("ecs")
        (revision,) = ecs.describe_service_revisions(serviceRevisionArns=arns)["serviceRevisions"]
        resolved = revision.get("resolvedConfiguration", {}).get("loadBalancers", ())
        taken = {one["targetGroupArn"] for one in resolved}
        for said in revision["loadBalancers"]:
            advanced = said.get("advancedConfiguration")
            if advanced:
                pair = (said["targetGroupArn"], advanced["alternateTargetGroupArn"])
                old, new = pair if pair[1] in taken else pair[::-1]
                yield advanced["productionListenerRule"], old, new

    def _check_shifting(self) -> None:
        """Trouble where nothing is left to hold, weigh or promote, or never was."""
        if self.is_rolling or not self.shown.get("sourceServiceRevisions"):
            raise Trouble(
                f"{self.service}: {self.name} shifts no traffic from one version to another;"
                f" `bambe stop {self.service}` ends it, `bambe rollback {self.service}` goes back."
            )
        if self.shown["status"] not in ON_ITS_WAY or self.stage == CLEAN_UP:
            raise Trouble(
                f"{self.service}: {self.name} can no longer be steered: {says(self.shown, self.about)}."
            )

    def _hooks(self, status: str) -> list[dict[str, Any]]:
        hooks = self.shown.get("lifecycleHookDetails", ())
        return [hook for hook in hooks if hook["status"] == status]

    def _tag(self, key: str) -> None:
        self.target.check_heeds()
        tags = [{"key": key, "value": self.name}]
        self.target.client("ecs").tag_resource(resourceArn=self.about["serviceArn"], tags=tags)

    def _release_hold(self) -> None:
        self.target.client("ecs").untag_resource(resourceArn=self.about["serviceArn"], tagKeys=[HOLD])


def native_history(target: Target, service: str, *statuses: str) -> list[dict[str, Any]]:
    """The service deployments that are remembered (of `statuses`), newest first, as ECS shows them."""
    ecs = target.client("ecs")
    arns: list[str] = []
    token: dict[str, str] = {}
    while True:
        where = {"cluster": target.cluster, "service": service, "status": list(statuses)}
        listed = ecs.list_service_deployments(**where, **token)
        arns += [one["serviceDeploymentArn"] for one in listed["serviceDeployments"]]
        if not listed.get("nextToken"):
            break
        token = {"nextToken": listed["nextToken"]}
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(arns), AT_ONCE):
        answer = ecs.describe_service_deployments(serviceDeploymentArns=arns[start : start + AT_ONCE])
        found |= {one["serviceDeploymentArn"]: one for one in answer["serviceDeployments"]}
    return [found[arn] for arn in arns if arn in found]


def good_before(target: Target, service: str, current: str) -> str:
    """The task definition that was live before `current` (both ARNs); "" for none."""
    history = native_history(target, service)
    # A deployment that was stopped where it was has left what it came from beside what it brought.
    if history and history[0]["status"] == "STOPPED" and history[0].get("sourceServiceRevisions"):
        return _definitions(target, [_source(history[0])])[0]
    steps = [one for one in history if one["status"] == "SUCCESSFUL"][::-1]
    arns = [arn for one in steps for arn in (_source(one), str(one["targetServiceRevision"]["arn"])) if arn]
    return before(live([(name, False) for name in _definitions(target, arns)]), current)


def _source(deployment: Mapping[str, Any]) -> str:
    """The revision that a deployment took over from; "" for the first."""
    return next((str(one["arn"]) for one in deployment.get("sourceServiceRevisions", ())), "")


def _definitions(target: Target, arns: Sequence[str]) -> list[str]:
    """The task definitions of service revisions."""
    found: dict[str, str] = {}
    each = list(dict.fromkeys(arns))
    for start in range(0, len(each), AT_ONCE):
        some = each[start : start + AT_ONCE]
        answer = target.client("ecs").describe_service_revisions(serviceRevisionArns=some)
        found |= {one["serviceRevisionArn"]: one["taskDefinition"] for one in answer["serviceRevisions"]}
    return [found[arn] for arn in arns if arn in found]


def native_under_way(target: Target, service: str) -> Native | None:
    """The deployment of a service that ECS releases, if one is under way."""
    ecs = target.client("ecs")
    listed = ecs.list_service_deployments(cluster=target.cluster, service=service, maxResults=1)
    for newest in listed["serviceDeployments"]:
        answer = ecs.describe_service_deployments(serviceDeploymentArns=[newest["serviceDeploymentArn"]])
        for shown in answer["serviceDeployments"]:
            if "finishedAt" not in shown:
                (about,) = ecs.describe_services(
                    cluster=target.cluster, services=[service], include=["TAGS"]
                )["services"]
                return Native(target, service, shown, about)
    return None
