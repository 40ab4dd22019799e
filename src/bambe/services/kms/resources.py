"""KMS's CloudFormation types: Key and Alias."""

from __future__ import annotations

import json
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceType, Wish
from bambe.kernel.tags import to_dict, to_list

TOKEN = "bambe:creation"
KIND = ("KeySpec", "KeyUsage", "MultiRegion", "Origin")
GONE = "NotFoundException"


async def _create(aws: Aws, wish: Wish) -> Made:
    made = await _made_before(aws, wish.token)
    if made is None:
        said = {key: _plain(wish.properties[key]) for key in KIND if key in wish.properties}
        answer = await aws.kms.create_key(
            **said,
            **_policy(wish.properties),
            Description=str(wish.properties.get("Description", "")),
            Tags=_listed({**_tags(wish), TOKEN: wish.token}),
        )
        made = _made(answer["KeyMetadata"]["KeyId"], answer["KeyMetadata"]["Arn"])
    await _switch(aws, made.physical_id, wish.properties)
    return made


async def _made_before(aws: Aws, token: str) -> Made | None:
    """CreateKey takes no token: a tag tells what an earlier try made."""
    for one in (await aws.kms.list_keys(Limit=1000))["Keys"]:
        tags = (await aws.kms.list_resource_tags(KeyId=one["KeyId"]))["Tags"]
        if {"TagKey": TOKEN, "TagValue": token} in tags:
            return _made(one["KeyId"], one["KeyArn"])
    return None


async def _update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    key, new = made.physical_id, wish.properties
    await aws.kms.enable_key(KeyId=key)  # a key that is off cannot be changed
    await aws.kms.update_key_description(KeyId=key, Description=str(new.get("Description", "")))
    if policy := _policy(new):
        await aws.kms.put_key_policy(KeyId=key, PolicyName="default", **policy)
    had = to_dict((await aws.kms.list_resource_tags(KeyId=key))["Tags"], "TagKey", "TagValue")
    gone = sorted(had.keys() - _tags(wish).keys() - {TOKEN})
    if gone:
        await aws.kms.untag_resource(KeyId=key, TagKeys=gone)
    if wanted := _listed(_tags(wish)):
        await aws.kms.tag_resource(KeyId=key, Tags=wanted)
    await _switch(aws, key, new)
    return made


async def _switch(aws: Aws, key: str, properties: Properties) -> None:
    """Rotation, and whether it is on at all; in this order, for a key that is off cannot be rotated."""
    if _plain(properties.get("EnableKeyRotation", False)):
        days = properties.get("RotationPeriodInDays")
        await aws.kms.enable_key_rotation(KeyId=key, **({"RotationPeriodInDays": int(days)} if days else {}))
    else:
        await aws.kms.disable_key_rotation(KeyId=key)
    if not _plain(properties.get("Enabled", True)):
        await aws.kms.disable_key(KeyId=key)


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    """CloudFormation schedules the deletion: a key is never gone at once."""
    days = properties.get("PendingWindowInDays")
    window = {"PendingWindowInDays": int(days)} if days else {}
    try:
        await aws.kms.schedule_key_deletion(KeyId=made.physical_id, **window)
    except AwsError as error:
        if error.wire_code() not in (GONE, "KMSInvalidStateException"):
            raise


async def _create_alias(aws: Aws, wish: Wish) -> Made:
    name, key = wish.properties["AliasName"], wish.properties["TargetKeyId"]
    try:
        await aws.kms.create_alias(AliasName=name, TargetKeyId=key)
    except AwsError as error:
        if error.wire_code() != "AlreadyExistsException":
            raise
        # An alias has no tags: one that an earlier try made stands for the same key.
        wanted = (await aws.kms.describe_key(KeyId=key))["KeyMetadata"]["KeyId"]
        if (await aws.kms.describe_key(KeyId=name))["KeyMetadata"]["KeyId"] != wanted:
            raise
    return Made(name)


async def _update_alias(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    await aws.kms.update_alias(AliasName=made.physical_id, TargetKeyId=wish.properties["TargetKeyId"])
    return made


async def _delete_alias(aws: Aws, made: Made, properties: Properties) -> None:
    try:
        await aws.kms.delete_alias(AliasName=made.physical_id)
    except AwsError as error:
        if error.wire_code() != GONE:
            raise


def _made(key: str, arn: str) -> Made:
    return Made(key, {"Arn": arn, "KeyId": key})


def _policy(properties: Properties) -> dict[str, Any]:
    said = properties.get("KeyPolicy")
    return {} if not said else {"Policy": said if isinstance(said, str) else json.dumps(said)}


def _tags(wish: Wish) -> dict[str, str]:
    return {**wish.tags, **to_dict(wish.properties.get("Tags") or ())}


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return to_list(tags, "TagKey", "TagValue")


def _plain(said: Any) -> Any:
    """A template's texts as the API's truths."""
    return said == "true" if said in ("true", "false") else said


RESOURCES = (
    ResourceType(
        name="AWS::KMS::Key",
        properties=frozenset(
            {
                *KIND,
                "BypassPolicyLockoutSafetyCheck",
                "Description",
                "EnableKeyRotation",
                "Enabled",
                "KeyPolicy",
                "PendingWindowInDays",
                "RotationPeriodInDays",
                "Tags",
            }
        ),
        replaces=frozenset(KIND),
        create=_create,
        update=_update,
        delete=_delete,
    ),
    ResourceType(
        name="AWS::KMS::Alias",
        properties=frozenset({"AliasName", "TargetKeyId"}),
        required=frozenset({"AliasName", "TargetKeyId"}),
        replaces=frozenset({"AliasName"}),
        create=_create_alias,
        update=_update_alias,
        delete=_delete_alias,
    ),
)
