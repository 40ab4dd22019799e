"""Which instances DiscoverInstances answers with."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from bambe.services.servicediscovery.model import Instance

FAIL_OPEN = "HEALTHY_OR_ELSE_ALL"


def chosen(
    rows: Sequence[Instance],
    query: Mapping[str, str],
    optional: Mapping[str, str],
    status: str,
    limit: int,
) -> list[Instance]:
    """At most `limit` of the instances that fit, in random order, so that callers spread.

    `query` always counts; `optional` only where something fits it. `status` is DiscoverInstances'
    HealthStatus; instances of services without a health check are healthy.
    """
    matching = _by_health([row for row in rows if _fits(row, query)], status)
    preferred = [row for row in matching if _fits(row, optional)] or matching
    return random.sample(preferred, min(limit, len(preferred)))


def _by_health(rows: list[Instance], status: str) -> list[Instance]:
    if status == "ALL":
        return rows
    if status == "UNHEALTHY":
        return [row for row in rows if not row.healthy]
    healthy = [row for row in rows if row.healthy]
    return healthy or (rows if status == FAIL_OPEN else [])


def _fits(row: Instance, wanted: Mapping[str, str]) -> bool:
    return all(row.attributes.get(key) == value for key, value in wanted.items())
