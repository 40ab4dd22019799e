"""What everything of a project is called, within AWS's limits; the one place that decides it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from bambe.kernel.ids import digest_id
from bambe.project import Project

COLOURS = ("blue", "green")
"""The pair of target groups of a service that is released blue/green."""

DEFAULT_PRIORITY = 49_999
"""The rule of the `default` route comes after all others (ELB allows 1 to 50000)."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names of `project`'s stacks and resources."""

    project: str

    @property
    def shared_stack(self) -> str:
        return self.project

    @property
    def cluster(self) -> str:
        return self.project

    @property
    def task_role(self) -> str:
        return f"{self.project}-task-execution"

    def role_of_tasks(self, purposes: tuple[str, ...]) -> str:
        """The role of tasks that ask AWS for these (`task_roles.PURPOSES`)."""
        return "-".join((self.project, *purposes))

    @property
    def events_stack(self) -> str:
        return f"{self.project}-events"

    @property
    def kafka(self) -> str:
        """The Kafka cluster and its configuration."""
        return self.project

    def kafka_secret(self, user: str) -> str:
        """The secret with the password of a user of the Kafka cluster.

        It never ends like an ARN of Secrets Manager, in a dash and six characters: such a secret is not found
        by its name (Secrets Manager: "Find secrets", partial ARN).
        """
        name = f"AmazonMSK_{self.project}_{user}"
        return f"{name}_" if name[-7] == "-" else name

    def stack(self, service: str) -> str:
        """The stack of one service."""
        return f"{self.project}-{service}"

    def family(self, service: str) -> str:
        """The task definition family."""
        return f"{self.project}-{service}"

    def repository(self, service: str) -> str:
        """The ECR repository."""
        return f"{self.project}/{service}"

    def build(self, service: str) -> str:
        """The CodeBuild project."""
        return f"{self.project}-{service}"

    def log_group(self, service: str) -> str:
        """Where the service's tasks print."""
        return f"/ecs/{self.project}/{service}"

    def build_log_group(self, service: str) -> str:
        """Where the service's builds print (CodeBuild's own choice)."""
        return f"/aws/codebuild/{self.build(service)}"

    def application(self, service: str) -> str:
        """The CodeDeploy application `aws ecs deploy` looks for."""
        return f"AppECS-{self.cluster[:46]}-{service[:46]}"

    def group(self, service: str) -> str:
        """The CodeDeploy deployment group `aws ecs deploy` looks for."""
        return f"DgpECS-{self.cluster[:46]}-{service[:46]}"

    def target_group(self, service: str, colour: str) -> str:
        """A target group; at most 32 characters."""
        return shortened(f"{self.project}-{service}-{colour}", 32)

    def export(self, what: str) -> str:
        """What the shared stack exports `what` as."""
        return f"{self.project}-{what}"


def imported(names: Names, what: str) -> dict[str, str]:
    """What the shared stack exports as `what`, for another stack's template."""
    return {"Fn::ImportValue": names.export(what)}


def shortened(name: str, limit: int) -> str:
    """`name`, or a part of it made unique by a digest where it is too long."""
    return name if len(name) <= limit else f"{name[: limit - 7]}-{digest_id(name, length=6)}"


def logical(name: str) -> str:
    """A name as a logical id: letters and digits only, and different names stay different."""
    joined = "".join(part.capitalize() for part in name.split("-"))
    return joined + digest_id(name, length=4) if "-" in name else joined


def logical_topic(name: str) -> str:
    """A topic's name as a part of a logical id."""
    letters = "".join(letter for letter in name.title() if letter.isalnum() and letter.isascii())
    return letters[:200] + digest_id(name, length=6)


def priorities(project: Project) -> dict[str, int]:
    """Rule priority by public service: longer patterns first, `default` last.

    A pattern's priority hangs on the pattern, not on its neighbours, so that a new service moves no
    other rule (except where two patterns collide).
    """
    taken: dict[int, str] = {}
    found: dict[str, int] = {}
    for name, service in sorted(project.services.items(), key=lambda item: (item[1].route, item[0])):
        if not service.is_public:
            continue
        wanted = _priority(service.route)
        while wanted in taken:
            wanted += 1
        taken[wanted] = name
        found[name] = wanted
    return found


def _priority(route: str) -> int:
    if route == "default":
        return DEFAULT_PRIORITY
    return 40_000 - 200 * min(len(route), 128) + zlib.crc32(route.encode()) % 100
