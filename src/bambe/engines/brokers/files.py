"""Files of clusters, apart from certificates.py: a daemon without clusters spares its library's 10 MB."""

from __future__ import annotations

import os
from pathlib import Path

STORE_PASSWORD = "changeit"
"""Java wants one; it lies beside the store, so the file's mode is what protects the key."""
NODE = "bambe-node"
"""The subject of every node and of the engine; by it a broker knows them."""


def authority_certificate(folder: Path) -> Path:
    """The PEM that clients trust, of the authority in `folder`."""
    return folder / "ca.pem"


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace a file in one step, if it differs; its folder is made."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
