"""Topics of a running cluster. A wish is written down and made true by the loop; looking answers what the
loop saw last."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bambe.kernel.call import Answer, Call, Tx
from bambe.services.kafka import lookup, shapes
from bambe.services.kafka.errors import (
    BadRequestException,
    NotFoundException,
    TopicExistsException,
    UnknownTopicOrPartitionException,
)
from bambe.services.kafka.model import RUNNING, Cluster, Topic, TopicStatus
from bambe.services.kafka.paging import paged
from bambe.services.kafka.tables import TOPICS, topics_of

NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")


async def create_topic(call: Call, request: Mapping[str, Any]) -> Answer:
    name, partitions = request["TopicName"], request["PartitionCount"]
    if not NAME.fullmatch(name) or name in (".", ".."):
        raise BadRequestException(f"Topic name {name} is illegal.", "topicName")
    if partitions < 1:
        raise BadRequestException("The number of partitions must be at least 1.", "partitionCount")
    wanted = _configs(request)

    def create(tx: Tx) -> tuple[Cluster, Topic]:
        cluster = _running(tx, call, request)
        copies = request["ReplicationFactor"]
        if not 1 <= copies <= cluster.brokers:
            raise BadRequestException(
                f"Replication factor: {copies} larger than available brokers: {cluster.brokers}.",
                "replicationFactor",
            )
        known = _find(tx, cluster, name)
        if known is not None and not _is_no_topic(known):
            raise TopicExistsException(f"Topic '{name}' already exists.")
        row = Topic(
            account=cluster.account,
            region=cluster.region,
            cluster=cluster.id,
            name=name,
            status=TopicStatus.CREATING,
            partitions=partitions,
            replication=copies,
            configs=wanted or {},
        )
        TOPICS.put(tx, row)
        return cluster, row

    return _brief(*await call.store.write(create))


async def update_topic(call: Call, request: Mapping[str, Any]) -> Answer:
    wanted, partitions = _configs(request), request.get("PartitionCount")

    def update(tx: Tx) -> tuple[Cluster, Topic]:
        cluster, row = _topic(tx, call, request)
        if row.status is TopicStatus.DELETING:
            raise UnknownTopicOrPartitionException(f"Topic '{row.name}' is being deleted.")
        if partitions is not None and partitions < row.partitions:
            raise BadRequestException(
                f"Topic currently has {row.partitions} partitions, which is higher than the requested"
                f" {partitions}.",
                "partitionCount",
            )
        creating = row.status is TopicStatus.CREATING
        changed = replace(
            row,
            status=TopicStatus.CREATING if creating else TopicStatus.UPDATING,
            partitions=partitions or row.partitions,
            configs=row.configs if wanted is None else wanted,
            trouble="",
            refused_at=None,
        )
        TOPICS.update(tx, changed)
        return cluster, changed

    return _brief(*await call.store.write(update))


async def delete_topic(call: Call, request: Mapping[str, Any]) -> Answer:
    def delete(tx: Tx) -> tuple[Cluster, Topic]:
        cluster, row = _topic(tx, call, request)
        gone = replace(row, status=TopicStatus.DELETING, trouble="", refused_at=None)
        TOPICS.update(tx, gone)
        return cluster, gone

    return _brief(*await call.store.write(delete))


async def describe_topic(call: Call, request: Mapping[str, Any]) -> Answer:
    cluster, row = await call.store.read(lambda tx: _topic(tx, call, request))
    if row.trouble:
        done = {TopicStatus.CREATING: "created", TopicStatus.DELETING: "deleted"}.get(row.status, "changed")
        raise BadRequestException(f"The topic {row.name} cannot be {done}: {row.trouble}", "topicName")
    return shapes.topic(cluster, row)


async def describe_topic_partitions(call: Call, request: Mapping[str, Any]) -> Answer:
    _, row = await call.store.read(lambda tx: _topic(tx, call, request))
    return paged("Partitions", row.parts, request)


async def list_topics(call: Call, request: Mapping[str, Any]) -> Answer:
    begins = request.get("TopicNameFilter", "")

    def read(tx: Tx) -> list[Any]:
        cluster = lookup.cluster(tx, call, request["ClusterArn"])
        rows = [row for row in topics_of(tx, cluster) if row.status is not TopicStatus.CREATING or row.parts]
        return [shapes.listed(cluster, row) for row in rows if row.name.startswith(begins)]

    return paged("Topics", await call.store.read(read), request)


def _is_no_topic(row: Topic) -> bool:
    """Whether Kafka has refused to make it, so that its name is free."""
    return row.status is TopicStatus.CREATING and bool(row.trouble)


def _running(tx: Tx, call: Call, request: Mapping[str, Any]) -> Cluster:
    row = lookup.cluster(tx, call, request["ClusterArn"])
    if row.state not in RUNNING:
        raise BadRequestException(f"The cluster has no topics while its state is {row.state}.", "clusterArn")
    return row


def _topic(tx: Tx, call: Call, request: Mapping[str, Any]) -> tuple[Cluster, Topic]:
    cluster = lookup.cluster(tx, call, request["ClusterArn"])
    row = _find(tx, cluster, request["TopicName"])
    if row is None:
        raise NotFoundException(f"The topic {request['TopicName']} does not exist.")
    return cluster, row


def _find(tx: Tx, cluster: Cluster, name: str) -> Topic | None:
    return TOPICS.find(tx, cluster.account, cluster.region, cluster.id, name)


def _configs(request: Mapping[str, Any]) -> dict[str, str] | None:
    """The settings that `Configs` encodes: lines of name=value in Base64."""
    if "Configs" not in request:
        return None
    try:
        lines = base64.b64decode(request["Configs"], validate=True).decode().splitlines()
    except (binascii.Error, ValueError):
        raise BadRequestException("The configs must be encoded in Base64.", "configs") from None
    pairs = [line.split("=", 1) for line in lines if line.strip()]
    if not all(len(pair) == 2 for pair in pairs):
        raise BadRequestException("Each line of the configs must be name=value.", "configs")
    return {name.strip(): value.strip() for name, value in pairs}


def _brief(cluster: Cluster, row: Topic) -> Answer:
    return {
        "TopicArn": shapes.topic_arn(cluster, row.name),
        "TopicName": row.name,
        "Status": row.status.value,
    }
