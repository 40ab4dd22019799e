"""Lambda's CloudFormation types: Function and Permission."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Made, Properties, ResourceType, Wish

TOKEN = "bambe:creation"
SETTINGS = (
    "Role",
    "Runtime",
    "Handler",
    "Description",
    "Timeout",
    "MemorySize",
    "Environment",
    "ImageConfig",
)
PERMISSION = ("Action", "Principal", "SourceArn", "SourceAccount")
GONE = "ResourceNotFoundException"


async def _create(aws: Aws, wish: Wish) -> Made:
    name = wish.properties.get("FunctionName") or wish.name[:64]
    settings = {key: wish.properties[key] for key in SETTINGS if key in wish.properties}
    own = {tag["Key"]: tag["Value"] for tag in wish.properties.get("Tags", [])}
    try:
        await aws.lambda_.create_function(
            FunctionName=name,
            Code=_code(wish.properties),
            PackageType=wish.properties.get("PackageType", "Zip"),
            Tags={**wish.tags, **own, TOKEN: wish.token},
            **_typed(settings),
        )
    except AwsError as error:
        if error.wire_code() != "ResourceConflictException" or not await _is_ours(aws, name, wish):
            raise
    return await _made(aws, name)


async def _update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    name = made.physical_id
    settings = {key: wish.properties[key] for key in SETTINGS if key in wish.properties}
    settings.setdefault("Environment", {"Variables": {}})
    await aws.lambda_.update_function_configuration(FunctionName=name, **_typed(settings))
    if wish.properties["Code"] != old.get("Code"):
        await aws.lambda_.update_function_code(FunctionName=name, **_code(wish.properties))
    changed = await _made(aws, name)
    await _retag(aws, str(changed.attributes["Arn"]), wish)
    return changed


async def _retag(aws: Aws, arn: str, wish: Wish) -> None:
    """Give a function the tags of the wish; the one of its creation stays."""
    wanted = {**wish.tags, **{tag["Key"]: tag["Value"] for tag in wish.properties.get("Tags", [])}}
    had = (await aws.lambda_.list_tags(Resource=arn))["Tags"]
    gone = sorted(had.keys() - wanted.keys() - {TOKEN})
    if gone:
        await aws.lambda_.untag_resource(Resource=arn, TagKeys=gone)
    if wanted:
        await aws.lambda_.tag_resource(Resource=arn, Tags=wanted)


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    try:
        await aws.lambda_.delete_function(FunctionName=made.physical_id)
    except AwsError as error:
        if error.wire_code() != GONE:
            raise


async def _made(aws: Aws, name: str) -> Made:
    found = await aws.lambda_.get_function_configuration(FunctionName=name)
    return Made(name, {"Arn": found["FunctionArn"]})


async def _is_ours(aws: Aws, name: str, wish: Wish) -> bool:
    found = await aws.lambda_.get_function(FunctionName=name)
    return bool(found.get("Tags", {}).get(TOKEN) == wish.token)


def _code(properties: Properties) -> dict[str, Any]:
    """Inline text becomes index.py in a zip, the same each time."""
    given = dict(properties["Code"])
    if "ZipFile" in given:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(zipfile.ZipInfo("index.py", (2000, 1, 1, 0, 0, 0)), given["ZipFile"])
        given["ZipFile"] = out.getvalue()
    return given


def _typed(settings: dict[str, Any]) -> dict[str, Any]:
    """Numbers may come as text in a template."""
    return {key: int(value) if key in ("Timeout", "MemorySize") else value for key, value in settings.items()}


async def _permit(aws: Aws, wish: Wish) -> Made:
    given = {key: wish.properties[key] for key in PERMISSION if key in wish.properties}
    name = wish.name[-100:]
    try:
        await aws.lambda_.add_permission(
            FunctionName=wish.properties["FunctionName"], StatementId=name, **given
        )
    except AwsError as error:
        if error.wire_code() != "ResourceConflictException":
            raise
    return Made(name, {"Id": name})


async def _forbid(aws: Aws, made: Made, properties: Properties) -> None:
    try:
        await aws.lambda_.remove_permission(
            FunctionName=properties["FunctionName"], StatementId=made.physical_id
        )
    except AwsError as error:
        if error.wire_code() != GONE:
            raise


RESOURCES = (
    ResourceType(
        name="AWS::Lambda::Function",
        properties=frozenset({*SETTINGS, "FunctionName", "Code", "PackageType", "Architectures", "Tags"}),
        required=frozenset({"Code", "Role"}),
        replaces=frozenset({"FunctionName", "PackageType"}),
        create=_create,
        update=_update,
        delete=_delete,
    ),
    ResourceType(
        name="AWS::Lambda::Permission",
        properties=frozenset({*PERMISSION, "FunctionName"}),
        required=frozenset({"Action", "FunctionName", "Principal"}),
        create=_permit,
        delete=_forbid,
    ),
)
