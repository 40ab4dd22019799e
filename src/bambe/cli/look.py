"""What runs, as data: one service of a project with its versions, traffic and release."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from bambe.cli.builds import build_says, is_of
from bambe.cli.hindrances import hindrance
from bambe.cli.phases import asks, of_ecs, phase_of
from bambe.cli.recent import Recent, during, recent
from bambe.cli.releases import NO_GROUP, Releases, task_definition_of
from bambe.cli.revisions import shares_of_revisions
from bambe.cli.shares import group_of, shares_of
from bambe.cli.stages import how_native_ended
from bambe.cli.trouble import Trouble
from bambe.evidence.wishes import HOLD
from bambe.synth import Names


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a service that runs: a task set or a deployment of the service, by its `id`."""

    role: str
    task_definition: str
    image: str
    desired: int
    running: int
    weight: float | None = None
    id: str = ""

    @property
    def tag(self) -> str:
        """Its image's tag (or short digest), with its task definition's revision."""
        name = self.image.rsplit("/", 1)[-1]
        short = name.split("@sha256:")[1][:12] if "@sha256:" in name else name.partition(":")[2] or name
        return f"{short} (:{self.task_definition.rpartition(':')[2]})"


@dataclass(frozen=True, slots=True)
class Look:
    """A service as it is now. `release` is its deployment under way, `build` what its newest build is
    doing or failed of; "" without one. `notes` say what a person is to do, `hindrances` what keeps tasks
    from running, `ended` how the last release ended badly; `queued` are releases that wait."""

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
    notes: tuple[str, ...] = ()
    hindrances: tuple[str, ...] = ()
    ended: str = ""
    queued: tuple[str, ...] = ()
    is_building: bool = False

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


@dataclass(slots=True)
class Looker:
    """Asks ECS, ELB and CodeDeploy of the cluster of a project, which goes by these names."""

    names: Names
    ecs: Any
    elbv2: Any
    codedeploy: Any
    codebuild: Any
    _images: dict[str, str] = field(default_factory=dict)

    @property
    def cluster(self) -> str:
        return self.names.cluster

    def services(self) -> list[Look]:
        """Every service of the cluster."""
        arns = [arn for page in self._pages() for arn in page]
        found = []
        for start in range(0, len(arns), 10):
            answer = self.ecs.describe_services(
                cluster=self.cluster, services=arns[start : start + 10], include=["TAGS"]
            )
            found += [self._look(one) for one in answer["services"] if one["status"] != "INACTIVE"]
        return sorted(found, key=lambda look: look.service)

    def service(self, name: str) -> Look:
        """One service; Trouble when the cluster has none of this name."""
        answer = self.ecs.describe_services(cluster=self.cluster, services=[name], include=["TAGS"])
        alive = [one for one in answer["services"] if one["status"] != "INACTIVE"]
        if not alive:
            known = ", ".join(look.service for look in self.services()) or "none"
            raise Trouble(f"{self.cluster} has no service {name!r}; it has: {known}.")
        return self._look(alive[0])

    def _pages(self) -> list[list[str]]:
        pages = self.ecs.get_paginator("list_services").paginate(cluster=self.cluster)
        return [page["serviceArns"] for page in pages]

    def _look(self, service: dict[str, Any]) -> Look:
        name = service["serviceName"]
        blue_green = service.get("deploymentController", {}).get("type") == "CODE_DEPLOY"
        found, notes = self._recent(name) if blue_green else (Recent(), [])
        if blue_green:
            versions = self._task_sets(service)
            release, where, wanted = self._release(service, found)
            ended = found.ended_badly
        else:
            going = self._service_deployment(service)
            versions = self._deployments(service, going)
            release, where, wanted = of_ecs(going, service)
            ended = "" if going else self._ended_badly(name)
        events = service.get("events") or [{"message": ""}]
        newest = self._newest_build(name)
        return Look(
            service=name,
            status=service["status"],
            desired=service["desiredCount"],
            running=service["runningCount"],
            steady=service["runningCount"] == service["desiredCount"] and not release,
            versions=tuple(versions),
            release=release,
            release_says=where,
            build=self._build_says(name, newest, release if blue_green else "", found),
            event=events[0]["message"],
            notes=tuple(note for note in (*notes, wanted) if note),
            hindrances=tuple(self._hindrances(service, versions)),
            ended=ended + _way_back(name, versions) if ended else "",
            queued=found.queued,
            is_building=newest.get("buildStatus") == "IN_PROGRESS",
        )

    def _recent(self, service: str) -> tuple[Recent, list[str]]:
        """Its newest deployments, and a note where there is nothing that could have any."""
        try:
            return recent(self.codedeploy, self.names, service), []
        except ClientError as error:
            if error.response["Error"]["Code"] not in NO_GROUP:
                raise
            group = self.names.group(service)
            return Recent(), [f"its deployment group {group} is gone: `bambe up` makes it anew"]

    def _hindrances(self, service: dict[str, Any], versions: list[Version]) -> list[str]:
        """What keeps those versions from running that have fewer tasks than they should have."""
        found = [
            (one, hindrance(self.ecs, self.cluster, service, one.id))
            for one in versions
            if one.running < one.desired and one.role != "DRAINING"
        ]
        return [
            f"{one.task_definition} has {one.running}/{one.desired} tasks: {why}" for one, why in found if why
        ]

    def _ended_badly(self, service: str) -> str:
        listed = self.ecs.list_service_deployments(cluster=self.cluster, service=service, maxResults=1)
        arns = [one["serviceDeploymentArn"] for one in listed["serviceDeployments"]]
        if not arns:
            return ""
        answer = self.ecs.describe_service_deployments(serviceDeploymentArns=arns)
        return next((how_native_ended(one) for one in answer["serviceDeployments"]), "")

    def _task_sets(self, service: dict[str, Any]) -> list[Version]:
        weights = self._weights(service.get("taskSets", []))
        return [
            Version(
                role=one["status"],
                task_definition=one["taskDefinition"].rsplit("/", 1)[-1],
                image=self._image(one["taskDefinition"]),
                desired=one["computedDesiredCount"],
                running=one["runningCount"],
                weight=0.0 if one["status"] == "DRAINING" and weights else weights.get(group_of(one)),
                id=one["id"],
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
        shares = _shares_by_role(going) if service.get("loadBalancers") else {}
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
                id=one["id"],
            )
            for one in service.get("deployments", [])
        ]

    def _weights(self, task_sets: list[dict[str, Any]]) -> dict[str, float]:
        """Share of the traffic by target group, read from the rules that forward to any of them."""
        groups = {group_of(one) for one in task_sets} - {""}
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

    def _release(self, service: dict[str, Any], found: Recent) -> tuple[str, str, str]:
        """The deployment under way, where it is, and what it asks of a person."""
        info = dict(found.active)
        if not info:
            return "", "", ""
        name, deployment = service["serviceName"], info["deploymentId"]
        held = self._is_held(service["serviceArn"], name, deployment)
        where = phase_of(info, Releases(self.codedeploy, self.names, name).target(deployment), held)
        return deployment, where, asks(name, info, held)

    def _is_held(self, arn: str, service: str, deployment: str) -> bool:
        _, partition, _, region, account, _ = arn.split(":", 5)
        group = f"{self.names.application(service)}/{self.names.group(service)}"
        of = f"arn:{partition}:codedeploy:{region}:{account}:deploymentgroup:{group}"
        tags = self.codedeploy.list_tags_for_resource(ResourceArn=of)["Tags"]
        return {"Key": HOLD, "Value": deployment} in tags

    def _newest_build(self, service: str) -> dict[str, Any]:
        """Its newest build; empty without one."""
        project = self.names.build(service)
        if not self.codebuild.batch_get_projects(names=[project])["projects"]:
            return {}
        ids = self.codebuild.list_builds_for_project(projectName=project, sortOrder="DESCENDING")["ids"]
        builds = self.codebuild.batch_get_builds(ids=ids[:1])["builds"] if ids else []
        return dict(builds[0]) if builds else {}

    def _build_says(self, service: str, build: dict[str, Any], release: str, found: Recent) -> str:
        """What the newest build does, or why it failed; nothing of one whose release has ended badly, which
        is said of the release."""
        if not build:
            return ""
        going = release if build["buildStatus"] == "IN_PROGRESS" else ""
        if build["buildStatus"] == "FAILED" and not found.infos:
            found = during(self.codedeploy, self.names, service, build)
        ended = [self._released(service, one["deploymentId"]) for one in found.begun_within(build)]
        if any(is_of(build, image) for image in ended):
            return ""
        return build_says(build, service, going, self._released(service, going) if going else "")

    def _released(self, service: str, deployment: str) -> str:
        """The image a deployment releases."""
        appspec = Releases(self.codedeploy, self.names, service).revision(deployment)
        return self._image(task_definition_of(appspec))

    def _image(self, task_definition: str) -> str:
        if task_definition not in self._images:
            found = self.ecs.describe_task_definition(taskDefinition=task_definition)["taskDefinition"]
            self._images[task_definition] = found["containerDefinitions"][0]["image"]
        return self._images[task_definition]


def _way_back(service: str, versions: list[Version]) -> str:
    """What to do where a release has ended and left more than one version."""
    left = [one for one in versions if one.desired and one.role != "DRAINING"]
    return f" Both versions run; `bambe rollback {service}` goes back." if len(left) > 1 else ""


def _shares_by_role(going: dict[str, Any]) -> dict[str, float]:
    """Share of the traffic of the primary revision and of the other one, while ECS shifts it."""
    target = going.get("targetServiceRevision", {}).get("requestedProductionTrafficWeight")
    if target is None:
        return {}
    back = str(going["status"]).startswith("ROLLBACK")
    primary = 100.0 - target if back else target
    return {"PRIMARY": primary, "ACTIVE": 100.0 - primary}
