"""Which containers of a task are run again when they exit, by the restart policy of each.

A container must have run for the policy's period; one that exits earlier is not restarted, and so none is
restarted more than once in a period (ECS API, ContainerRestartPolicy).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bambe.services.ecs.model import Container


def restartable(containers: Sequence[Container]) -> tuple[str, ...]:
    """The names of containers that have exited and are to run again."""
    return tuple(container.name for container in containers if _is_due(container))


def counted(containers: Sequence[Container], names: Sequence[str]) -> list[Container]:
    """The containers, one more restart written down for each of `names`."""
    return [replace(c, restarts=c.restarts + 1) if c.name in names else c for c in containers]


def _is_due(container: Container) -> bool:
    policy = container.restart_policy
    if policy is None or container.status != "STOPPED" or container.exit_code in policy.ignored:
        return False
    if container.started_at is None or container.ended_at is None:
        return False
    return container.ended_at - container.started_at >= timedelta(seconds=policy.period)
