"""AWS::ECS::Cluster: `Ref` is the name, `Arn` the ARN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bambe.kernel.call import Aws
from bambe.kernel.resources import Made, Properties, ResourceType, Wish
from bambe.services.ecs.resources.words import request, retag, tags, unless_gone

RENAMED = {"ClusterSettings": "settings"}
NOT_UPDATED = frozenset({"ClusterName", "CapacityProviders", "DefaultCapacityProviderStrategy"})


async def _create(aws: Aws, wish: Wish) -> Made:
    said = request(wish, frozenset({"ClusterName"}), RENAMED)
    name = wish.properties.get("ClusterName", wish.name)
    return _made((await aws.ecs.create_cluster(clusterName=name, tags=tags(wish), **said))["cluster"])


async def _update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    said = request(wish, NOT_UPDATED, RENAMED)
    shown = (await aws.ecs.update_cluster(cluster=made.physical_id, **said))["cluster"]
    await retag(aws, shown["clusterArn"], wish)
    return _made(shown)


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    await unless_gone(aws.ecs.delete_cluster(cluster=made.physical_id))


def _made(shown: Mapping[str, Any]) -> Made:
    return Made(shown["clusterName"], {"Arn": shown["clusterArn"]})


CLUSTER = ResourceType(
    "AWS::ECS::Cluster",
    properties=frozenset(
        {
            "CapacityProviders",
            "ClusterName",
            "ClusterSettings",
            "Configuration",
            "DefaultCapacityProviderStrategy",
            "ServiceConnectDefaults",
            "Tags",
        }
    ),
    create=_create,
    update=_update,
    delete=_delete,
    replaces=NOT_UPDATED,
)
