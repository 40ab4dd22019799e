"""AWS::ECS::Cluster (`Ref` is the name, `Arn` the ARN) and which capacity providers it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bambe.kernel.call import Answer, Aws
from bambe.kernel.resources import Made, Properties, ResourceType, Wish
from bambe.services.ecs.resources.words import camel, request, retag, tags, unless_gone

RENAMED = {"ClusterSettings": "settings"}
PROVIDERS = ("CapacityProviders", "DefaultCapacityProviderStrategy")
NOT_UPDATED = frozenset({"ClusterName", *PROVIDERS})


async def _create(aws: Aws, wish: Wish) -> Made:
    said = request(wish, frozenset({"ClusterName"}), RENAMED)
    name = wish.properties.get("ClusterName", wish.name)
    return _made((await aws.ecs.create_cluster(clusterName=name, tags=tags(wish), **said))["cluster"])


async def _update(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    said = request(wish, NOT_UPDATED, RENAMED)
    if "ClusterSettings" not in wish.properties and "ClusterSettings" in old:
        said["settings"] = [{"name": "containerInsights", "value": "disabled"}]
    shown = (await aws.ecs.update_cluster(cluster=made.physical_id, **said))["cluster"]
    if any(wish.properties.get(name) != old.get(name) for name in PROVIDERS):
        await _provide(aws, made.physical_id, wish.properties)
    await retag(aws, shown["clusterArn"], wish)
    return _made(shown)


async def _delete(aws: Aws, made: Made, properties: Properties) -> None:
    await unless_gone(aws.ecs.delete_cluster(cluster=made.physical_id))


async def _associate(aws: Aws, wish: Wish) -> Made:
    await _provide(aws, wish.properties["Cluster"], wish.properties)
    return Made(wish.properties["Cluster"])


async def _associate_others(aws: Aws, wish: Wish, made: Made, old: Properties) -> Made:
    return await _associate(aws, wish)


async def _dissociate(aws: Aws, made: Made, properties: Properties) -> None:
    await unless_gone(_provide(aws, made.physical_id, {}))


async def _provide(aws: Aws, cluster: str, properties: Properties) -> Answer:
    return await aws.ecs.put_cluster_capacity_providers(
        cluster=cluster,
        capacityProviders=properties.get("CapacityProviders") or [],
        defaultCapacityProviderStrategy=[
            {name: value if name == "capacityProvider" else int(value) for name, value in camel(one).items()}
            for one in properties.get("DefaultCapacityProviderStrategy") or ()
        ],
    )


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
    replaces=frozenset({"ClusterName"}),
)
PROVIDED = ResourceType(
    "AWS::ECS::ClusterCapacityProviderAssociations",
    properties=frozenset({"Cluster", *PROVIDERS}),
    required=frozenset({"Cluster", "DefaultCapacityProviderStrategy"}),
    create=_associate,
    update=_associate_others,
    delete=_dissociate,
    replaces=frozenset({"Cluster"}),
)
