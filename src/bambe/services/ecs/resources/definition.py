"""AWS::ECS::TaskDefinition: `Ref` is the ARN with its revision; every change is a new revision."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceType, Wish
from bambe.services.ecs.resources.words import request, tags

TOKEN = "bambe:token"
"""RegisterTaskDefinition takes no client token, so a tag tells a repeated creation from a new one."""


async def _create(aws: Aws, wish: Wish) -> Made:
    family = wish.properties.get("Family", wish.name)
    made = await _made_before(aws, family, wish.token)
    if made is not None:
        return made
    said = request(wish, frozenset({"Family"}))
    said |= {member: str(said[member]) for member in ("cpu", "memory") if member in said}
    for container in said["containerDefinitions"]:
        for pair in container.get("environment") or ():
            pair["value"] = _text(pair.get("value", ""))
    marked = [*tags(wish), {"key": TOKEN, "value": wish.token}]
    answer = await aws.ecs.register_task_definition(family=family, tags=marked, **said)
    return _made(answer["taskDefinition"]["taskDefinitionArn"])


async def _made_before(aws: Aws, family: str, token: str) -> Made | None:
    """The revision that an earlier try of the same creation registered."""
    listed = await aws.ecs.list_task_definitions(familyPrefix=family, sort="DESC", maxResults=5)
    for arn in listed["taskDefinitionArns"]:
        marks = (await aws.ecs.list_tags_for_resource(resourceArn=arn))["tags"]
        if {"key": TOKEN, "value": token} in marks:
            return _made(arn)
    return None


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    try:
        await aws.ecs.deregister_task_definition(taskDefinition=made.physical_id)
    except AwsError as error:
        # Deregistered already, or never there.
        if error.wire_code() not in ("InvalidParameterException", "ClientException"):
            raise


def _made(arn: str) -> Made:
    return Made(arn, {"TaskDefinitionArn": arn})


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


DEFINITION = ResourceType(
    "AWS::ECS::TaskDefinition",
    properties=frozenset(
        {
            "ContainerDefinitions",
            "Cpu",
            "EphemeralStorage",
            "ExecutionRoleArn",
            "Family",
            "InferenceAccelerators",
            "IpcMode",
            "Memory",
            "NetworkMode",
            "PidMode",
            "PlacementConstraints",
            "ProxyConfiguration",
            "RequiresCompatibilities",
            "RuntimePlatform",
            "Tags",
            "TaskRoleArn",
            "Volumes",
        }
    ),
    required=frozenset({"ContainerDefinitions"}),
    create=_create,
    delete=_delete,
)
