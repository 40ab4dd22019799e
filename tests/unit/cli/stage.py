"""A project whose platform is a few clients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bambe.cli.target import Target
from bambe.project import Project


class Place:
    """A platform of these clients."""

    endpoint = "http://localhost:4566"
    region = "eu-central-1"

    def __init__(self, **clients: Any) -> None:
        self.clients = clients

    def client(self, service: str, region: str = "") -> Any:
        return self.clients[service]


def shop(root: Path, *, release: Any = "canary", **clients: Any) -> Target:
    services = {
        name: {"path": name, "port": 8080, "route": f"/{name}*", "release": release}
        for name in ("orders", "inventory")
    }
    project = Project.model_validate({"project": "shop", "services": services})
    return Target(root, project, Place(**clients))  # type: ignore[arg-type]
