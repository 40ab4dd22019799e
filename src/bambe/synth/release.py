"""A service's task definition and AppSpec: what a release changes, so no template owns them."""

from __future__ import annotations

from typing import Any

from bambe.project import Project
from bambe.synth import events
from bambe.synth.names import Names

IMAGE_PLACEHOLDER = "<IMAGE>"
"""Stands for the image in the task definition that a build is given as $TASKDEF."""

APPSPEC_PLACEHOLDER = "<TASK_DEFINITION>"
"""Stands for the task definition in $APPSPEC; `aws ecs deploy` puts the real one there."""


def task_definition(project: Project, service: str, image: str, account: str, region: str) -> dict[str, Any]:
    """The request of RegisterTaskDefinition that runs `image` as `service` on Fargate."""
    names, wish = Names.of(project), project.services[service]
    said = {**wish.environment, **events.variables(project, service)}
    secrets = secrets_of(project, service)
    container: dict[str, Any] = {
        "name": service,
        "image": image,
        "essential": True,
        "portMappings": [{"containerPort": wish.port, "protocol": "tcp"}],
        "environment": [{"name": key, "value": said[key]} for key in sorted(said)],
        "stopTimeout": int(wish.stop_timeout.total_seconds()),
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": names.log_group(service),
                "awslogs-region": region,
                "awslogs-stream-prefix": "ecs",
            },
        },
    }
    if secrets:
        container["secrets"] = [
            {"name": name, "valueFrom": secret_arn(secrets[name], account, region)}
            for name in sorted(secrets)
        ]
    roles = f"arn:aws:iam::{account}:role/"
    role = {"taskRoleArn": roles + names.task_role(service)} if project.asks_aws(service) else {}
    return {
        "family": names.family(service),
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": str(wish.cpu),
        "memory": str(wish.memory),
        "executionRoleArn": roles + names.execution_role(service),
        **role,
        "containerDefinitions": [container],
    }


def secrets_of(project: Project, service: str) -> dict[str, str]:
    """Variables whose values are looked up when a task starts: variable -> where, as in bambe.yml."""
    return {**project.services[service].secrets, **events.looked_up(project, service)}


def secret_arn(source: str, account: str, region: str) -> str:
    """Where ECS is to look for the value of bambe.yml's `ssm:/name` or `secretsmanager:name[:key]`."""
    service, _, name = source.partition(":")
    if service == "ssm":
        return f"arn:aws:ssm:{region}:{account}:parameter/{name.lstrip('/')}"
    name, _, key = name.partition(":")
    return f"arn:aws:secretsmanager:{region}:{account}:secret:{name}" + (f":{key}::" if key else "")


def appspec(project: Project, service: str, task_definition: str = APPSPEC_PLACEHOLDER) -> dict[str, Any]:
    """The AppSpec that releases `task_definition` of `service` through CodeDeploy."""
    properties = {
        "TaskDefinition": task_definition,
        "LoadBalancerInfo": {"ContainerName": service, "ContainerPort": project.services[service].port},
    }
    target = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
    hooks = [{event: function} for event, function in project.release_of(service).hooks.items()]
    return {"version": 0.0, "Resources": [target]} | ({"Hooks": hooks} if hooks else {})
