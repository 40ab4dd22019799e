"""The loops of ECS: for services, their tasks and their service deployments."""

from __future__ import annotations

from collections.abc import Sequence

from bambe.control import Reconciler
from bambe.engines.containers.port import Containers
from bambe.engines.proxy.port import Proxy
from bambe.kernel.call import Aws, Site, Store
from bambe.kernel.clock import Clock
from bambe.services.ecs.deployment_reconciler import DeploymentReconciler
from bambe.services.ecs.deployment_witness import DeploymentWitness
from bambe.services.ecs.service_reconciler import ServiceReconciler
from bambe.services.ecs.synthetic import Synthetic
from bambe.services.ecs.task_reconciler import TaskReconciler


def reconcilers(
    store: Store, clock: Clock, aws: Aws, containers: Containers, proxy: Proxy, site: Site
) -> Sequence[Reconciler]:
    """What the daemon is to run."""
    return [
        ServiceReconciler(store, clock),
        TaskReconciler(store, clock, aws, containers, site),
        DeploymentReconciler(store, clock, aws),
        DeploymentWitness(store, clock, aws, proxy),
        Synthetic(store, clock, proxy),
    ]
