"""Images as content-addressed files; what is there is whole, since it comes by rename after fsync.

<root>/
  blobs/sha256/<2 hex>/<64 hex>                       layers, configs and manifests, by content
  uploads/<id>                                        uploads under way
  repositories/<account>/<region>/<name>/
    _blobs/<64 hex>                                   empty: the repository has this blob
    _manifests/<64 hex>                               the manifest's media type
    _tags/<tag>                                       the digest of the tagged manifest
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from bambe.engines.registry.errors import DigestInvalid, NameInvalid

NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Layout:
    """The files below `root`. Methods are plain and quick; whoever writes much calls them in a thread."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.uploads = root / "uploads"
        self._blobs = root / "blobs" / "sha256"

    def prepare(self) -> None:
        """Make the directories; forget uploads that a stop has cut off."""
        shutil.rmtree(self.uploads, ignore_errors=True)
        self.uploads.mkdir(parents=True)
        self._blobs.mkdir(parents=True, exist_ok=True)

    def blob(self, digest: str) -> Path:
        """Where a blob is, whether it exists or not."""
        text = hex_of(digest)
        return self._blobs / text[:2] / text

    def adopt(self, file: Path, digest: str) -> None:
        """Move a finished, synced upload to its place; the same content twice is one file."""
        place = self.blob(digest)
        place.parent.mkdir(exist_ok=True)
        file.replace(place)
        sync(place.parent)

    def put_blob(self, data: bytes, digest: str) -> None:
        """Write a small blob (a manifest) whole."""
        file = self.uploads / secrets.token_hex(16)
        write(file, data)
        self.adopt(file, digest)

    def repository(self, account: str, region: str, name: str) -> Path:
        """The directory of a repository; NameInvalid for no name."""
        if not NAME.fullmatch(name) or len(name) > 256:
            raise NameInvalid(f"{name!r} is no repository name")
        return self.root / "repositories" / account / region / name

    def repositories(self) -> Iterator[Path]:
        """Every repository's directory."""
        for found in (self.root / "repositories").glob("**/_manifests"):
            yield found.parent

    def blobs(self) -> Iterator[Path]:
        """Every blob's file."""
        yield from self._blobs.glob("??/*")


def hex_of(digest: str) -> str:
    """The hexadecimal part of `sha256:...`; DigestInvalid for anything else."""
    if not DIGEST.fullmatch(digest):
        raise DigestInvalid(f"{digest!r} is no sha256 digest")
    return digest.removeprefix("sha256:")


def digest_of(data: bytes) -> str:
    """`sha256:...` of some bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def mark(file: Path, text: str = "") -> None:
    """Write a small file atomically."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    write(fresh, text.encode())
    fresh.replace(file)
    sync(file.parent)


def write(file: Path, data: bytes) -> None:
    """Write and sync."""
    with file.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def sync(directory: Path) -> None:
    """Make renames in a directory last."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
