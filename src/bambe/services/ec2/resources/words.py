"""What EC2's CloudFormation types have in common: making a thing once per token, tags, and what is gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Properties, Wish
from bambe.kernel.tags import to_list

TOKEN = "bambe:creation"
"""The tag that says which creation made a thing."""
BUSY = frozenset({"DependencyViolation"})
"""With this a deletion is refused while what uses the thing is still going."""
LEAVING = timedelta(minutes=10)
"""How long that may take: tasks and brokers stop meanwhile."""


async def once(
    wish: Wish, describe: Callable[..., Awaitable[Any]], member: str, create: Callable[[], Awaitable[Any]]
) -> Any:
    """What an earlier try of this creation made, as `describe` shows it; else what `create` makes."""
    filters = [{"Name": f"tag:{TOKEN}", "Values": [wish.token]}]
    found = (await describe(Filters=filters))[member]
    return found[0] if found else await create()


def specifications(wish: Wish, resource: str) -> list[dict[str, Any]]:
    """TagSpecifications for what the wish makes."""
    tags = to_list({**own_tags(wish), TOKEN: wish.token})
    return [{"ResourceType": resource, "Tags": tags}]


def own_tags(wish: Wish) -> dict[str, str]:
    """The stack's tags and the resource's own."""
    own = {tag["Key"]: tag["Value"] for tag in wish.properties.get("Tags") or ()}
    return {**wish.tags, **own}


async def retag(aws: Aws, id: str, wish: Wish) -> None:
    """Give a thing the tags of the wish; the one of its creation stays."""
    filters = [{"Name": "resource-id", "Values": [id]}]
    said = (await aws.ec2.describe_tags(Filters=filters))["Tags"]
    had = {one["Key"]: one["Value"] for one in said if one["Key"] != TOKEN}
    wanted = own_tags(wish)
    gone = sorted(had.keys() - wanted.keys())
    if gone:
        await aws.ec2.delete_tags(Resources=[id], Tags=[{"Key": key} for key in gone])
    if wanted.items() - had.items():
        await aws.ec2.create_tags(Resources=[id], Tags=to_list(wanted))


async def unless(codes: Collection[str], request: Awaitable[Any]) -> Any:
    """The answer, or None where the request fails with one of these codes."""
    try:
        return await request
    except AwsError as error:
        if error.wire_code() not in codes:
            raise
        return None


def said(properties: Properties, *members: str) -> dict[str, Any]:
    """Those members that the template gives."""
    return {name: properties[name] for name in members if name in properties}


def truth(value: Any) -> bool:
    """A boolean that may have been written as text."""
    return str(value).lower() == "true"
