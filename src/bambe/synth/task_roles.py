"""What a service's tasks themselves may do: a role for each set of purposes that services have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bambe.project import Project
from bambe.synth.names import Names

Resource = dict[str, Any]
HERE = "${AWS::Region}:${AWS::AccountId}"
PURPOSES = ("consumer", "exec")
"""consumer: reads the state of its own release and reports what became of events; exec: opens sessions."""


@dataclass(frozen=True, slots=True)
class TaskRole:
    """A role: its name, its logical id, the statements of its policy."""

    name: str
    logical: str
    statements: list[Resource]


def of_service(project: Project, service: str) -> TaskRole | None:
    """The role of a service's tasks; None where they ask AWS for nothing."""
    purposes = _purposes(project, service)
    if not purposes:
        return None
    names = Names(project.project)
    statements = [one for purpose in purposes for one in _RIGHTS[purpose](project, names)]
    logical = "".join(purpose.capitalize() for purpose in purposes) + "Role"
    return TaskRole(names.role_of_tasks(purposes), logical, statements)


def all_of(project: Project) -> list[TaskRole]:
    """Every task role of the project, each once."""
    found = [of_service(project, service) for service in sorted(project.services)]
    return list({one.logical: one for one in found if one is not None}.values())


def allow(actions: list[str], *resources: Any) -> Resource:
    """A statement of a policy."""
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}


def arn(text: str) -> Resource:
    """An ARN of this partition."""
    return {"Fn::Sub": "arn:${AWS::Partition}:" + text}


def _purposes(project: Project, service: str) -> tuple[str, ...]:
    has = {"consumer": project.steers_events(service), "exec": project.services[service].exec}
    return tuple(purpose for purpose in PURPOSES if has[purpose])


def _exec(project: Project, names: Names) -> list[Resource]:
    """What AWS's agent needs in a container to open a session (AWS: "ECS Exec permissions")."""
    actions = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"]
    return [allow([f"ssmmessages:{action}" for action in actions], "*")]


def _consumer(project: Project, names: Names) -> list[Resource]:
    """What `seats.py` asks and reports (docs/consumers.md)."""
    cluster = names.cluster
    in_cluster = {"ArnEquals": {"ecs:cluster": arn(f"ecs:{HERE}:cluster/{cluster}")}}
    metrics = {"StringEquals": {"cloudwatch:namespace": "Bambe/Consumers"}}
    return [
        # ListTasks knows no narrower resource than container instances; the condition narrows it.
        allow(["ecs:ListTasks"], "*") | {"Condition": in_cluster},
        allow(["ecs:DescribeTasks"], arn(f"ecs:{HERE}:task/{cluster}/*")),
        allow(["ecs:DescribeServices", "ecs:ListServiceDeployments"], arn(f"ecs:{HERE}:service/{cluster}/*")),
        allow(["ecs:DescribeServiceDeployments"], arn(f"ecs:{HERE}:service-deployment/{cluster}/*")),
        allow(
            ["codedeploy:GetDeployment", "codedeploy:GetDeploymentTarget"],
            arn(f"codedeploy:{HERE}:deploymentgroup:AppECS-{cluster[:46]}-*"),
        ),
        allow(["cloudwatch:PutMetricData"], "*") | {"Condition": metrics},
    ]


_RIGHTS = {"consumer": _consumer, "exec": _exec}
