"""Going back to an earlier release, whole: task definition and images, routes and health check."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Protocol

from bambe.cli import ledgers
from bambe.cli.native import native_history, native_under_way
from bambe.cli.pace import pace_of
from bambe.cli.releases import RESTORES
from bambe.cli.stack_requests import KEEP
from bambe.cli.stacks import Stacks
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble
from bambe.kernel.clock import SystemClock
from bambe.synth import appspec

Say = Callable[[str], None]
MANY = ("family", "taskRoleArn", "executionRoleArn", "networkMode", "containerDefinitions", "volumes",
        "placementConstraints", "requiresCompatibilities", "cpu", "memory", "runtimePlatform",
        "ephemeralStorage")  # fmt: skip
"""What RegisterTaskDefinition takes of what DescribeTaskDefinition shows."""
ID = re.compile(r"d-[A-Z0-9]+|[A-Za-z0-9]{20}")
"""A deployment of CodeDeploy, or a service deployment of ECS."""


class History(Protocol):
    """The releases of one service."""

    def active(self) -> str | None:
        """The one under way."""
        ...

    def good(self) -> list[tuple[str, datetime]]:
        """Those that ended well, and when."""
        ...

    def release(self, task_definition: str, why: str) -> str:
        """Release a task definition; what begins."""
        ...


@dataclass(frozen=True, slots=True)
class _OfCodeDeploy:
    target: Target
    service: str

    def active(self) -> str | None:
        return self.target.releases(self.service).active()

    def good(self) -> list[tuple[str, datetime]]:
        releases = self.target.releases(self.service)
        infos = releases.infos("Succeeded")
        return [(one["deploymentId"], one["completeTime"]) for one in infos if one.get("completeTime")]

    def release(self, task_definition: str, why: str) -> str:
        spec = appspec(self.target.project, self.service, task_definition)
        return self.target.releases(self.service).create(spec, why)


@dataclass(frozen=True, slots=True)
class _OfEcs:
    target: Target
    service: str

    def active(self) -> str | None:
        going = native_under_way(self.target, self.service)
        return going.name if going else None

    def good(self) -> list[tuple[str, datetime]]:
        found = native_history(self.target, self.service, "SUCCESSFUL")
        return [(one["serviceDeploymentArn"].rsplit("/", 1)[-1], one["finishedAt"]) for one in found]

    def release(self, task_definition: str, why: str) -> str:
        ecs = self.target.client("ecs")
        ecs.update_service(
            cluster=self.target.cluster, service=self.service, taskDefinition=task_definition,
            forceNewDeployment=True,
        )  # fmt: skip
        return self.active() or "ECS"


def history_of(target: Target, service: str) -> History:
    """Whoever releases the service knows them."""
    return _OfEcs(target, service) if target.is_by_ecs(service) else _OfCodeDeploy(target, service)


@dataclass(slots=True)
class Restoring:
    """Brings a service back to what an earlier release had left running."""

    target: Target
    service: str
    say: Say

    def run(self, to: str) -> str:
        """Restore the release `to` (its id, or a time); one sentence on what happens."""
        history = history_of(self.target, self.service)
        active = history.active()
        if active is not None:
            raise Trouble(
                f"{self.service}: {active} is under way: `bambe rollback {self.service}` takes it back first."
            )
        release = to if ID.fullmatch(to) else self._at(history, moment(to, SystemClock().now()))
        revision = ledgers.of_release(self.target, release).revision
        if not revision:
            raise Trouble(f"{release} did not end well, so there is nothing of it to restore.")
        if self._is_live(revision):
            name = str(revision["task_definition"]).rsplit("/", 1)[-1]
            return f"{self.service}: what {release} left running ({name}) runs now; nothing is done."
        self._routes_and_health(revision)
        arn = self._task_definition(revision)
        begun = history.release(arn, f"{RESTORES} {release}")
        return f"{self.service}: {begun} restores {release} ({arn.rsplit('/', 1)[-1]})."

    def _at(self, history: History, when: datetime) -> str:
        """The release that was running at `when`."""
        ended = [(at, name) for name, at in history.good() if at <= when]
        if not ended:
            raise Trouble(f"{self.service}: no release had ended by {when:%Y-%m-%d %H:%M}.")
        return max(ended)[1]

    def _is_live(self, revision: Mapping[str, Any]) -> bool:
        """Whether what the revision had running is all that runs, reached and checked in the same way."""
        name = str(revision["task_definition"]).rsplit("/", 1)[-1]
        versions = self.target.looker().service(self.service).versions
        runs = [one.task_definition for one in versions if one.desired and one.role != "DRAINING"]
        if runs != [name] or self._pinned(revision):
            return False
        template = self._template()
        return restored(template, revision) == template

    def _template(self) -> dict[str, Any]:
        name = self.target.names.stack(self.service)
        found: dict[str, Any] = self.target.client("cloudformation").get_template(StackName=name)
        return dict(found["TemplateBody"])

    def _routes_and_health(self, revision: Mapping[str, Any]) -> None:
        """Through the service's stack, which owns them."""
        name, template = self.target.names.stack(self.service), self._template()
        wanted = restored(template, revision)
        if wanted == template:
            return
        client = self.target.client("cloudformation")
        stacks = Stacks(client, pace_of(client))
        parameters = dict.fromkeys(wanted.get("Parameters", {}), KEEP)
        if stacks.begin(name, wanted, parameters):
            self.say(f"{self.service}: restoring its route and health check")
            stacks.finish([name], self.say)

    def _task_definition(self, revision: Mapping[str, Any]) -> str:
        """The task definition; a new revision of it that names digests, where a tag has moved since."""
        request = self._pinned(revision)
        if not request:
            return str(revision["task_definition"])
        answer = self.target.client("ecs").register_task_definition(**request)
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def _pinned(self, revision: Mapping[str, Any]) -> dict[str, Any]:
        """What to register in place of the task definition; empty where it can be used as it is."""
        arn = str(revision["task_definition"])
        found = self.target.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
        pinned = copy.deepcopy(found["containerDefinitions"])
        for container in pinned:
            digest = revision["images"].get(container["name"])
            if digest and self._digest(container["image"]) not in (digest, None):
                container["image"] = f"{_repository(container['image'])}@{digest}"
        if found["status"] == "ACTIVE" and pinned == found["containerDefinitions"]:
            return {}
        return {key: found[key] for key in MANY if key in found} | {"containerDefinitions": pinned}

    def _digest(self, image: str) -> str | None:
        """What an image of the project's own registry is now: "" when it is gone, None for others'."""
        name = self.target.names.repository(self.service)
        if f"/{name}:" not in image:
            return None
        answer = self.target.client("ecr").batch_get_image(
            repositoryName=name, imageIds=[{"imageTag": image.rpartition(":")[2]}]
        )
        return next((str(one["imageId"]["imageDigest"]) for one in answer["images"]), "")


def restored(template: Mapping[str, Any], revision: Mapping[str, Any]) -> dict[str, Any]:
    """A service's template with the routes and the health check of a revision."""
    made = copy.deepcopy(dict(template))
    for resource in made["Resources"].values():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind == "AWS::ElasticLoadBalancingV2::TargetGroup":
            known = revision.get("health_check", {})
            properties |= {key: known[key] for key in properties if key in known}
        if kind == "AWS::ElasticLoadBalancingV2::ListenerRule" and len(revision.get("routes", ())) == 1:
            (route,) = revision["routes"]
            properties["Conditions"] = [_condition(one) for one in route["conditions"]]
            properties["Priority"] = int(route["priority"])
    return made


def moment(text: str, now: datetime) -> datetime:
    """A time a person writes: 14:05 (today), or 2026-11-23T14:05."""
    try:
        if len(text) <= 8 and ":" in text:
            today = now.astimezone()
            found = datetime.combine(today.date(), time.fromisoformat(text), today.tzinfo)
        else:
            found = datetime.fromisoformat(text)
    except ValueError:
        raise Trouble(
            f"{text!r} is no release (d-...) and no time: write 14:05 or 2026-11-23T14:05."
        ) from None
    found = found if found.tzinfo else found.astimezone()
    if found > now:
        raise Trouble(f"{text} is still to come: give a time at which the version ran.")
    return found


def _condition(said: Mapping[str, Any]) -> dict[str, Any]:
    """A condition as DescribeRules shows it, without the old spelling beside the new one."""
    if any(key.endswith("Config") for key in said):
        return {key: value for key, value in said.items() if key != "Values"}
    return dict(said)


def _repository(image: str) -> str:
    return image.partition("@")[0].rpartition(":")[0] if "@" not in image else image.partition("@")[0]
