"""What the daemon started outside itself ends with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bambe.daemon.engines import Engines


class Told:
    """An engine that writes down what it is told."""

    def __init__(self, name: str, told: list[str]) -> None:
        self.name, self.told = name, told

    def __getattr__(self, method: str) -> Any:
        async def hear() -> None:
            self.told.append(f"{self.name}.{method}")

        return hear


async def test_when_everything_is_removed_kafkas_client_ends_too(tmp_path: Path) -> None:
    told: list[str] = []
    names = ("git", "registry", "containers", "dns", "brokers", "proxy")
    parts: dict[str, Any] = {name: Told(name, told) for name in names}
    network: Any = object()
    await Engines("test", tmp_path, network=network, **parts).remove_everything()
    assert told == [
        "proxy.remove_everything",
        "brokers.stop",
        "dns.remove_everything",
        "containers.remove_everything",
        "containers.stop",
    ]
