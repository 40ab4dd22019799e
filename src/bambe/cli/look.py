"""What runs, as data: one service of a project with its versions, traffic and release."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from bambe.cli.releases import Releases, task_definition_of
from bambe.cli.revisions import shares_of_revisions
from bambe.cli.shares import shares_of
from bambe.cli.stages import says
from bambe.cli.trouble import Trouble
from bambe.synth import Names


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a service that runs: a task set or a deployment of the service."""

    role: str
    task_definition: str
    image: str
    desired: int
    running: int
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """A service as it is now. `release` is its deployment under way, `build` what its newest build is
    doing or failed of; "" without one."""

    service: str
    status: str
    desired: int
    running: int
    steady: bool
    versions: tuple[Version, ...] = ()
    release: str = ""
    release_says: str = ""
    build: str = ""
    event: str = ""

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


@dataclass(slots=True)
class Looker:
    """Asks ECS, ELB and CodeDeploy of one cluster."""

    cluster: str
    ecs: Any
    elbv2: Any
    codedeploy: Any
    codebuild: Any
    _images: dict[str, str] = field(default_factory=dict)

    def services(self) -> list[Look]:
        """Every service of the cluster."""
        arns = [arn for page in self._pages() for arn in page]
        found = []
        for start in range(0, len(arns), 10):
            answer = self.ecs.describe_services(cluster=self.cluster, services=arns[start : start + 10])
            found += [self._look(one) for one in answer["services"] if one["status"] != "INACTIVE"]
        return sorted(found, key=lambda look: look.service)

    def service(self, name: str) -> Look:
        """One service; Trouble when the cluster has none of this name."""
        answer = self.ecs.describe_services(cluster=self.cluster, services=[name])
        alive = [one for one in answer["services"] if one["status"] != "INACTIVE"]
        if not alive:
            known = ", ".join(look.service for look in self.services()) or "none"
            raise Trouble(f"{self.cluster} has no service {name!r}; it has: {known}.")
        return self._look(alive[0])

    def _pages(self) -> list[list[str]]:
        pages = self.ecs.get_paginator("list_services").paginate(cluster=self.cluster)
        return [page["serviceArns"] for page in pages]

    def _look(self, service: dict[str, Any]) -> Look:
        blue_green = service.get("deploymentController", {}).get("type") == "CODE_DEPLOY"
        if blue_green:
            versions = self._task_sets(service)
            release, where = self._release(service["serviceName"])
        else:
            going = self._service_deployment(service)
            versions = self._deployments(service, going)
            release, where = _by_ecs(going)
        events = service.get("events") or [{"message": ""}]
        return Look(
            service=service["serviceName"],
            status=service["status"],
            desired=service["desiredCount"],
            running=service["runningCount"],
            steady=service["runningCount"] == service["desiredCount"] and not release,
            versions=tuple(versions),
            release=release,
            release_says=where,
            build=self._build(service["serviceName"], release if blue_green else ""),
            event=events[0]["message"],
        )

    def _task_sets(self, service: dict[str, Any]) -> list[Version]:
        weights = self._weights(service.get("taskSets", []))
        return [
            Version(
                role=one["status"],
                task_definition=one["taskDefinition"].rsplit("/", 1)[-1],
                image=self._image(one["taskDefinition"]),
                desired=one["computedDesiredCount"],
                running=one["runningCount"],
                weight=weights.get(_group(one)),
            )
            for one in service.get("taskSets", [])
        ]

    def _service_deployment(self, service: dict[str, Any]) -> dict[str, Any]:
        """The one under way; empty without one."""
        arn = service.get("currentServiceDeployment")
        if not arn:
            return {}
        answer = self.ecs.describe_service_deployments(serviceDeploymentArns=[arn])
        return dict(answer["serviceDeployments"][0])

    def _deployments(self, service: dict[str, Any], going: dict[str, Any]) -> list[Version]:
        shares = _shares_by_role(going)
        several = len(service.get("deployments", ())) > 1
        by_rule = shares_of_revisions(self.ecs, self.elbv2, service) if several and not going else {}
        if not going and service.get("loadBalancers"):
            shares = {"PRIMARY": 100.0}
        return [
            Version(
                role=one["status"],
                task_definition=one["taskDefinition"].rsplit("/", 1)[-1],
                image=self._image(one["taskDefinition"]),
                desired=one["desiredCount"],
                running=one["runningCount"],
                weight=by_rule.get(one["taskDefinition"], shares.get(one["status"])),
            )
            for one in service.get("deployments", [])
        ]

    def _weights(self, task_sets: list[dict[str, Any]]) -> dict[str, float]:
        """Share of the traffic by target group, read from the rules that forward to any of them."""
        groups = {_group(one) for one in task_sets} - {""}
        for balancer in self._balancers(groups):
            listeners = self.elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
            for listener in listeners:
                for rule in self.elbv2.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
                    shares = shares_of(rule)
                    if groups & set(shares):
                        return shares
        return {}

    def _balancers(self, groups: set[str]) -> list[str]:
        if not groups:
            return []
        answer = self.elbv2.describe_target_groups(TargetGroupArns=sorted(groups))
        return sorted({arn for group in answer["TargetGroups"] for arn in group["LoadBalancerArns"]})

    def _release(self, service: str) -> tuple[str, str]:
        releases = Releases(self.codedeploy, Names(self.cluster), service)
        deployment = releases.active()
        if deployment is None:
            return "", ""
        return deployment, phase_of(releases.get(deployment), releases.target(deployment))

    def _build(self, service: str, release: str) -> str:
        project = Names(self.cluster).build(service)
        if not self.codebuild.batch_get_projects(names=[project])["projects"]:
            return ""
        ids = self.codebuild.list_builds_for_project(projectName=project, sortOrder="DESCENDING")["ids"]
        builds = self.codebuild.batch_get_builds(ids=ids[:1])["builds"] if ids else []
        if not builds:
            return ""
        going = release if builds[0]["buildStatus"] == "IN_PROGRESS" else ""
        return build_says(builds[0], service, going, self._released(service, going) if going else "")

    def _released(self, service: str, deployment: str) -> str:
        """The image a deployment releases."""
        appspec = Releases(self.codedeploy, Names(self.cluster), service).revision(deployment)
        return self._image(task_definition_of(appspec))

    def _image(self, task_definition: str) -> str:
        if task_definition not in self._images:
            found = self.ecs.describe_task_definition(taskDefinition=task_definition)["taskDefinition"]
            self._images[task_definition] = found["containerDefinitions"][0]["image"]
        return self._images[task_definition]


def build_says(build: dict[str, Any], service: str, release: str = "", image: str = "") -> str:
    """What a build is doing, or why it failed, in words; "" for one that went well.

    `release` is the deployment under way and `image` what it releases: a build waits for its own.
    """
    commit = build.get("resolvedSourceVersion", "")[:12]
    if build["buildStatus"] == "IN_PROGRESS":
        return _going(commit, given_image(build), build.get("currentPhase", "QUEUED"), release, image)
    if build["buildStatus"] == "SUCCEEDED":
        return ""
    return f"{why_it_failed(build)} (commit {commit}; bambe logs --build {service})"


def given_image(build: dict[str, Any]) -> str:
    """The image that a build only releases; "" for one that makes its own."""
    said = build.get("environment", {}).get("environmentVariables", ())
    return next((str(one["value"]) for one in said if one["name"] == "IMAGE"), "")


def _going(commit: str, given: str, phase: str, release: str, image: str) -> str:
    what = given or commit
    if phase in ("SUBMITTED", "QUEUED"):
        return f"the build of {what} is queued"
    if release and (image == given if given else image.endswith(f":{commit}")):
        return (
            f"{what} is {'' if given else 'built and '}being released by {release}; its build waits for that"
        )
    return f"{'releasing' if given else 'building'} {what}: {phase.lower()}"


def why_it_failed(build: dict[str, Any]) -> str:
    """The first failed phase of a build in one sentence."""
    for phase in build.get("phases", []):
        if phase.get("phaseStatus") in ("FAILED", "FAULT", "TIMED_OUT", "STOPPED"):
            contexts = [one.get("message", "") for one in phase.get("contexts", [])]
            why = shortened(" ".join(contexts)) or phase["phaseStatus"]
            return f"the build failed in {phase['phaseType']}: {why}"
    return f"the build is {build['buildStatus']}"


def shortened(text: str, most: int = 140) -> str:
    """A text without its middle where it is too long for a line: what it is about, and how it ended."""
    return text if len(text) <= most else f"{text[: most - 42]} … {text[-39:]}"


def phase_of(info: dict[str, Any], target: dict[str, Any]) -> str:
    """Where a deployment is, in words: its last lifecycle event that began, or its wait."""
    if info.get("instanceTerminationWaitTimeStarted"):
        return "all traffic on green, blue kept for the termination wait"
    begun = [one for one in target.get("lifecycleEvents", []) if one["status"] == "InProgress"]
    if not begun:
        return str(info["status"])
    words = {"Install": "starting green", "AllowTraffic": "shifting traffic"}
    name = str(begun[0]["lifecycleEventName"])
    return words.get(name, name)


def _by_ecs(going: dict[str, Any]) -> tuple[str, str]:
    return (str(going["serviceDeploymentArn"]).rsplit("/", 1)[-1], says(going)) if going else ("", "")


def _shares_by_role(going: dict[str, Any]) -> dict[str, float]:
    """Share of the traffic of the primary revision and of the other one, while ECS shifts it."""
    target = going.get("targetServiceRevision", {}).get("requestedProductionTrafficWeight")
    if target is None:
        return {}
    back = str(going["status"]).startswith("ROLLBACK")
    primary = 100.0 - target if back else target
    return {"PRIMARY": primary, "ACTIVE": 100.0 - primary}


def _group(task_set: dict[str, Any]) -> str:
    balancers = task_set.get("loadBalancers") or [{}]
    return str(balancers[0].get("targetGroupArn", ""))
