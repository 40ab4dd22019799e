"""The shell scripts that make images, and the hash that says whether an image is up to date."""

from __future__ import annotations

import hashlib
import io
import os
import shlex
import tarfile
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent
BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem")
NETWORK = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_TRUSTED_HOST",
)


def scripts() -> dict[str, bytes]:
    """The scripts by file name."""
    return {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.sh"))}


def host_certificates(environment: Mapping[str, str] = os.environ) -> bytes:
    """The certificates this machine trusts: behind a proxy that opens TLS, images need them too."""
    for place in (environment.get("SSL_CERT_FILE", ""), *BUNDLES):
        if place and Path(place).is_file():
            return Path(place).read_bytes()
    return b""


def network_settings(environment: Mapping[str, str] = os.environ) -> bytes:
    """What this machine's environment says of proxies and package indexes, as shell commands."""
    there = (name for name in environment if name.upper() in NETWORK)
    return "".join(f"export {name}={shlex.quote(environment[name])}\n" for name in there).encode()


def recipe_hash(*parts: str | bytes) -> str:
    """Changes when any part does."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part if isinstance(part, bytes) else part.encode()).digest())
    return digest.hexdigest()[:16]


def as_tar(files: Mapping[str, bytes]) -> bytes:
    """Files as a tar archive of the folder `recipes`."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"recipes/{name}")
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Files into a folder."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
