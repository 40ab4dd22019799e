"""CreateCluster, DescribeClusters, ListClusters, UpdateCluster, DeleteCluster."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.pages import page
from bambe.kernel.tags import to_dict
from bambe.services.ecs import lookup, shapes
from bambe.services.ecs.errors import (
    ClusterContainsServicesException,
    ClusterContainsTasksException,
    InvalidParameterException,
)
from bambe.services.ecs.model import Cluster, ServiceStatus, Shape
from bambe.services.ecs.names import DEFAULT_CLUSTER, cluster_arn, cluster_name
from bambe.services.ecs.placement import FARGATE_PROVIDERS
from bambe.services.ecs.tables import CLUSTERS, SERVICES, TASKS

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import (
        CreateClusterRequestTypeDef,
        DeleteClusterRequestTypeDef,
        DescribeClustersRequestTypeDef,
        ListClustersRequestTypeDef,
        PutClusterCapacityProvidersRequestTypeDef,
        UpdateClusterRequestTypeDef,
        UpdateClusterSettingsRequestTypeDef,
    )

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


async def create_cluster(call: Call, request: CreateClusterRequestTypeDef) -> Answer:
    name = request.get("clusterName") or DEFAULT_CLUSTER
    if not NAME.fullmatch(name):
        raise InvalidParameterException(
            "Invalid cluster name. Use letters, numbers, hyphens and underscores."
        )
    providers = list(request.get("capacityProviders", ()))
    strategy: list[Shape] = [dict(item) for item in request.get("defaultCapacityProviderStrategy", ())]
    _check_providers(providers, strategy)
    wanted = Cluster(
        account=call.account,
        region=call.region,
        name=name,
        created_at=call.clock.now(),
        settings=[dict(setting) for setting in request.get("settings", ())]
        or [{"name": "containerInsights", "value": "disabled"}],
        configuration=dict(request.get("configuration", {})),
        capacity_providers=providers,
        default_strategy=strategy,
        connect_defaults=dict(request.get("serviceConnectDefaults", {})),
        tags=to_dict(request.get("tags", ()), "key", "value"),
    )

    def create(tx: Tx) -> Shape:
        # AWS answers an existing cluster of the name instead of an error.
        row = CLUSTERS.find(tx, call.account, call.region, name)
        if row is None:
            CLUSTERS.insert(tx, wanted)
        return _shown(tx, row or wanted, ("TAGS", "CONFIGURATIONS"))

    return {"cluster": await call.store.write(create)}


async def describe_clusters(call: Call, request: DescribeClustersRequestTypeDef) -> Answer:
    said = request.get("clusters") or [DEFAULT_CLUSTER]

    def describe(tx: Tx) -> Answer:
        found: list[Shape] = []
        failures: list[Shape] = []
        for each in said:
            row = CLUSTERS.find(tx, call.account, call.region, cluster_name(each))
            if row is None:
                arn = call.arn("ecs", f"cluster/{cluster_name(each)}")
                failures.append({"arn": arn, "reason": "MISSING"})
            else:
                found.append(_shown(tx, row, tuple(request.get("include", ()))))
        return {"clusters": found, "failures": failures}

    return await call.store.read(describe)


async def list_clusters(call: Call, request: ListClustersRequestTypeDef) -> Answer:
    rows = await call.store.read(lambda tx: CLUSTERS.list(tx, account=call.account, region=call.region))
    arns = [cluster_arn(row) for row in rows if row.status == "ACTIVE"]
    try:
        shown, token = page(arns, request.get("nextToken"), request.get("maxResults") or 100)
    except ValueError:
        raise lookup.bad_token() from None
    return {"clusterArns": shown} | ({"nextToken": token} if token else {})


async def update_cluster(call: Call, request: UpdateClusterRequestTypeDef) -> Answer:
    def update(tx: Tx) -> Shape:
        row = lookup.cluster(tx, call, request["cluster"])
        changed = replace(
            row,
            settings=[dict(s) for s in request["settings"]] if "settings" in request else row.settings,
            configuration=dict(request.get("configuration", row.configuration)),
            connect_defaults=dict(request.get("serviceConnectDefaults", row.connect_defaults)),
        )
        CLUSTERS.update(tx, changed)
        return _shown(tx, changed, ("CONFIGURATIONS",))

    return {"cluster": await call.store.write(update)}


async def update_cluster_settings(call: Call, request: UpdateClusterSettingsRequestTypeDef) -> Answer:
    fresh = {one.get("name", ""): one.get("value", "") for one in request["settings"]}

    def update(tx: Tx) -> Shape:
        row = lookup.cluster(tx, call, request["cluster"])
        known = {one["name"]: one["value"] for one in row.settings} | fresh
        settings: list[Shape] = [{"name": name, "value": value} for name, value in known.items()]
        changed = replace(row, settings=settings)
        CLUSTERS.update(tx, changed)
        return _shown(tx, changed, ("SETTINGS",))

    return {"cluster": await call.store.write(update)}


async def put_cluster_capacity_providers(
    call: Call, request: PutClusterCapacityProvidersRequestTypeDef
) -> Answer:
    providers = list(request["capacityProviders"])
    strategy: list[Shape] = [dict(one) for one in request["defaultCapacityProviderStrategy"]]
    _check_providers(providers, strategy)

    def put(tx: Tx) -> Shape:
        row = lookup.cluster(tx, call, request["cluster"])
        changed = replace(row, capacity_providers=providers, default_strategy=strategy)
        CLUSTERS.update(tx, changed)
        return _shown(tx, changed, ("CONFIGURATIONS",))

    return {"cluster": await call.store.write(put)}


def _check_providers(providers: list[str], strategy: list[Shape]) -> None:
    for name in (*providers, *(one["capacityProvider"] for one in strategy)):
        if name not in FARGATE_PROVIDERS:
            raise InvalidParameterException(
                f"The specified capacity provider {name} was not found. Specify a valid name or ARN and try "
                "again."
            )
    for one in strategy:
        if one["capacityProvider"] not in providers:
            raise InvalidParameterException(
                "The capacity providers of the default strategy must be associated with the cluster."
            )


async def delete_cluster(call: Call, request: DeleteClusterRequestTypeDef) -> Answer:
    def delete(tx: Tx) -> Shape:
        row = lookup.cluster(tx, call, request["cluster"])
        where = {"account": row.account, "region": row.region, "cluster": row.name}
        services = SERVICES.list(tx, **where)
        if any(service.status != ServiceStatus.INACTIVE for service in services):
            raise ClusterContainsServicesException
        if TASKS.list(tx, **where, is_over=False):
            raise ClusterContainsTasksException
        shown = _shown(tx, replace(row, status="INACTIVE"), ())
        CLUSTERS.delete(tx, *CLUSTERS.key_of(row))
        for service in services:
            SERVICES.delete(tx, *SERVICES.key_of(service))
        return shown

    return {"cluster": await call.store.write(delete)}


def _shown(tx: Tx, row: Cluster, include: tuple[str, ...]) -> Shape:
    where = {"account": row.account, "region": row.region, "cluster": row.name}
    return shapes.cluster(row, SERVICES.list(tx, **where), TASKS.list(tx, **where, is_over=False), include)
