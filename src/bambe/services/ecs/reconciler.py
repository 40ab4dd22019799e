"""The loops of ECS: one for services, one for their tasks."""

from __future__ import annotations

from collections.abc import Sequence

from bambe.control import Reconciler
from bambe.engines.containers.port import Containers
from bambe.kernel.call import Aws, Site, Store
from bambe.kernel.clock import Clock
from bambe.services.ecs.service_reconciler import ServiceReconciler
from bambe.services.ecs.task_reconciler import TaskReconciler


def reconcilers(
    store: Store, clock: Clock, aws: Aws, containers: Containers, site: Site
) -> Sequence[Reconciler]:
    """What the daemon is to run."""
    return [ServiceReconciler(store, clock), TaskReconciler(store, clock, aws, containers, site)]
