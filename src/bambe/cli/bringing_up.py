"""`bambe up`, step by step: checks, shared stack, events, builders and push, images, services."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from bambe.cli.builds import why_it_failed
from bambe.cli.cluster import cluster_of, find_cluster
from bambe.cli.controllers import check_controllers, lost_resources, primary_targets
from bambe.cli.drifted import restore_access
from bambe.cli.images import ensure_base_images
from bambe.cli.native import native_under_way
from bambe.cli.releases import Releases
from bambe.cli.repository import Repository
from bambe.cli.stacks import KEEP, Stacks
from bambe.cli.target import Target
from bambe.cli.topics import Change, changes
from bambe.cli.trouble import Trouble
from bambe.cli.upgrades import why_not
from bambe.cli.ways import in_use
from bambe.kernel.clock import monotonic
from bambe.project.events import Events
from bambe.synth import (
    appspec,
    build_template,
    events_template,
    service_template,
    shared_template,
    task_definition,
)

Say = Callable[[str], None]
Step = Callable[[str], AbstractContextManager[None]]
"""Tells the person at the terminal of a step: its title, and when it is done."""
BUILD_LIMIT = 1800.0


@dataclass(slots=True)
class Changes:
    """What an `up` changed, for the person who ran it."""

    stacks: list[str] = field(default_factory=list)
    built: list[str] = field(default_factory=list)
    released: dict[str, str] = field(default_factory=dict)
    pushed: list[str] = field(default_factory=list)

    @property
    def any(self) -> bool:
        return bool(self.stacks or self.built or self.released or self.pushed)


class BringingUp:
    """One `bambe up` of `target`; `say` hears of progress."""

    def __init__(self, target: Target, say: Say) -> None:
        self.target = target
        self.say = say
        self.changes = Changes()
        self.repository = Repository(target.root)
        self._stacks = Stacks(target.client("cloudformation"))
        self._account = str(target.client("sts").get_caller_identity()["Account"])

    @property
    def url(self) -> str:
        """Of the repository on the platform."""
        return f"{self.target.here.endpoint}/git/{self.target.project.project}.git"

    def run(self, step: Step, may_lose: bool = False) -> Changes:
        """Make everything true that bambe.yml says; nothing of it where something cannot be, or may not."""
        with step("compare with what is there"):
            check_controllers(self.target)
            self.check_events(may_lose)
        with step("base images"):
            folders = [self.target.root / one.path for one in self.target.project.services.values()]
            asyncio.run(ensure_base_images(folders, self.say))
        with step("what the services share"):
            self.shared()
        if (wish := self.target.project.events) is not None:
            with step("events"):
                self.events(wish)
        with step("builders and the repository"):
            self.builders_and_push()
        with step("images"):
            self.first_builds()
        with step("services"):
            self.services()
            self.changed_services()
        return self.changes

    def check_events(self, may_lose: bool = False) -> None:
        """Say what changes in topics: Trouble for what Kafka cannot do, and for what would lose events unless
        that is wanted."""
        wish, there = self.target.project.events, find_cluster(self.target)
        if wish is None or there is None:
            return
        if refused := why_not(there.version(), wish.kafka):
            raise Trouble(f"events: {refused}")
        names = self._stacks.named(self.target.names.events_stack, "AWS::MSK::Topic", "TopicName")
        ours = {one: there.deletion(one) for one in names}
        check_topics(changes(wish, there.topics(), there.brokers_settings(), ours), may_lose, self.say)

    def push(self) -> None:
        """Push HEAD; services that run already and changed are built and released by the push itself."""
        self.repository.connect(self.url, self.target.here.state)
        self.changes.pushed = self.repository.push(self.target.project.branch)
        for line in self.changes.pushed:
            self.say(line)

    def shared(self) -> None:
        """The stack of what the services share."""
        name = self.target.names.shared_stack
        outputs = (self._stacks.find(name) or {}).get("Outputs", [])
        if any(one.get("ExportName") == f"{name}-DeployRole" for one in outputs):
            raise Trouble(
                f"the stack {name} is of an earlier Bambe, whose stacks were cut otherwise:"
                " `bambe down`, then `bambe up` (the repository is kept; images are built anew)."
            )
        if self._stacks.begin(name, shared_template(self.target.project), self._network()):
            self.changes.stacks.append(name)
            self._stacks.finish([name], self.say)

    def events(self, wish: Events) -> None:
        """The stack of the Kafka cluster and its topics; tasks are told where the brokers are."""
        name, others = self.target.names.events_stack, self._other_ways(wish)
        template = events_template(self.target.project, wish, others)
        if self._stacks.begin(name, template, self._network()):
            self.changes.stacks.append(name)
            self._stacks.finish([name], self.say)
        cluster = cluster_of(self.target)
        restore_access(self.target.client("kafka"), cluster.arn, template, self.say)
        if cluster.tell_tasks():
            self.say(f"{name}: tasks that start from now on find the brokers")

    def _other_ways(self, wish: Events) -> list[str]:
        """Accesses that bambe.yml does not name any more, and that running tasks still use."""
        others = self._others(wish)
        for way, who in sorted(others.items()):
            self.say(
                f"{self.target.names.events_stack}: brokers also let in by {way}, as long as tasks of"
                f" {', '.join(sorted(who))} use it: `bambe up` after these have ended closes it"
            )
        return sorted(others)

    def _others(self, wish: Events) -> dict[str, set[str]]:
        return {way: who for way, who in in_use(self.target).items() if way != wish.access}

    def builders_and_push(self) -> None:
        """Builders before the push, so that it is built as bambe.yml says now; those of new services after,
        since `first_builds` makes the first image, and not the push."""
        new = [one for one in self.target.project.services if not self._has_stack(one)]
        self.builders([one for one in self.target.project.services if one not in new])
        self.push()
        self.builders(new)

    def builders(self, services: Sequence[str]) -> None:
        """A stack per service with what builds it, and the roles of its tasks."""
        wish, begun = self.target.project.events, []
        others = self._others(wish) if wish else {}
        given = {"SourceType": "GITHUB", "SourceLocation": self.url}
        for service in services:
            name = self.target.names.build_stack(service)
            also = [way for way, who in others.items() if service in who]
            if self._stacks.begin(name, build_template(self.target.project, service, also), given):
                begun.append(name)
        self.changes.stacks += begun
        self._stacks.finish(begun, self.say)

    def first_builds(self) -> None:
        """An image for every service that has no stack yet.

        The first is built alone: it pushes the layers that all share, and the others find them there.
        """
        missing = [one for one in self.target.project.services if not self._has_stack(one)]
        head = self.repository.head()
        wanted = [one for one in missing if not self._has_image(one, head)]
        for together in (wanted[:1], wanted[1:]):
            builds = {one: self._start_build(one, head) for one in together}
            for service, build in builds.items():
                self.say(f"{service}: building {head[:12]}")
                self._wait_for(service, build)
                self.changes.built.append(service)
                self.say(f"{service}: image pushed")

    def services(self) -> None:
        """One stack per service."""
        self._forget_lost_groups()
        begun = []
        for service in self.target.project.services:
            name = self.target.names.stack(service)
            first = KEEP if self._has_stack(service) else self._register(service)
            parameters = {**self._network(), "TaskDefinition": first} | self._pair(service)
            if self._stacks.begin(name, service_template(self.target.project, service), parameters):
                begun.append(name)
        self.changes.stacks += begun
        self._stacks.finish(begun, self.say)

    def _pair(self, service: str) -> dict[str, Any]:
        there = self._has_stack(service)
        stack = self._stacks.find(self.target.names.stack(service)) if there else None
        return primary_targets(self.target, service, stack)

    def _forget_lost_groups(self) -> None:
        """Have stacks forget deployment groups that somebody has deleted, so that they make them anew: an
        update with nothing to change does not see that they are gone."""
        begun = []
        for service in self.target.project.services:
            if not self.target.project.has_codedeploy(service) or not self._has_stack(service):
                continue
            lost = lost_resources(self.target, service)
            if not lost:
                continue
            self.say(f"{service}: its deployment group is gone and is made anew")
            template = service_template(self.target.project, service)
            for one in lost:
                del template["Resources"][one]
            name = self.target.names.stack(service)
            if self._stacks.begin(name, template, {**self._network(), "TaskDefinition": KEEP}):
                begun.append(name)
        self._stacks.finish(begun, self.say)

    def changed_services(self) -> None:
        """Release what bambe.yml says anew of a task (environment, size): the image stays as it is."""
        for service in self.target.project.services:
            live = self._live(service)
            image = live["containerDefinitions"][0]["image"]
            if self._is_being_built(service) or self._revision(service, image) == comparable(live):
                continue
            if under_way := self._under_way(service):
                self.say(f"{service}: its task definition changed; `bambe up` releases it after {under_way}")
                continue
            self.changes.released[service] = self.release(service, image)
            self.say(f"{service}: its task definition changed; {self.changes.released[service]} releases it")

    def _under_way(self, service: str) -> str:
        """The release of a service that is under way; "" without one."""
        if self.target.is_by_ecs(service):
            going = native_under_way(self.target, service)
            return going.name if going else ""
        return self.target.releases(service).active() or ""

    def release(self, service: str, image: str) -> str:
        """Release `image` of a service with today's task definition: a deployment's id, or the revision."""
        arn = self._register(service, image)
        if self.target.is_by_ecs(service):
            cluster = self.target.cluster
            self.target.client("ecs").update_service(cluster=cluster, service=service, taskDefinition=arn)
            return arn.rsplit("/", 1)[-1]
        releases: Releases = self.target.releases(service)
        return releases.create(appspec(self.target.project, service, arn))

    def _is_being_built(self, service: str) -> bool:
        """Whether the push has started a build, which will release today's task definition itself."""
        return any(
            line.startswith(f"{self.target.names.build(service)}: builds") for line in self.changes.pushed
        )

    def _network(self) -> dict[str, str]:
        ec2 = self.target.client("ec2")
        vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        if not vpcs:
            raise Trouble(f"the account {self._account} has no default VPC.")
        vpc = vpcs[0]["VpcId"]
        subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
        return {"VpcId": vpc, "SubnetIds": ",".join(sorted(one["SubnetId"] for one in subnets))}

    def _has_stack(self, service: str) -> bool:
        stack = self._stacks.find(self.target.names.stack(service))
        return stack is not None and stack["StackStatus"] not in ("ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS")

    def _has_image(self, service: str, commit: str) -> bool:
        ecr = self.target.client("ecr")
        answer = ecr.batch_get_image(
            repositoryName=self.target.names.repository(service), imageIds=[{"imageTag": commit[:12]}]
        )
        return bool(answer["images"])

    def _start_build(self, service: str, commit: str) -> str:
        answer = self.target.client("codebuild").start_build(
            projectName=self.target.names.build(service),
            sourceVersion=commit,
            environmentVariablesOverride=[{"name": "RELEASE", "value": "no", "type": "PLAINTEXT"}],
        )
        return str(answer["build"]["id"])

    def _wait_for(self, service: str, build: str) -> None:
        end = monotonic() + BUILD_LIMIT
        while True:
            found = self.target.client("codebuild").batch_get_builds(ids=[build])["builds"][0]
            if found["buildStatus"] == "SUCCEEDED":
                return
            if found["buildStatus"] != "IN_PROGRESS":
                raise Trouble(f"{service}: {why_it_failed(found)} (bambe logs --build {service})")
            if monotonic() > end:
                raise Trouble(f"{service}: its build takes more than {BUILD_LIMIT / 60:.0f} minutes.")
            time.sleep(0.3)  # noqa: TID251

    def _image(self, service: str) -> str:
        ecr = self.target.client("ecr")
        name = self.target.names.repository(service)
        uri = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryUri"]
        return f"{uri}:{self.repository.head()[:12]}"

    def _register(self, service: str, image: str = "") -> str:
        request = self._revision(service, image or self._image(service))
        answer = self.target.client("ecs").register_task_definition(**request)
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def _revision(self, service: str, image: str) -> dict[str, Any]:
        return task_definition(self.target.project, service, image, self._account, self.target.place.region)

    def _live(self, service: str) -> dict[str, Any]:
        ecs = self.target.client("ecs")
        answer = ecs.describe_services(cluster=self.target.cluster, services=[service])
        if not answer["services"]:
            raise Trouble(f"{service} is not in the cluster though its stack is: run `bambe down` and `up`.")
        one = answer["services"][0]
        primary = [taskset for taskset in one.get("taskSets", []) if taskset["status"] == "PRIMARY"]
        arn = primary[0]["taskDefinition"] if primary else one["taskDefinition"]
        found: dict[str, Any] = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        return found


def check_topics(found: Sequence[Change], may_lose: bool, say: Say) -> None:
    """Say what changes in the topics; Trouble where it cannot, or may not."""
    for one in found:
        say(f"{one.topic}: {one.says}")
    refused = [one.refused for one in found if one.refused]
    if refused:
        raise Trouble(f"{refused[0]}.")
    losses = [one.loses for one in found if one.loses]
    if losses and not may_lose:
        raise Trouble(f"{losses[0]}: `bambe up --lose-events` does it all the same.")


def comparable(live: dict[str, Any]) -> dict[str, Any]:
    """A described task definition with only what a request of ours says, in the request's shape."""
    keys = ("family", "networkMode", "requiresCompatibilities", "cpu", "memory", "executionRoleArn")
    container = live["containerDefinitions"][0]
    inner = (
        "name", "image", "essential", "portMappings", "environment", "stopTimeout", "logConfiguration"
    )  # fmt: skip
    ports = [
        {"containerPort": p["containerPort"], "protocol": p["protocol"]} for p in container["portMappings"]
    ]
    logs = container["logConfiguration"]
    said = {key: container.get(key) for key in inner} | {
        "portMappings": ports,
        "environment": sorted(container.get("environment", []), key=lambda one: str(one["name"])),
        "logConfiguration": {"logDriver": logs["logDriver"], "options": logs["options"]},
    }
    said |= {"secrets": container["secrets"]} if container.get("secrets") else {}
    made = {key: live.get(key) for key in keys} | {"containerDefinitions": [said]}
    made |= {"taskRoleArn": live["taskRoleArn"]} if live.get("taskRoleArn") else {}
    plain: dict[str, Any] = json.loads(json.dumps(made))
    return plain
