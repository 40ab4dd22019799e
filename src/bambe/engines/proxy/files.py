"""Envoy's files: changed ones are renamed into place, in an order in which nothing dangles.

Endpoints and secrets first, then clusters (those to go still among them), routes, listeners; then
clusters without those that go, and away with files nobody refers to.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from bambe.engines.proxy.conditions import Json
from bambe.engines.proxy.render import CLUSTERS, LISTENERS, Documents, text

FOLDERS = ("endpoints", "secrets", "routes")


class Files:
    """What is below `root`. It knows what it wrote itself; files found there are written again once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._versions: dict[str, str] = {}
        self._clusters: dict[str, Json] = {}

    def prepare(self) -> None:
        """Make the folders and, where there are none, empty documents to begin with."""
        for folder in ("", *FOLDERS):
            (self._root / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (CLUSTERS, LISTENERS):
            if not (self._root / path).exists():
                self._put(path, text([])[1])
        with suppress(ValueError):
            self._clusters = _by_name(json.loads((self._root / CLUSTERS).read_text())["resources"])

    def add(self, documents: Documents) -> dict[str, str]:
        """Write endpoints, secrets and clusters, and remove none; path -> version of what changed."""
        paths = [path for path in documents if path.startswith(("endpoints/", "secrets/"))]
        changed = self._write({path: documents[path] for path in paths})
        wanted = _by_name(documents[CLUSTERS])
        union = self._clusters | wanted
        self._clusters = union
        return changed | self._write({CLUSTERS: list(union.values())})

    def turn(self, documents: Documents) -> dict[str, str]:
        """Write routes, then listeners; path -> version of what changed."""
        routes = {path: documents[path] for path in documents if path.startswith("routes/")}
        return self._write(routes) | self._write({LISTENERS: documents[LISTENERS]})

    def clear(self, documents: Documents) -> None:
        """Remove clusters and files that `documents` no longer has."""
        self._clusters = _by_name(documents[CLUSTERS])
        self._write({CLUSTERS: documents[CLUSTERS]})
        for folder in FOLDERS:
            for file in (self._root / folder).iterdir():
                path = f"{folder}/{file.name}"
                if path not in documents:
                    file.unlink(missing_ok=True)
                    self._versions.pop(path, None)

    def forget(self) -> None:
        """Envoy did not take what was written: write everything again next time."""
        self._versions.clear()

    def _write(self, documents: Documents) -> dict[str, str]:
        changed = {}
        for path, resources in documents.items():
            version, content = text(resources)
            if self._versions.get(path) != version:
                self._put(path, content)
                changed[path] = self._versions[path] = version
        return changed

    def _put(self, path: str, content: str) -> None:
        """Rename into place: Envoy watches for renames, and never sees half a file."""
        target = self._root / path
        temporary = target.with_suffix(".new")
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(content)
        temporary.replace(target)


def _by_name(clusters: list[Json]) -> dict[str, Json]:
    return {cluster["name"]: cluster for cluster in clusters}
