"""Clusters from templates: settings and capacity providers, changed in place."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Wish
from bambe.services.ecs.resources.cluster import CLUSTER, PROVIDED
from tests.support.house import House

SPOT = [{"CapacityProvider": "FARGATE_SPOT", "Weight": "1", "Base": 0}]


def wish(**properties: Any) -> Wish:
    return Wish("s", "arn", "C", "shop", "token", properties, {})


async def shown(house: House) -> dict[str, Any]:
    answer = await house.aws.ecs.describe_clusters(clusters=["shop"], include=["SETTINGS"])
    return dict(answer["clusters"][0])


async def test_insights_and_capacity_providers(house: House) -> None:
    insights = {"ClusterSettings": [{"Name": "containerInsights", "Value": "enhanced"}]}
    first = {**insights, "CapacityProviders": ["FARGATE"]}
    made = await CLUSTER.create(house.aws, wish(**first))
    told = await shown(house)
    assert told["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
    assert told["capacityProviders"] == ["FARGATE"]
    both = {"CapacityProviders": ["FARGATE", "FARGATE_SPOT"], "DefaultCapacityProviderStrategy": SPOT}
    assert CLUSTER.update is not None
    assert CLUSTER.replaces == {"ClusterName"}
    await CLUSTER.update(house.aws, wish(**both), made, first)
    told = await shown(house)
    assert told["settings"] == [{"name": "containerInsights", "value": "disabled"}]
    assert told["defaultCapacityProviderStrategy"] == [
        {"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}
    ]


async def test_providers_of_a_cluster_that_is_there(house: House) -> None:
    await house.aws.ecs.create_cluster(clusterName="shop")
    said = {
        "Cluster": "shop",
        "CapacityProviders": ["FARGATE_SPOT"],
        "DefaultCapacityProviderStrategy": SPOT,
    }
    made = await PROVIDED.create(house.aws, wish(**said))
    assert (made.physical_id, (await shown(house))["capacityProviders"]) == ("shop", ["FARGATE_SPOT"])
    await PROVIDED.delete(house.aws, made, said)
    assert (await shown(house))["capacityProviders"] == []
    await house.aws.ecs.delete_cluster(cluster="shop")
    await PROVIDED.delete(house.aws, made, said)


@pytest.mark.parametrize(
    ("providers", "strategy"),
    [(["MINE"], []), (["FARGATE"], [{"capacityProvider": "FARGATE_SPOT"}])],
)
async def test_providers_that_are_none(house: House, providers: list[str], strategy: list[Any]) -> None:
    await house.aws.ecs.create_cluster(clusterName="shop")
    with pytest.raises(AwsError) as caught:
        await house.aws.ecs.put_cluster_capacity_providers(
            cluster="shop", capacityProviders=providers, defaultCapacityProviderStrategy=strategy
        )
    assert caught.value.wire_code() == "InvalidParameterException"


async def test_settings_can_be_updated_alone(house: House) -> None:
    await house.aws.ecs.create_cluster(clusterName="shop")
    settings = [{"name": "containerInsights", "value": "enabled"}]
    await house.aws.ecs.update_cluster_settings(cluster="shop", settings=settings)
    assert (await shown(house))["settings"] == settings
