"""What a container uses, from the Docker Engine's own counters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bambe.engines.containers.port import Usage

NANO = 1e9


def parse_usage(stats: Mapping[str, Any]) -> Usage:
    """`GET /containers/ID/stats`; pages that could be dropped at once do not count, as for `docker stats`."""
    memory = stats.get("memory_stats") or {}
    details = memory.get("stats") or {}
    cached = details.get("inactive_file", details.get("total_inactive_file", 0))
    counted = (stats.get("cpu_stats") or {}).get("cpu_usage") or {}
    return Usage(counted.get("total_usage", 0) / NANO, max(0, memory.get("usage", 0) - cached))
