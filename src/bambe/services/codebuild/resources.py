"""CodeBuild's CloudFormation type: Project, with its webhook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceType, Wish

TOKEN_TAG = "bambe:creation"
MEMBERS = (
    "Description",
    "Source",
    "SourceVersion",
    "Artifacts",
    "Cache",
    "Environment",
    "ServiceRole",
    "TimeoutInMinutes",
    "QueuedTimeoutInMinutes",
    "EncryptionKey",
    "VpcConfig",
    "LogsConfig",
    "ConcurrentBuildLimit",
    "AutoRetryLimit",
)
RENAMED = {"BuildSpec": "buildspec", "CloudWatchLogs": "cloudWatchLogs", "S3Logs": "s3Logs"}
LITERAL = frozenset({"Value", "Name", "Pattern", "BuildSpec", "Location", "Description", "SourceVersion"})
CLEARED: Mapping[str, Any] = {
    "description": "",
    "sourceVersion": "",
    "timeoutInMinutes": 60,
    "queuedTimeoutInMinutes": 480,
    "cache": {"type": "NO_CACHE"},
    "logsConfig": {"cloudWatchLogs": {"status": "ENABLED"}},
    "vpcConfig": {},
}
"""What a member that is no longer in the template goes back to."""


async def _create(aws: Aws, wish: Wish) -> Made:
    name = wish.properties.get("Name") or wish.name
    try:
        answer = await aws.codebuild.create_project(name=name, tags=_tags(wish), **_settings(wish.properties))
        arn = answer["project"]["arn"]
    except AwsError as error:
        if error.wire_code() != "ResourceAlreadyExistsException":
            raise
        found = await _find(aws, name)
        if found is None or {"key": TOKEN_TAG, "value": wish.token} not in found.get("tags", []):
            raise
        arn = found["arn"]
    await _webhook(aws, name, wish.properties)
    return Made(name, {"Arn": arn})


async def _update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    settings = {**CLEARED, **_settings(wish.properties)}
    found = await _find(aws, made.physical_id) or {}
    creation = [tag for tag in found.get("tags", []) if tag["key"] == TOKEN_TAG]
    tags = [tag for tag in _tags(wish) if tag["key"] != TOKEN_TAG] + creation
    answer = await aws.codebuild.update_project(name=made.physical_id, tags=tags, **settings)
    await _webhook(aws, made.physical_id, wish.properties)
    return Made(made.physical_id, {"Arn": answer["project"]["arn"]})


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    await aws.codebuild.delete_project(name=made.physical_id)


async def _find(aws: Aws, name: str) -> dict[str, Any] | None:
    answer = await aws.codebuild.batch_get_projects(names=[name])
    return answer["projects"][0] if answer["projects"] else None


async def _webhook(aws: Aws, name: str, properties: Properties) -> None:
    """Have the project's webhook as Triggers says: there, changed or gone."""
    triggers = properties.get("Triggers") or {}
    found = await _find(aws, name)
    has = found is not None and "webhook" in found
    if not _camel(triggers.get("Webhook", False)):
        if has:
            await aws.codebuild.delete_webhook(projectName=name)
        return
    request = {"projectName": name, "filterGroups": _camel(triggers.get("FilterGroups") or [])}
    if has:
        await aws.codebuild.update_webhook(**request)
    else:
        await aws.codebuild.create_webhook(**request)


def _settings(properties: Properties) -> dict[str, Any]:
    given = {name: properties[name] for name in MEMBERS if name in properties}
    settings: dict[str, Any] = _camel(given)
    return settings


def _camel(value: Any) -> Any:
    """CloudFormation's PascalCase as the API's camelCase, with numbers and booleans as such."""
    if isinstance(value, Mapping):
        return {
            RENAMED.get(key, key[0].lower() + key[1:]): item if key in LITERAL else _camel(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_camel(item) for item in value]
    if isinstance(value, str):
        return int(value) if value.isdigit() else {"true": True, "false": False}.get(value, value)
    return value


def _tags(wish: Wish) -> list[dict[str, str]]:
    own = {tag["Key"]: tag["Value"] for tag in wish.properties.get("Tags", [])}
    every = {**wish.tags, **own, TOKEN_TAG: wish.token}
    return [{"key": key, "value": value} for key, value in sorted(every.items())]


RESOURCES = (
    ResourceType(
        name="AWS::CodeBuild::Project",
        properties=frozenset({*MEMBERS, "Name", "Triggers", "Tags", "BadgeEnabled", "Visibility"}),
        required=frozenset({"Source", "Environment", "ServiceRole", "Artifacts"}),
        create=_create,
        update=_update,
        delete=_delete,
        replaces=frozenset({"Name"}),
    ),
)
