"""CloudWatch Logs' CloudFormation type: LogGroup."""

from __future__ import annotations

from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceType, Wish
from bambe.kernel.tags import to_dict

TOKEN = "bambe:creation"


async def _create(aws: Aws, wish: Wish) -> Made:
    name = wish.properties.get("LogGroupName") or wish.name
    renamed = {"KmsKeyId": "kmsKeyId", "LogGroupClass": "logGroupClass"}
    more: dict[str, Any] = {to: wish.properties[by] for by, to in renamed.items() if by in wish.properties}
    try:
        await aws.logs.create_log_group(logGroupName=name, tags={**_tags(wish), TOKEN: wish.token}, **more)
    except AwsError as error:
        if error.wire_code() != "ResourceAlreadyExistsException" or not await _is_ours(aws, name, wish.token):
            raise
    await _set_retention(aws, name, wish.properties)
    return await _made(aws, name)


async def _is_ours(aws: Aws, name: str, token: str) -> bool:
    return bool((await aws.logs.list_tags_log_group(logGroupName=name))["tags"].get(TOKEN) == token)


async def _update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    name = made.physical_id
    await _set_retention(aws, name, wish.properties)
    key = wish.properties.get("KmsKeyId", "")
    if key and key != old.get("KmsKeyId", ""):
        await aws.logs.associate_kms_key(logGroupName=name, kmsKeyId=key)
    elif not key and old.get("KmsKeyId"):
        await aws.logs.disassociate_kms_key(logGroupName=name)
    present = (await aws.logs.list_tags_log_group(logGroupName=name))["tags"]
    wanted = _tags(wish)
    gone = [key for key in present if key not in wanted and key != TOKEN]
    if gone:
        await aws.logs.untag_log_group(logGroupName=name, tags=gone)
    if wanted:
        await aws.logs.tag_log_group(logGroupName=name, tags=wanted)
    return await _made(aws, name)


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    try:
        await aws.logs.delete_log_group(logGroupName=made.physical_id)
    except AwsError as error:
        if error.wire_code() != "ResourceNotFoundException":
            raise


async def _set_retention(aws: Aws, name: str, properties: Properties) -> None:
    days = properties.get("RetentionInDays")
    if days is None:
        await aws.logs.delete_retention_policy(logGroupName=name)
    else:
        await aws.logs.put_retention_policy(logGroupName=name, retentionInDays=int(days))


async def _made(aws: Aws, name: str) -> Made:
    groups = (await aws.logs.describe_log_groups(logGroupIdentifiers=[name]))["logGroups"]
    return Made(name, {"Arn": groups[0]["arn"]})


def _tags(wish: Wish) -> dict[str, str]:
    return {**wish.tags, **to_dict(wish.properties.get("Tags", []))}


RESOURCES = (
    ResourceType(
        name="AWS::Logs::LogGroup",
        properties=frozenset({"KmsKeyId", "LogGroupClass", "LogGroupName", "RetentionInDays", "Tags"}),
        replaces=frozenset({"LogGroupClass", "LogGroupName"}),
        create=_create,
        update=_update,
        delete=_delete,
    ),
)
