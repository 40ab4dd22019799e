"""CloudFormation's PascalCase as the ECS API's camelCase, and tags, which every type carries."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from bambe.evidence.wishes import BY_PEOPLE
from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Wish

GONE = frozenset({"ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException"})
FREE_KEYS = frozenset({"Options", "DockerLabels", "DriverOpts", "HookDetails", "Labels"})
"""Members whose keys are the user's data, not names of ours."""


def camel(said: Any) -> Any:
    """The API's spelling: EnableECSManagedTags is enableECSManagedTags, so only first letters change."""
    if isinstance(said, Mapping):
        return {
            lower(name): dict(value) if name in FREE_KEYS and isinstance(value, Mapping) else camel(value)
            for name, value in said.items()
        }
    if isinstance(said, list | tuple):
        return [camel(each) for each in said]
    return said


def lower(name: str) -> str:
    """A name with its first letter in lower case."""
    return name[:1].lower() + name[1:]


def request(wish: Wish, without: frozenset[str], renamed: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The wish's properties as an API request, but those in `without` and the tags."""
    names = renamed or {}
    hidden = without | {"Tags"}
    return {
        names.get(name, lower(name)): camel(value)
        for name, value in wish.properties.items()
        if name not in hidden
    }


def tags(wish: Wish) -> list[dict[str, str]]:
    """The stack's tags and the resource's own; names that begin with aws: are not a caller's to set."""
    own = {tag["Key"]: tag.get("Value", "") for tag in wish.properties.get("Tags") or ()}
    every = {key: value for key, value in wish.tags.items() if not key.startswith("aws:")} | own
    return [{"key": key, "value": value} for key, value in sorted(every.items())]


async def retag(aws: Aws, arn: str, wish: Wish) -> None:
    """Make the tags of `arn` those of the wish; what people ask by tags of their own stays."""
    wanted = tags(wish)
    current = (await aws.ecs.list_tags_for_resource(resourceArn=arn))["tags"]
    stale = {tag["key"] for tag in current} - {tag["key"] for tag in wanted} - BY_PEOPLE
    if stale:
        await aws.ecs.untag_resource(resourceArn=arn, tagKeys=sorted(stale))
    if wanted and wanted != current:
        await aws.ecs.tag_resource(resourceArn=arn, tags=wanted)


async def unless_gone(call: Awaitable[dict[str, Any]]) -> dict[str, Any] | None:
    """What the call answers; None where its cluster or service is not there."""
    try:
        return await call
    except AwsError as error:
        if error.wire_code() not in GONE:
            raise
        return None
