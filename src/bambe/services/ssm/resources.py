"""Systems Manager's CloudFormation type: Parameter."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceType, Wish

TOKEN = "bambe:creation"
PASSED = ("AllowedPattern", "DataType", "Description", "Policies", "Tier", "Type", "Value")


async def _create(aws: Aws, wish: Wish) -> Made:
    name = wish.properties.get("Name") or wish.name
    tags = [{"Key": key, "Value": value} for key, value in {**_tags(wish), TOKEN: wish.token}.items()]
    try:
        await aws.ssm.put_parameter(Name=name, Tags=tags, **_passed(wish.properties))
    except AwsError as error:
        if error.wire_code() != "ParameterAlreadyExists" or not await _is_ours(aws, name, wish.token):
            raise
    return _made(name, wish.properties)


async def _update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    name = made.physical_id
    if _passed(wish.properties) != _passed(old):
        await aws.ssm.put_parameter(
            Name=name, Overwrite=True, **{"Description": "", "AllowedPattern": "", **_passed(wish.properties)}
        )
    present, wanted = await _present(aws, name), _tags(wish)
    gone = [key for key in present if key not in wanted and key != TOKEN]
    resource: dict[str, Any] = {"ResourceType": "Parameter", "ResourceId": name}
    if gone:
        await aws.ssm.remove_tags_from_resource(**resource, TagKeys=gone)
    if wanted:
        tags = [{"Key": key, "Value": value} for key, value in wanted.items()]
        await aws.ssm.add_tags_to_resource(**resource, Tags=tags)
    return _made(name, wish.properties)


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    try:
        await aws.ssm.delete_parameter(Name=made.physical_id)
    except AwsError as error:
        if error.wire_code() != "ParameterNotFound":
            raise


async def _is_ours(aws: Aws, name: str, token: str) -> bool:
    return (await _present(aws, name)).get(TOKEN) == token


async def _present(aws: Aws, name: str) -> dict[str, str]:
    answer = await aws.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)
    return {tag["Key"]: tag["Value"] for tag in answer["TagList"]}


def _passed(properties: Properties) -> dict[str, str]:
    return {name: str(properties[name]) for name in PASSED if name in properties}


def _made(name: str, properties: Properties) -> Made:
    return Made(name, {"Type": properties["Type"], "Value": str(properties["Value"])})


def _tags(wish: Wish) -> dict[str, str]:
    """The type's Tags are a map, unlike those of most others."""
    said = {str(key): str(value) for key, value in (wish.properties.get("Tags") or {}).items()}
    return {**wish.tags, **said}


RESOURCES = (
    ResourceType(
        name="AWS::SSM::Parameter",
        properties=frozenset({*PASSED, "Name", "Tags"}),
        required=frozenset({"Type", "Value"}),
        replaces=frozenset({"Name", "Type"}),
        create=_create,
        update=_update,
        delete=_delete,
    ),
)
