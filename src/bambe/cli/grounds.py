"""Where a project is brought up, this machine or an account of AWS, and what is done otherwise there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bambe.cli.account import Account
from bambe.cli.first_images import by_codebuild, from_here
from bambe.cli.images import ensure_base_images
from bambe.cli.pace import HERE, Pace, pace_of
from bambe.cli.repository import Repository
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble
from bambe.project import Project
from bambe.synth import problems

Say = Callable[[str], None]


class Ground(Protocol):
    """One place. `pace` is how patiently it is asked; `asks` whether what replaces or interrupts something
    needs a yes; `at_once` whether a new Kafka cluster is made while images are built; `has_builds` whether
    builds run on this machine and need base images."""

    asks: bool
    at_once: bool
    has_builds: bool

    @property
    def pace(self) -> Pace: ...

    def check(self) -> None:
        """Trouble for what keeps the project from being brought up here."""

    def check_commit(self) -> None:
        """Trouble where builds here cannot come to HEAD."""

    def placed(self) -> Project:
        """The project with its network and its repository."""
        ...

    def prepare(self, say: Say) -> None:
        """Have the base images of builds."""

    def push(self) -> list[str]:
        """Push HEAD, where the place has the repository; what was said of it."""
        ...

    def make_images(self, services: Sequence[str], commit: str, say: Say) -> None:
        """Build and push the image of each at a commit."""


@dataclass(slots=True)
class Here:
    """This machine's platform: its default VPC, and the repository that is pushed to it."""

    target: Target
    repository: Repository
    asks = False
    at_once = False
    has_builds = True

    @property
    def pace(self) -> Pace:
        return HERE

    @property
    def url(self) -> str:
        """Of the repository on the platform."""
        return f"{self.target.here.endpoint}/git/{self.target.project.project}.git"

    def check(self) -> None:
        """Here everything can be that bambe.yml can say."""

    def check_commit(self) -> None:
        """HEAD is pushed here before it is built."""

    def placed(self) -> Project:
        ec2 = self.target.client("ec2")
        vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        if not vpcs:
            raise Trouble("the platform has no default VPC: `bambe down`, then `bambe up`.")
        vpc = str(vpcs[0]["VpcId"])
        found = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
        subnets = tuple(sorted(str(one["SubnetId"]) for one in found))
        return self.target.project.placed(vpc, subnets, self.url)

    def prepare(self, say: Say) -> None:
        folders = [self.target.root / one.path for one in self.target.project.services.values()]
        asyncio.run(ensure_base_images(folders, say))

    def push(self) -> list[str]:
        self.repository.connect(self.url, self.target.here.state)
        return self.repository.push(self.target.project.branch)

    def make_images(self, services: Sequence[str], commit: str, say: Say) -> None:
        """The first is built alone: it pushes the layers that all share, and the others find them there."""
        for together in (services[:1], services[1:]):
            by_codebuild(self.target, together, commit, say, self.pace)


@dataclass(slots=True)
class There:
    """An account of AWS, which reads the repository from where `source` says. `builds_here`: images are
    built by this machine's Docker and pushed to ECR."""

    target: Target
    repository: Repository
    builds_here: bool = False
    asks = True
    at_once = True
    has_builds = False

    @property
    def pace(self) -> Pace:
        return pace_of(self.target.client("cloudformation"))

    def check(self) -> None:
        if said := problems(self.target.project):
            raise Trouble(f"AWS does not take this project: {'; '.join(said)}.")

    def check_commit(self) -> None:
        if not self.builds_here:
            check_is_published(self.repository)

    def placed(self) -> Project:
        return self.target.project

    def prepare(self, say: Say) -> None:
        """CodeBuild has its own images."""

    def push(self) -> list[str]:
        return []

    def make_images(self, services: Sequence[str], commit: str, say: Say) -> None:
        if self.builds_here:
            from_here(self.target, services, commit, say)
        else:
            by_codebuild(self.target, services, commit, say, self.pace)


def check_is_published(repository: Repository) -> None:
    """Trouble where no remote is known to have the commit that CodeBuild would be asked for."""
    if not repository.is_published():
        raise Trouble(
            f"no remote has the commit {repository.head()[:12]}, and CodeBuild builds what is in `source`:"
            " git push first, or build on this machine with --build-here."
        )


def ground_of(target: Target, builds_here: bool = False) -> Ground:
    """Where `target` is."""
    repository = Repository(target.root)
    if isinstance(target.place, Account):
        return There(target, repository, builds_here)
    return Here(target, repository)
