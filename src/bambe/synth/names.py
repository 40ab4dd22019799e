"""What everything of a project is called, within AWS's limits; the one place that decides it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from bambe.kernel.ids import digest_id
from bambe.project import Project
from bambe.project.limits import BUILD_SUFFIX

COLOURS = ("blue", "green")
"""The pair of target groups of a service that is released blue/green."""

DEFAULT_PRIORITY = 49_999
"""The rule of the `default` route comes after all others (ELB allows 1 to 50000)."""


PREDEFINED = {
    ("canary", 10, 5): "CodeDeployDefault.ECSCanary10Percent5Minutes",
    ("canary", 10, 15): "CodeDeployDefault.ECSCanary10Percent15Minutes",
    ("linear", 10, 1): "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
    ("linear", 10, 3): "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
}
"""CodeDeploy's own configurations, by strategy, percent and minutes."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names of `project`'s stacks and resources."""

    project: str
    existing_cluster: str = ""
    existing_kafka: str = ""

    @classmethod
    def of(cls, project: Project) -> Names:
        """The names of a project, some of which may be given."""
        return cls(project.project, project.existing.cluster, project.existing.kafka_name)

    @property
    def network_stack(self) -> str:
        return f"{self.project}-network"

    @property
    def flow_log_role(self) -> str:
        return f"{self.project}-flow-logs"

    @property
    def shared_stack(self) -> str:
        return self.project

    @property
    def cluster(self) -> str:
        return self.existing_cluster or self.project

    @property
    def topic(self) -> str:
        """The SNS topic of releases and alarms."""
        return self.project

    @property
    def events_stack(self) -> str:
        return f"{self.project}-events"

    @property
    def kafka(self) -> str:
        """The Kafka cluster and its configuration."""
        return self.existing_kafka or self.project

    @property
    def broker_log_group(self) -> str:
        """Where the brokers of a cluster of MSK's print."""
        return f"/msk/{self.project}"

    @property
    def kafka_key(self) -> str:
        """The alias of the key under which the secrets of Kafka's users lie."""
        return f"alias/{self.project}-kafka"

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

    def build_stack(self, service: str) -> str:
        """The stack of what builds a service; no service's name ends in `limits.BUILD_SUFFIX`."""
        return f"{self.project}-{service}{BUILD_SUFFIX}"

    def execution_role(self, service: str) -> str:
        """By which ECS starts the service's tasks."""
        return f"{self.project}-{service}-execution"

    def task_role(self, service: str) -> str:
        """What the service's tasks are themselves."""
        return f"{self.project}-{service}-task"

    def build_role(self, service: str) -> str:
        """What its builds are."""
        return f"{self.project}-{service}-build"

    def deploy_role(self, service: str) -> str:
        """By which CodeDeploy releases it."""
        return f"{self.project}-{service}-deploy"

    def shift_role(self, service: str) -> str:
        """By which ECS shifts its traffic."""
        return f"{self.project}-{service}-shift"

    def deployment_config(self, project: Project, service: str) -> str:
        """CodeDeploy's configuration of its releases: one that is predefined, where there is one."""
        wish = project.release_of(service)
        if wish.strategy == "all_at_once":
            return "CodeDeployDefault.ECSAllAtOnce"
        minutes = int(wish.interval.total_seconds() // 60)
        own = f"{self.project}-{service}-{wish.strategy}-{wish.percent}-percent-{minutes}-minutes"
        return PREDEFINED.get((wish.strategy, wish.percent, minutes), own)

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
