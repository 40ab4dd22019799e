"""What a service's tasks themselves may do, and what ECS may do to start them: two roles of each service."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from bambe.project import Project
from bambe.synth import events, users
from bambe.synth.names import Names
from bambe.synth.release import secrets_of
from bambe.synth.roles import HERE, allow, arn, role

Resource = dict[str, Any]
TASKS = "ecs-tasks.amazonaws.com"
ON_BEHALF = f"ecs:{HERE}:*"
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
WRITE_LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]


def execution_role(project: Project, service: str, also: Collection[str] = ()) -> Resource:
    """By which ECS starts a service's tasks: its image, log and secrets; `also` as in events_template."""
    names = Names.of(project)
    statements = [
        # A token is for the registry as a whole (IAM: GetAuthorizationToken has no resource).
        allow(["ecr:GetAuthorizationToken"], "*"),
        allow(PULL, arn(f"ecr:{HERE}:repository/{names.repository(service)}")),
        allow(WRITE_LOGS, streams(names.log_group(service))),
        *_looked_up(project, service),
        *_user(project, names, service, also),
    ]
    return role(names.execution_role(service), TASKS, statements, ON_BEHALF)


def task_role(project: Project, service: str) -> Resource | None:
    """The role of a service's tasks; None where they ask AWS for nothing."""
    if not project.asks_aws(service):
        return None
    names = Names.of(project)
    statements = [
        *(_consumer(project, names, service) if project.steers_events(service) else []),
        *(_exec() if project.services[service].exec else []),
    ]
    return role(names.task_role(service), TASKS, statements, ON_BEHALF)


def streams(group: str) -> Resource:
    """The ARN of all streams of a log group."""
    return arn(f"logs:{HERE}:log-group:{group}:log-stream:*")


def _looked_up(project: Project, service: str) -> list[Resource]:
    """To read exactly what the service's `secrets` name, and where Kafka's brokers are."""
    own = {*project.services[service].secrets.values(), *secrets_of(project, service).values()}
    if project.services[service].has_events:
        own |= {f"ssm:{name}" for name in events.parameters(project)}
    mine = users.sources(Names.of(project), service).values()
    parameters = sorted({one.removeprefix("ssm:").lstrip("/") for one in own if one.startswith("ssm:")})
    secrets = sorted({one.split(":")[1] for one in own - {*mine} if one.startswith("secretsmanager:")})
    rights = []
    if parameters:
        arns = [arn(f"ssm:{HERE}:parameter/{name}") for name in parameters]
        rights.append(allow(["ssm:GetParameters"], *arns))
    if secrets:
        # Secrets Manager adds a dash and six characters to the name.
        arns = [arn(f"secretsmanager:{HERE}:secret:{name}-??????") for name in secrets]
        rights.append(allow(["secretsmanager:GetSecretValue"], *arns))
    return rights


def _user(project: Project, names: Names, service: str, also: Collection[str]) -> list[Resource]:
    """To read who the service is to the brokers; the secret lies under a key of the stack of the events."""
    ways = {project.events.access, *also} if project.events else set()
    if "scram" not in ways or not project.services[service].has_events:
        return []
    secret = arn(f"secretsmanager:{HERE}:secret:{names.kafka_secret(service)}-??????")
    # The key's ID is known in another stack only, which is made and changed apart: the conditions say which
    # key it is, for what, and through whom.
    only = {
        "StringEquals": {"kms:ViaService": users.secrets_manager()},
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": names.kafka_key},
        "ArnLike": {"kms:EncryptionContext:SecretARN": secret},
    }
    return [
        allow(["secretsmanager:GetSecretValue"], secret),
        allow(["kms:Decrypt"], arn(f"kms:{HERE}:key/*"), only=only),
    ]


def _exec() -> list[Resource]:
    """What AWS's agent needs in a container to open a session (AWS: "ECS Exec permissions")."""
    actions = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"]
    # IAM knows no resource of Session Manager's channels.
    return [allow([f"ssmmessages:{action}" for action in actions], "*")]


def _consumer(project: Project, names: Names, service: str) -> list[Resource]:
    """What `seats.py` asks and reports (docs/consumers.md)."""
    mine = f"{names.cluster}/{service}"
    in_cluster = {"ArnEquals": {"ecs:cluster": arn(f"ecs:{HERE}:cluster/{names.cluster}")}}
    metrics = {"StringEquals": {"cloudwatch:namespace": "Bambe/Consumers"}}
    deployments = [
        allow(
            ["codedeploy:GetDeployment"],
            arn(f"codedeploy:{HERE}:deploymentgroup:{names.application(service)}/{names.group(service)}"),
        ),
        # IAM knows no resource of GetDeploymentTarget.
        allow(["codedeploy:GetDeploymentTarget"], "*"),
    ]
    return [
        # ListTasks knows no narrower resource than container instances; the condition narrows it.
        allow(["ecs:ListTasks"], "*", only=in_cluster),
        allow(["ecs:DescribeTasks"], arn(f"ecs:{HERE}:task/{names.cluster}/*")),
        allow(["ecs:DescribeServices", "ecs:ListServiceDeployments"], arn(f"ecs:{HERE}:service/{mine}")),
        allow(
            ["ecs:DescribeServiceDeployments"],
            arn(f"ecs:{HERE}:service/{mine}"),
            arn(f"ecs:{HERE}:service-deployment/{mine}/*"),
        ),
        *(deployments if project.has_codedeploy(service) else []),
        # Metrics have no ARN; the condition narrows it.
        allow(["cloudwatch:PutMetricData"], "*", only=metrics),
    ]
