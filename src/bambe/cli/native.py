"""Releases that ECS shifts itself: where they are, and taking them into one's own hands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bambe.cli.stages import ROLLING
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Native:
    """The service deployment of one service that is under way."""

    target: Target
    service: str
    shown: dict[str, Any]

    @property
    def arn(self) -> str:
        return str(self.shown["serviceDeploymentArn"])

    @property
    def name(self) -> str:
        return self.arn.rsplit("/", 1)[-1]

    @property
    def is_rolling(self) -> bool:
        """Whether tasks are replaced a few at a time, and no traffic is shifted."""
        return bool(self.shown["deploymentConfiguration"].get("strategy", ROLLING) == ROLLING)

    @property
    def pauses(self) -> list[str]:
        """The hooks that wait for a person."""
        hooks = self.shown.get("lifecycleHookDetails", ())
        return [str(hook["hookId"]) for hook in hooks if hook["status"] == "AWAITING_ACTION"]

    def approve(self) -> str:
        """Let it go on from where it waits for a person."""
        if not self.pauses:
            raise Trouble(f"{self.service}: {self.name} does not wait for approval.")
        for hook in self.pauses:
            self.target.client("ecs").continue_service_deployment(
                serviceDeploymentArn=self.arn, hookId=hook, action="CONTINUE"
            )
        return f"{self.service}: {self.name} is approved and goes on."

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


def native_release(target: Target, service: str) -> Native:
    """The deployment under way; Trouble where there is none."""
    found = native_under_way(target, service)
    if found is None:
        raise Trouble(f"{service} has no release under way.")
    return found


def good_before(target: Target, service: str, current: str) -> str:
    """The task definition of the last successful deployment of another one than `current`; "" for none."""
    ecs = target.client("ecs")
    listed = ecs.list_service_deployments(cluster=target.cluster, service=service, status=["SUCCESSFUL"])
    arns = [one["targetServiceRevisionArn"] for one in listed["serviceDeployments"]]
    found = ecs.describe_service_revisions(serviceRevisionArns=arns)["serviceRevisions"] if arns else []
    others = [one["taskDefinition"] for one in found if not one["taskDefinition"].endswith(f"/{current}")]
    return str(others[0]) if others else ""


def native_under_way(target: Target, service: str) -> Native | None:
    """The deployment of a service that ECS releases, if one is under way."""
    ecs = target.client("ecs")
    listed = ecs.list_service_deployments(cluster=target.cluster, service=service, maxResults=1)
    for newest in listed["serviceDeployments"]:
        answer = ecs.describe_service_deployments(serviceDeploymentArns=[newest["serviceDeploymentArn"]])
        for shown in answer["serviceDeployments"]:
            if "finishedAt" not in shown:
                return Native(target, service, shown)
    return None
