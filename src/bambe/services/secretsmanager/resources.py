"""Secrets Manager's CloudFormation type: Secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceFailed, ResourceType, Wish
from bambe.kernel.tags import to_dict, to_list

TOKEN = "bambe:creation"
FLAGS = (
    "ExcludeLowercase",
    "ExcludeNumbers",
    "ExcludePunctuation",
    "ExcludeUppercase",
    "IncludeSpace",
    "RequireEachIncludedType",
)


async def _create(aws: Aws, wish: Wish) -> Made:
    name = wish.properties.get("Name") or wish.name
    request = {"Name": name, "Tags": to_list({**_tags(wish), TOKEN: wish.token}), **_kept(wish.properties)}
    value = await _value(aws, wish.properties)
    if value is not None:
        request["SecretString"] = value
    try:
        answer = await aws.secretsmanager.create_secret(**request)
    except AwsError as error:
        if error.wire_code() != "ResourceExistsException":
            raise
        found = await aws.secretsmanager.describe_secret(SecretId=name)
        if to_dict(found["Tags"]).get(TOKEN) != wish.token:
            raise
        return _made(found["ARN"])
    return _made(answer["ARN"])


async def _update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    arn, changes = made.physical_id, {"Description": "", "KmsKeyId": "", **_kept(wish.properties)}
    # A generated value stays until its recipe changes; so updates of tags do not change passwords.
    for member in ("SecretString", "GenerateSecretString"):
        if member in wish.properties and wish.properties[member] != old.get(member):
            changes["SecretString"] = await _value(aws, wish.properties)
    await aws.secretsmanager.update_secret(SecretId=arn, **changes)
    present = to_dict((await aws.secretsmanager.describe_secret(SecretId=arn))["Tags"])
    wanted = _tags(wish)
    gone = [key for key in present if key not in wanted and key != TOKEN]
    if gone:
        await aws.secretsmanager.untag_resource(SecretId=arn, TagKeys=gone)
    if wanted:
        await aws.secretsmanager.tag_resource(SecretId=arn, Tags=to_list(wanted))
    return _made(arn)


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    # CloudFormation leaves no recovery window ("DeletionPolicy attribute"), or the name would stay taken.
    try:
        await aws.secretsmanager.delete_secret(SecretId=made.physical_id, ForceDeleteWithoutRecovery=True)
    except AwsError as error:
        if error.wire_code() != "ResourceNotFoundException":
            raise


async def _value(aws: Aws, properties: Properties) -> str | None:
    recipe: Mapping[str, Any] | None = properties.get("GenerateSecretString")
    given = properties.get("SecretString")
    if recipe is None:
        return None if given is None else str(given)
    if given is not None:
        raise ResourceFailed("You can't specify both SecretString and GenerateSecretString.")
    request: dict[str, Any] = {flag: _is_true(recipe[flag]) for flag in FLAGS if flag in recipe}
    if "PasswordLength" in recipe:
        request["PasswordLength"] = int(recipe["PasswordLength"])
    if "ExcludeCharacters" in recipe:
        request["ExcludeCharacters"] = str(recipe["ExcludeCharacters"])
    made = str((await aws.secretsmanager.get_random_password(**request))["RandomPassword"])
    template, key = recipe.get("SecretStringTemplate"), recipe.get("GenerateStringKey")
    if template is None and key is None:
        return made
    return _filled(template, key, made)


def _filled(template: Any, key: Any, made: str) -> str:
    try:
        whole = json.loads(template) if isinstance(template, str) else template
    except ValueError:
        whole = None
    if not isinstance(whole, dict) or not key:
        raise ResourceFailed(
            "SecretStringTemplate must be a JSON object, and GenerateStringKey a key for it."
        )
    return json.dumps({**whole, str(key): made})


def _is_true(said: Any) -> bool:
    return said is True or str(said).lower() == "true"


def _kept(properties: Properties) -> dict[str, Any]:
    return {name: str(properties[name]) for name in ("Description", "KmsKeyId") if name in properties}


def _made(arn: str) -> Made:
    return Made(arn, {"Id": arn})


def _tags(wish: Wish) -> dict[str, str]:
    return {**wish.tags, **to_dict(wish.properties.get("Tags") or ())}


RESOURCES = (
    ResourceType(
        name="AWS::SecretsManager::Secret",
        properties=frozenset(
            {"Description", "GenerateSecretString", "KmsKeyId", "Name", "SecretString", "Tags"}
        ),
        replaces=frozenset({"Name"}),
        create=_create,
        update=_update,
        delete=_delete,
    ),
)
