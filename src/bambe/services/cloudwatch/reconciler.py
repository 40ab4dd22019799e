"""The loops of CloudWatch: they look at the proxy and at tasks, keep alarms true, and tell topics."""

from __future__ import annotations

from collections.abc import Sequence

from bambe.control import Reconciler
from bambe.engines.containers.port import Containers
from bambe.engines.proxy.port import Proxy
from bambe.kernel.call import Aws, Site, Store
from bambe.kernel.clock import Clock
from bambe.services.cloudwatch.collector import Collector
from bambe.services.cloudwatch.telling import Notices
from bambe.services.cloudwatch.usage import UsageLoop
from bambe.services.cloudwatch.watching import CompositeAlarms, MetricAlarms


def reconcilers(
    store: Store, clock: Clock, aws: Aws, proxy: Proxy, site: Site, containers: Containers
) -> Sequence[Reconciler]:
    """What the daemon runs for CloudWatch."""
    return (
        Collector(store, clock, aws, proxy, site),
        MetricAlarms(store, clock),
        CompositeAlarms(store, clock),
        Notices(store, clock, aws),
        UsageLoop(store, clock, aws, containers),
    )
