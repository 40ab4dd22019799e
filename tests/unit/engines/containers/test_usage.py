"""The Docker Engine's counters as what a container uses."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.engines.containers.port import Usage
from bambe.engines.containers.usage import parse_usage


@pytest.mark.parametrize(
    ("stats", "usage"),
    [
        ({}, Usage(0.0, 0)),
        (
            {
                "cpu_stats": {"cpu_usage": {"total_usage": 1_500_000_000}},
                "memory_stats": {"usage": 100, "stats": {"inactive_file": 30}},
            },
            Usage(1.5, 70),
        ),
        ({"memory_stats": {"usage": 100, "stats": {"total_inactive_file": 130}}}, Usage(0.0, 0)),
        ({"cpu_stats": None, "memory_stats": {"usage": 5}}, Usage(0.0, 5)),
    ],
)
def test_counters(stats: dict[str, Any], usage: Usage) -> None:
    assert parse_usage(stats) == usage
