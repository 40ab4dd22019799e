"""Changes of a cluster: size, version, configuration, security; brokers begun anew; what became of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.kafka import catalog, checks, lookup, shapes
from bambe.services.kafka.errors import BadRequestException, NotFoundException
from bambe.services.kafka.model import Cluster, Operation, Shape
from bambe.services.kafka.paging import paged
from bambe.services.kafka.tables import OPERATIONS, operations_of

Change = Callable[[Tx, Cluster], tuple[Cluster, Shape, Shape]]
"""The cluster as it is to become, and what of it that changes: before and after."""


async def update_broker_count(call: Call, request: Mapping[str, Any]) -> Answer:
    number = checks.brokers(request["TargetNumberOfBrokerNodes"])

    def change(tx: Tx, row: Cluster) -> tuple[Cluster, Shape, Shape]:
        if number <= row.brokers:
            raise BadRequestException(
                "The target number of broker nodes must be greater than the current one.",
                "targetNumberOfBrokerNodes",
            )
        source, target = {"NumberOfBrokerNodes": row.brokers}, {"NumberOfBrokerNodes": number}
        return replace(row, brokers=number), source, target

    return await _change(call, request, "INCREASE_BROKER_COUNT", change)


async def update_broker_storage(call: Call, request: Mapping[str, Any]) -> Answer:
    sizes = {
        one["KafkaBrokerNodeId"]: one.get("VolumeSizeGB", 0) for one in request["TargetBrokerEBSVolumeInfo"]
    }

    def change(tx: Tx, row: Cluster) -> tuple[Cluster, Shape, Shape]:
        group = dict(row.spec.get("BrokerNodeGroupInfo") or {})
        known = ((group.get("StorageInfo") or {}).get("EbsStorageInfo") or {}).get("VolumeSize", 0)
        size = max(sizes.values(), default=0)
        if set(sizes) - {"All", *(str(number) for number in range(1, row.brokers + 1))}:
            raise BadRequestException("A broker ID is not one of the cluster's.", "kafkaBrokerNodeId")
        if not known < size <= checks.LARGEST:
            raise BadRequestException(
                f"The volume size must be more than the current {known} GiB, and at most {checks.LARGEST}.",
                "volumeSizeGB",
            )
        group["StorageInfo"] = {"EbsStorageInfo": {"VolumeSize": size}}
        changed = replace(row, spec={**row.spec, "BrokerNodeGroupInfo": group})
        return changed, _volumes(known), _volumes(size)

    return await _change(call, request, "UPDATE_STORAGE", change)


async def update_broker_type(call: Call, request: Mapping[str, Any]) -> Answer:
    kind = checks.instance(request["TargetInstanceType"])

    def change(tx: Tx, row: Cluster) -> tuple[Cluster, Shape, Shape]:
        group = dict(row.spec.get("BrokerNodeGroupInfo") or {})
        source, group["InstanceType"] = group.get("InstanceType", ""), kind
        changed = replace(row, spec={**row.spec, "BrokerNodeGroupInfo": group}, reboots=_all_again(row))
        return changed, {"InstanceType": source}, {"InstanceType": kind}

    return await _change(call, request, "UPDATE_BROKER_TYPE", change)


async def update_cluster_configuration(call: Call, request: Mapping[str, Any]) -> Answer:
    said = request["ConfigurationInfo"]

    def change(tx: Tx, row: Cluster) -> tuple[Cluster, Shape, Shape]:
        lookup.revision(tx, call, said["Arn"], said["Revision"])
        changed = replace(row, configuration=said["Arn"], revision=said["Revision"])
        return changed, _configured(row), _configured(changed)

    return await _change(call, request, "UPDATE_CLUSTER_CONFIGURATION", change)


async def update_cluster_kafka_version(call: Call, request: Mapping[str, Any]) -> Answer:
    version = checks.version(request["TargetKafkaVersion"])
    said = request.get("ConfigurationInfo")

    def change(tx: Tx, row: Cluster) -> tuple[Cluster, Shape, Shape]:
        if version not in catalog.upgrades(row.version):
            raise BadRequestException(
                f"A cluster with Kafka version {row.version} cannot be upgraded to {version.name}.",
                "targetKafkaVersion",
            )
        changed = replace(row, version=version.name, apache=version.apache)
        if said:
            lookup.revision(tx, call, said["Arn"], said["Revision"])
            changed = replace(changed, configuration=said["Arn"], revision=said["Revision"])
        return changed, {"KafkaVersion": row.version}, {"KafkaVersion": version.name}

    return await _change(call, request, "UPDATE_CLUSTER_KAFKA_VERSION", change)


async def update_security(call: Call, request: Mapping[str, Any]) -> Answer:
    fresh = {name: request[name] for name in ("ClientAuthentication", "EncryptionInfo") if name in request}
    if not fresh:
        raise BadRequestException("At least one of clientAuthentication and encryptionInfo is needed.")

    def change(tx: Tx, row: Cluster) -> tuple[Cluster, Shape, Shape]:
        spec = {**row.spec, **fresh}
        if "EncryptionInfo" in fresh:
            spec["EncryptionInfo"] = {**row.spec.get("EncryptionInfo", {}), **fresh["EncryptionInfo"]}
        checks.access(spec)
        return replace(row, spec=spec), {name: row.spec.get(name, {}) for name in fresh}, fresh

    return await _change(call, request, "UPDATE_SECURITY", change)


async def update_monitoring(call: Call, request: Mapping[str, Any]) -> Answer:
    members = ("EnhancedMonitoring", "OpenMonitoring", "LoggingInfo")
    fresh = {name: request[name] for name in members if name in request}

    def change(tx: Tx, row: Cluster) -> tuple[Cluster, Shape, Shape]:
        source = {name: row.spec[name] for name in fresh if name in row.spec}
        return replace(row, spec={**row.spec, **fresh}), source, fresh

    return await _change(call, request, "UPDATE_MONITORING", change)


async def reboot_broker(call: Call, request: Mapping[str, Any]) -> Answer:
    wanted = request["BrokerIds"]

    def change(tx: Tx, row: Cluster) -> tuple[Cluster, Shape, Shape]:
        known = {str(number) for number in range(1, row.brokers + 1)}
        if len(wanted) != 1 or not set(wanted) <= known:
            raise BadRequestException("Exactly one broker ID of the cluster must be given.", "brokerIds")
        (broker,) = wanted
        again = {**row.reboots, broker: row.reboots.get(broker, 0) + 1}
        return replace(row, reboots=again), {}, {}

    return await _change(call, request, "REBOOT_NODE", change)


async def describe_cluster_operation(call: Call, request: Mapping[str, Any]) -> Answer:
    row, _ = await call.store.read(lambda tx: _operation(tx, call, request["ClusterOperationArn"]))
    return {"ClusterOperationInfo": shapes.operation(row)}


async def describe_cluster_operation_v2(call: Call, request: Mapping[str, Any]) -> Answer:
    row, cluster = await call.store.read(lambda tx: _operation(tx, call, request["ClusterOperationArn"]))
    changed = {"SourceClusterInfo": row.source, "TargetClusterInfo": row.target}
    shown = shapes.operation_v2(row, cluster.type.value) | shapes.error_info(row)
    return {"ClusterOperationInfo": shown | {"Provisioned": changed}}


async def list_cluster_operations(call: Call, request: Mapping[str, Any]) -> Answer:
    def read(tx: Tx) -> list[Shape]:
        row = lookup.cluster(tx, call, request["ClusterArn"])
        return [shapes.operation(one) for one in operations_of(tx, row)]

    return paged("ClusterOperationInfoList", await call.store.read(read), request)


async def list_cluster_operations_v2(call: Call, request: Mapping[str, Any]) -> Answer:
    def read(tx: Tx) -> list[Shape]:
        row = lookup.cluster(tx, call, request["ClusterArn"])
        return [shapes.operation_v2(one, row.type.value) for one in operations_of(tx, row)]

    return paged("ClusterOperationInfoList", await call.store.read(read), request)


async def _change(call: Call, request: Mapping[str, Any], kind: str, change: Change) -> Answer:
    """What all changes have in common: the cluster is ready for one, and its version is the one meant."""

    def write(tx: Tx) -> Answer:
        row = lookup.cluster(tx, call, request["ClusterArn"])
        if row.is_serverless:
            raise BadRequestException("This operation isn't supported for serverless clusters.", "clusterArn")
        lookup.ready(row, request.get("CurrentVersion"))
        changed, source, target = change(tx, row)
        return dict(lookup.begin(tx, row, changed, kind, source, target, call.clock.now()))

    return await call.store.write(write)


def _operation(tx: Tx, call: Call, arn: str) -> tuple[Operation, Cluster]:
    parts = arn.split("/")
    if len(parts) == 4 and ":cluster-operation" in parts[0]:
        row = OPERATIONS.find(tx, call.account, call.region, parts[2], parts[3])
        if row is not None and row.arn == arn:
            return row, lookup.cluster(tx, call, row.cluster_arn)
    raise NotFoundException("The cluster operation does not exist.")


def _all_again(row: Cluster) -> dict[str, int]:
    return {str(number): row.reboots.get(str(number), 0) + 1 for number in range(1, row.brokers + 1)}


def _configured(row: Cluster) -> Shape:
    if not row.configuration:
        return {}
    return {"ConfigurationInfo": {"Arn": row.configuration, "Revision": row.revision}}


def _volumes(size: int) -> Shape:
    return {"BrokerEBSVolumeInfo": [{"KafkaBrokerNodeId": "All", "VolumeSizeGB": size}]}
