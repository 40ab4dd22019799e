"""A project and the place where its AWS API is spoken: what most commands begin with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from bambe.cli.account import Account, account
from bambe.cli.environment import chosen
from bambe.cli.look import Looker
from bambe.cli.place import Local, default_state
from bambe.cli.releases import Releases
from bambe.cli.stacks import Stacks
from bambe.cli.trouble import Trouble
from bambe.project import Project, load
from bambe.project.environments import HERE
from bambe.synth import Names

FILE = "bambe.yml"


@dataclass(slots=True)
class Target:
    """One project on one platform."""

    root: Path
    project: Project
    place: Local | Account
    _clients: dict[str, Any] = field(default_factory=dict)
    _making: Lock = field(default_factory=Lock)

    @property
    def here(self) -> Local:
        """This machine's platform; Trouble where the project was opened in an account of AWS."""
        if isinstance(self.place, Account):
            raise Trouble(f"{self.place.name} is an account of AWS: this is done on this machine only.")
        return self.place

    @property
    def scale(self) -> float:
        """How many times faster than true waits pass."""
        said = self.place.health() if isinstance(self.place, Local) else None
        return float((said or {}).get("scale", 1))

    @property
    def names(self) -> Names:
        return Names.of(self.project)

    @property
    def cluster(self) -> str:
        return self.names.cluster

    def client(self, service: str) -> Any:
        """A boto3 client, made once, by one thread at a time (boto3: multithreading or multiprocessing)."""
        with self._making:
            if service not in self._clients:
                self._clients[service] = self.place.client(service, self.project.region)
            return self._clients[service]

    @property
    def heeds_tags(self) -> bool:
        """Whether releases there go by Bambe's tags (`evidence.wishes`); AWS's own do not."""
        host = str(urlsplit(str(self.client("sts").meta.endpoint_url)).hostname)
        return not host.endswith((".amazonaws.com", ".amazonaws.com.cn"))

    def check_heeds(self) -> None:
        """Trouble where tags ask for nothing: AWS has no call for what they ask."""
        if not self.heeds_tags:
            raise Trouble(
                "AWS has no call that holds a release at its step or moves it on by hand: its steps and waits"
                " are what bambe.yml says (`bambe stop` and `bambe rollback` work there)."
            )

    def looker(self) -> Looker:
        """What runs, as data."""
        clients = (self.client(name) for name in ("ecs", "elbv2", "codedeploy", "codebuild"))
        return Looker(self.names, *clients)

    def releases(self, service: str) -> Releases:
        """The deployments of a blue/green service."""
        return Releases(self.client("codedeploy"), self.names, service)

    def check(self, service: str) -> None:
        """Trouble for a service the project does not have."""
        if service not in self.project.services:
            known = ", ".join(self.project.services)
            raise Trouble(f"{FILE} has no service {service!r}; it has: {known}.")

    def is_by_ecs(self, service: str) -> bool:
        """Whether ECS and not CodeDeploy releases it; Trouble for a service the project does not have."""
        self.check(service)
        answer = self.client("ecs").describe_services(cluster=self.cluster, services=[service])
        kinds = [one.get("deploymentController", {}).get("type", "ECS") for one in answer["services"]]
        return kinds[:1] == ["ECS"]

    def task_definition_arn(self, name: str) -> str:
        """The ARN of `family:revision`."""
        answer = self.client("ecs").describe_task_definition(taskDefinition=name)
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def first_revision(self, service: str) -> str:
        """The ARN of the task definition a service's stack was created with; releases come after it."""
        stack = Stacks(self.client("cloudformation")).find(self.names.stack(service)) or {}
        given = {one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])}
        return str(given.get("TaskDefinition", ""))

    def balancer(self) -> dict[str, Any] | None:
        """The project's load balancer, or None before there is one."""
        found = self.client("elbv2").describe_load_balancers()["LoadBalancers"]
        return next((one for one in found if one["LoadBalancerName"] == self.project.project), None)

    def url(self) -> str:
        """Where a person reaches the project from this machine."""
        balancer = self.balancer()
        if balancer is None:
            return "(no load balancer yet)"
        addresses = [
            one["IpAddress"]
            for zone in balancer.get("AvailabilityZones", [])
            for one in zone.get("LoadBalancerAddresses", [])
            if one.get("IpAddress")
        ]
        return f"https://{addresses[0] if addresses else balancer['DNSName']}"

    def log_group(self, service: str, of_build: bool = False) -> str:
        """Where a service's tasks, or its builds, print; Trouble for a service the project lacks."""
        self.check(service)
        return self.names.build_log_group(service) if of_build else self.names.log_group(service)


def find_root(start: Path | None = None) -> Path:
    """The directory of the nearest bambe.yml, here or above; Trouble when there is none."""
    here = (start or Path.cwd()).resolve()
    for directory in (here, *here.parents):
        if (directory / FILE).is_file():
            return directory
    raise Trouble(
        f"no {FILE} in {here} or above: write one (`bambe up --help` shows a small one) or go to a project."
    )


def open_target(start: Path | None = None, place: Local | None = None) -> Target:
    """The project here: in the chosen environment, or on this machine's platform, which must be running."""
    root, name = find_root(start), HERE if place else chosen()
    project = load(root / FILE, name)
    project = project.here() if name == HERE else project
    if name != HERE:
        made = account(name, project.environments.get(name), project.region)
        made.check()
        return Target(root, project, made)
    here = place or Local(default_state())
    if not here.running():
        raise Trouble("the platform does not run: start it with `bambe up`.")
    return Target(root, project, here)
