"""The AWS services that VPC endpoints lead to, as far as architectures on ECS need them."""

from __future__ import annotations

from bambe.kernel.ids import digest_id

GATEWAY = ("s3", "dynamodb")
INTERFACE = (
    "acm-pca",
    "application-autoscaling",
    "autoscaling",
    "cloudformation",
    "codebuild",
    "codeconnections.api",
    "codedeploy",
    "codedeploy-commands-secure",
    "data-servicediscovery",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "elasticfilesystem",
    "elasticloadbalancing",
    "events",
    "kafka",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "rds",
    "s3",
    "secretsmanager",
    "servicediscovery",
    "sns",
    "sqs",
    "ssm",
    "ssmmessages",
    "states",
    "sts",
    "synthetics",
    "xray",
)


def kinds(region: str, name: str) -> list[str]:
    """The types of endpoint a service has; none where there is no such service."""
    prefix = f"com.amazonaws.{region}."
    short = name.removeprefix(prefix)
    if not name.startswith(prefix):
        return []
    return [kind for kind, known in (("Gateway", GATEWAY), ("Interface", INTERFACE)) if short in known]


def names(region: str) -> list[str]:
    """Every service's name."""
    return sorted(f"com.amazonaws.{region}.{short}" for short in {*GATEWAY, *INTERFACE})


def prefix_list(service: str) -> str:
    """The id of the list of a gateway service's addresses."""
    return f"pl-{digest_id(service, length=8)}"


def private_name(region: str, service: str) -> str:
    """The name that a service has for everybody, and with private DNS inside the VPC."""
    short = service.removeprefix(f"com.amazonaws.{region}.")
    head, _, tail = short.partition(".")
    return f"{tail}.{head}.{region}.amazonaws.com" if tail else f"{head}.{region}.amazonaws.com"
