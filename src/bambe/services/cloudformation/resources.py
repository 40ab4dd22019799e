"""AWS::CDK::Metadata, which the CDK puts into templates to be counted: nothing is made of it, as on AWS."""

from __future__ import annotations

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties, ResourceType, Wish


async def _create(aws: Aws, wish: Wish) -> Made:
    return Made(wish.name)


async def _update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    return made


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    return


RESOURCES = (
    ResourceType(
        name="AWS::CDK::Metadata",
        properties=frozenset({"Analytics"}),
        create=_create,
        update=_update,
        delete=_delete,
    ),
)
