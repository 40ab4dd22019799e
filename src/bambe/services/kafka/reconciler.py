"""The loops of MSK: for clusters and for their topics."""

from __future__ import annotations

from collections.abc import Sequence

from bambe.control import Reconciler
from bambe.engines.brokers.port import Brokers
from bambe.engines.containers.port import Containers
from bambe.engines.dns.port import Dns
from bambe.engines.images.port import Images
from bambe.kernel.call import Aws, Store
from bambe.kernel.clock import Clock
from bambe.services.kafka.cluster_reconciler import ClusterReconciler
from bambe.services.kafka.topic_reconciler import TopicReconciler


def reconcilers(
    store: Store,
    clock: Clock,
    aws: Aws,
    containers: Containers,
    brokers: Brokers,
    images: Images,
    dns: Dns,
) -> Sequence[Reconciler]:
    """What the daemon is to run."""
    return (
        ClusterReconciler(store, clock, aws, containers, brokers, images, dns),
        TopicReconciler(store, clock, brokers),
    )
