"""Clusters: create, look at, delete; their brokers and how to reach them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.kafka import catalog, checks, lookup, shapes
from bambe.services.kafka.errors import BadRequestException, ConflictException
from bambe.services.kafka.model import Cluster, ClusterType, Operation, Shape, State
from bambe.services.kafka.paging import paged
from bambe.services.kafka.tables import CLUSTERS, OPERATIONS

SPEC = (*shapes.MEMBERS, "Rebalancing")
TOLD = 3
"""Brokers in a bootstrap string (GetBootstrapBrokers: "up to three")."""


async def create_cluster(call: Call, request: Mapping[str, Any]) -> Answer:
    return await _create(call, request["ClusterName"], _provisioned(call, request), request)


async def create_cluster_v2(call: Call, request: Mapping[str, Any]) -> Answer:
    if ("Provisioned" in request) == ("Serverless" in request):
        raise BadRequestException("Exactly one of provisioned and serverless must be given.")
    if "Provisioned" in request:
        said = {"ClusterName": request["ClusterName"], **request["Provisioned"]}
        row = _provisioned(call, said)
    else:
        row = _serverless(call, request["ClusterName"], request["Serverless"])
    answer = await _create(call, request["ClusterName"], row, request)
    return answer | {"ClusterType": row.type.value}


async def describe_cluster(call: Call, request: Mapping[str, Any]) -> Answer:
    row, operation = await _read(call, request)
    if row.is_serverless:
        raise BadRequestException("This is a serverless cluster: use DescribeClusterV2.", "clusterArn")
    return {"ClusterInfo": shapes.cluster(row, operation)}


async def describe_cluster_v2(call: Call, request: Mapping[str, Any]) -> Answer:
    return {"ClusterInfo": shapes.cluster_v2(*await _read(call, request))}


async def list_clusters(call: Call, request: Mapping[str, Any]) -> Answer:
    rows = [one for one in await _rows(call, request) if not one[0].is_serverless]
    return paged("ClusterInfoList", [shapes.cluster(*one) for one in rows], request)


async def list_clusters_v2(call: Call, request: Mapping[str, Any]) -> Answer:
    kind = request.get("ClusterTypeFilter", "").upper()
    rows = [one for one in await _rows(call, request) if not kind or one[0].type == kind]
    return paged("ClusterInfoList", [shapes.cluster_v2(*one) for one in rows], request)


async def delete_cluster(call: Call, request: Mapping[str, Any]) -> Answer:
    def delete(tx: Tx) -> Cluster:
        row = lookup.cluster(tx, call, request["ClusterArn"])
        if row.state is State.DELETING:
            return row
        if request.get("CurrentVersion") not in (None, row.current_version):
            raise BadRequestException("The version of the cluster is not the current one.", "currentVersion")
        gone = row.moved(State.DELETING)
        CLUSTERS.update(tx, gone)
        return gone

    row = await call.store.write(delete)
    return {"ClusterArn": row.arn, "State": row.state.value}


async def list_nodes(call: Call, request: Mapping[str, Any]) -> Answer:
    row, _ = await _read(call, request)
    nodes = [] if row.is_serverless else [shapes.node(row, number) for number in range(1, row.brokers + 1)]
    return paged("NodeInfoList", nodes, request)


async def get_bootstrap_brokers(call: Call, request: Mapping[str, Any]) -> Answer:
    row, _ = await _read(call, request)
    if row.state in (State.CREATING, State.FAILED, State.DELETING):
        raise BadRequestException(
            f"The cluster has no brokers to connect to while its state is {row.state}.", "clusterArn"
        )
    numbers = range(1, min(TOLD, row.brokers) + 1)

    def named(port: int) -> str:
        return ",".join(f"{row.node_name(number)}:{port}" for number in numbers)

    def here(port: int) -> str:
        addresses = (row.addresses.get(str(number)) for number in numbers)
        return ",".join(f"{address}:{port}" for address in addresses if address)

    said: Shape = {}
    if row.access.plaintext:
        said["BootstrapBrokerString"] = named(catalog.PLAINTEXT_PORT)
    if row.access.tls:
        said["BootstrapBrokerStringTls"] = named(catalog.TLS_PORT)
        said["BootstrapBrokerStringPublicTls"] = here(catalog.HOST_TLS_PORT)
    if row.access.scram:
        said["BootstrapBrokerStringSaslScram"] = named(catalog.SCRAM_PORT)
        said["BootstrapBrokerStringPublicSaslScram"] = here(catalog.HOST_SCRAM_PORT)
    return {name: brokers for name, brokers in said.items() if brokers}


def _provisioned(call: Call, request: Mapping[str, Any]) -> Cluster:
    version = checks.version(request["KafkaVersion"])
    checks.nodes(request["BrokerNodeGroupInfo"])
    checks.access(request)
    configured = request.get("ConfigurationInfo") or {}
    return Cluster(
        account=call.account,
        region=call.region,
        name=checks.name(request["ClusterName"]),
        id=lookup.new_id(),
        spec={name: request[name] for name in SPEC if name in request},
        version=version.name,
        apache=version.apache,
        brokers=checks.brokers(request["NumberOfBrokerNodes"]),
        configuration=configured.get("Arn", ""),
        revision=configured.get("Revision", 0),
        created=call.clock.now(),
        current_version=lookup.new_version(),
    )


def _serverless(call: Call, name: str, said: Mapping[str, Any]) -> Cluster:
    """One broker of the recommended version."""
    version = checks.version(catalog.RECOMMENDED)
    return Cluster(
        account=call.account,
        region=call.region,
        name=checks.name(name),
        id=lookup.new_id(),
        type=ClusterType.SERVERLESS,
        spec=dict(said),
        version=version.name,
        apache=version.apache,
        brokers=1,
        created=call.clock.now(),
        current_version=lookup.new_version(),
    )


async def _create(call: Call, name: str, row: Cluster, request: Mapping[str, Any]) -> Answer:
    row = replace(row, tags=dict(request.get("Tags") or {}))

    def create(tx: Tx) -> None:
        if CLUSTERS.list(tx, account=call.account, region=call.region, name=name):
            raise ConflictException(f"A resource with the name {name} already exists.")
        if row.configuration:
            lookup.revision(tx, call, row.configuration, row.revision)
        lookup.check_acls(tx, row)
        CLUSTERS.insert(tx, row)

    await call.store.write(create)
    return {"ClusterArn": row.arn, "ClusterName": row.name, "State": row.state.value}


async def _read(call: Call, request: Mapping[str, Any]) -> tuple[Cluster, Operation | None]:
    def read(tx: Tx) -> tuple[Cluster, Operation | None]:
        row = lookup.cluster(tx, call, request["ClusterArn"])
        return row, _operation(tx, row)

    return await call.store.read(read)


async def _rows(call: Call, request: Mapping[str, Any]) -> list[tuple[Cluster, Operation | None]]:
    begins = request.get("ClusterNameFilter", "")

    def read(tx: Tx) -> list[tuple[Cluster, Operation | None]]:
        rows = CLUSTERS.list(tx, account=call.account, region=call.region)
        rows.sort(key=lambda row: (row.created, row.name))
        return [(row, _operation(tx, row)) for row in rows if row.name.startswith(begins)]

    return await call.store.read(read)


def _operation(tx: Tx, row: Cluster) -> Operation | None:
    if not row.operation:
        return None
    return OPERATIONS.find(tx, row.account, row.region, row.id, row.operation)
