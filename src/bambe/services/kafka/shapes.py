"""Clusters, operations, configurations and topics as the MSK API shows them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bambe.kernel.arn import Arn
from bambe.services.kafka.model import Cluster, Configuration, Operation, Revision, Shape, Topic

MEMBERS = (
    "BrokerNodeGroupInfo",
    "ClientAuthentication",
    "EncryptionInfo",
    "EnhancedMonitoring",
    "OpenMonitoring",
    "LoggingInfo",
    "StorageMode",
)


def software(row: Cluster) -> Shape:
    """CurrentBrokerSoftwareInfo."""
    configured = {"ConfigurationArn": row.configuration, "ConfigurationRevision": row.revision}
    return {"KafkaVersion": row.version} | (configured if row.configuration else {})


def provisioned(row: Cluster) -> Shape:
    """What a provisioned cluster is, in both versions of the API."""
    encryption = row.spec.get("EncryptionInfo") or {}
    transit = {"ClientBroker": row.access.client_broker, "InCluster": True}
    return {
        **{name: row.spec[name] for name in MEMBERS if name in row.spec},
        "CurrentBrokerSoftwareInfo": software(row),
        "EncryptionInfo": {**encryption, "EncryptionInTransit": transit},
        "EnhancedMonitoring": row.spec.get("EnhancedMonitoring", "DEFAULT"),
        "NumberOfBrokerNodes": row.brokers,
        "StorageMode": row.spec.get("StorageMode", "LOCAL"),
        "CustomerActionStatus": "NONE",
    }


def _common(row: Cluster, operation: Operation | None) -> Shape:
    shown: Shape = {
        "ClusterArn": row.arn,
        "ClusterName": row.name,
        "CreationTime": row.created,
        "CurrentVersion": row.current_version,
        "State": row.state.value,
        "Tags": row.tags,
    }
    if operation is not None and operation.ended is None:
        shown["ActiveOperationArn"] = operation.arn
    if row.state_message:
        shown["StateInfo"] = {"Code": row.state_code, "Message": row.state_message}
    return shown


def cluster(row: Cluster, operation: Operation | None) -> Shape:
    """A ClusterInfo."""
    return _common(row, operation) | provisioned(row)


def cluster_v2(row: Cluster, operation: Operation | None) -> Shape:
    """A Cluster of the second version."""
    shown = _common(row, operation) | {"ClusterType": row.type.value}
    if row.is_serverless:
        return shown | {"Serverless": row.spec}
    return shown | {"Provisioned": provisioned(row)}


def node(row: Cluster, number: int) -> Shape:
    """One broker of ListNodes."""
    subnets = (row.spec.get("BrokerNodeGroupInfo") or {}).get("ClientSubnets") or [""]
    return {
        "AddedToClusterTime": moment(row.created),
        "BrokerNodeInfo": {
            "BrokerId": float(number),
            "ClientSubnet": subnets[(number - 1) % len(subnets)],
            "ClientVpcIpAddress": row.addresses.get(str(number), ""),
            "CurrentBrokerSoftwareInfo": software(row),
            "Endpoints": [row.node_name(number)],
        },
        "InstanceType": (row.spec.get("BrokerNodeGroupInfo") or {}).get("InstanceType", ""),
        "NodeARN": str(Arn("kafka", row.region, row.account, f"broker/{row.name}/{row.id}/{number}")),
        "NodeType": "BROKER",
    }


def operation(row: Operation) -> Shape:
    """A ClusterOperationInfo."""
    shown: Shape = {
        "ClusterArn": row.cluster_arn,
        "CreationTime": row.created,
        "OperationArn": row.arn,
        "OperationState": row.state.value,
        "OperationType": row.type,
        "SourceClusterInfo": row.source,
        "TargetClusterInfo": row.target,
    }
    if row.ended is not None:
        shown["EndTime"] = row.ended
    return shown | error_info(row)


def operation_v2(row: Operation, kind: str) -> Shape:
    """A ClusterOperationV2."""
    shown: Shape = {
        "ClusterArn": row.cluster_arn,
        "ClusterType": kind,
        "StartTime": row.created,
        "OperationArn": row.arn,
        "OperationState": row.state.value,
        "OperationType": row.type,
    }
    return shown | ({"EndTime": row.ended} if row.ended is not None else {})


def error_info(row: Operation) -> Shape:
    """Why an operation has failed, or is on its way back."""
    return {"ErrorInfo": {"ErrorCode": "INTERNAL", "ErrorString": row.error}} if row.error else {}


def revision(row: Revision) -> Shape:
    """A ConfigurationRevision."""
    return {"CreationTime": row.created, "Description": row.description, "Revision": row.number}


def configuration(row: Configuration) -> Shape:
    """A Configuration."""
    return {
        "Arn": row.arn,
        "CreationTime": row.created,
        "Description": row.description,
        "KafkaVersions": row.versions,
        "LatestRevision": revision(row.latest),
        "Name": row.name,
        "State": "ACTIVE",
    }


def topic_arn(row: Cluster, name: str) -> str:
    """`topic/CLUSTER/ID/NAME`."""
    return str(Arn("kafka", row.region, row.account, f"topic/{row.name}/{row.id}/{name}"))


def configs(said: Mapping[str, str]) -> str:
    """A topic's settings, encoded as the API wants them: lines of name=value in Base64."""
    lines = "".join(f"{name}={value}\n" for name, value in sorted(said.items()))
    return base64.b64encode(lines.encode()).decode()


def topic(cluster: Cluster, row: Topic) -> Shape:
    """What DescribeTopic answers."""
    return {
        "TopicArn": topic_arn(cluster, row.name),
        "TopicName": row.name,
        "ReplicationFactor": row.replication,
        "PartitionCount": row.partitions,
        "Configs": configs(row.configs),
        "Status": row.status.value,
    }


def listed(cluster: Cluster, row: Topic) -> Shape:
    """One of ListTopics."""
    short = sum(len(one["Isr"]) < len(one["Replicas"]) for one in row.parts)
    return {
        "TopicArn": topic_arn(cluster, row.name),
        "TopicName": row.name,
        "PartitionCount": row.partitions,
        "ReplicationFactor": row.replication,
        "OutOfSyncReplicaCount": short,
    }


def moment(at: datetime) -> Any:
    """A time in the text members that carry one."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
