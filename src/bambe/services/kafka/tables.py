"""MSK's tables."""

from __future__ import annotations

from bambe.kernel.call import Tx
from bambe.services.kafka.model import Cluster, Configuration, Operation, Topic
from bambe.store import Migration, Table

CLUSTERS = Table("kafka_clusters", Cluster, ("account", "region", "id"), ("name",))
OPERATIONS = Table("kafka_operations", Operation, ("account", "region", "cluster", "id"))
CONFIGURATIONS = Table("kafka_configurations", Configuration, ("account", "region", "id"), ("name",))
TOPICS = Table("kafka_topics", Topic, ("account", "region", "cluster", "name"))
OPERATIONS_KEPT = 100


def topics_of(tx: Tx, row: Cluster) -> list[Topic]:
    """Every topic of a cluster that is known, by name."""
    return TOPICS.list(tx, account=row.account, region=row.region, cluster=row.id)


def operations_of(tx: Tx, row: Cluster) -> list[Operation]:
    """What was asked of a cluster, newest first."""
    rows = OPERATIONS.list(tx, account=row.account, region=row.region, cluster=row.id)
    return sorted(rows, key=lambda one: one.created, reverse=True)


def forget(tx: Tx, row: Cluster) -> None:
    """Nothing of the cluster is remembered."""
    for topic in topics_of(tx, row):
        TOPICS.delete(tx, *TOPICS.key_of(topic))
    for operation in operations_of(tx, row):
        OPERATIONS.delete(tx, *OPERATIONS.key_of(operation))
    CLUSTERS.delete(tx, *CLUSTERS.key_of(row))


def _create(tx: Tx) -> None:
    for table in (CLUSTERS, OPERATIONS, CONFIGURATIONS, TOPICS):
        table.create(tx)


MIGRATIONS = (Migration("kafka/0001_tables", _create),)
