"""Manifests: what they refer to, and keeping them under digests and tags."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from bambe.engines.registry.errors import ManifestInvalid, ManifestUnknown
from bambe.engines.registry.layout import DIGEST, TAG, Layout, digest_of, hex_of, mark

INDEXES = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)
TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?: *;[ -~]*)?", re.ASCII)
LIMIT = 4 << 20
"""The largest manifest taken; the specification asks for 4 MiB at least."""


def parse(data: bytes) -> dict[str, Any]:
    """A manifest's JSON; ManifestInvalid."""
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError):
        raise ManifestInvalid("the manifest is no JSON") from None
    if not isinstance(manifest, dict) or manifest.get("schemaVersion") != 2:
        raise ManifestInvalid("the manifest has no schemaVersion 2")
    for member in ("layers", "manifests"):
        if not isinstance(manifest.get(member, []), list):
            raise ManifestInvalid(f"{member} is no list")
    config = [manifest["config"]] if manifest.get("config") else []
    for one in (*manifest.get("layers", []), *manifest.get("manifests", []), *config):
        if not isinstance(one, dict) or not DIGEST.fullmatch(str(one.get("digest"))):
            raise ManifestInvalid("the manifest names content without a sha256 digest")
        if not isinstance(one.get("size"), int):
            raise ManifestInvalid("the manifest names content without a size")
    return manifest


def type_of(said: str, manifest: dict[str, Any]) -> str:
    """The media type: the Content-Type that was said, or the manifest's own; ManifestInvalid for none."""
    found = said or str(manifest.get("mediaType", ""))
    if found and not TYPE.fullmatch(found):
        raise ManifestInvalid(f"{found!r} is no media type")
    return found


def blobs_of(manifest: dict[str, Any]) -> list[str]:
    """Digests of the blobs a manifest needs (not of manifests an index names)."""
    layers = [one for one in manifest.get("layers", []) if not one.get("urls")]
    return [one["digest"] for one in (*layers, manifest.get("config") or {}) if "digest" in one]


def children_of(manifest: dict[str, Any]) -> list[str]:
    """Digests of the manifests an index names."""
    return [one["digest"] for one in manifest.get("manifests", [])]


def size_of(manifest: dict[str, Any]) -> int:
    """Bytes of config and layers."""
    parts = (*manifest.get("layers", []), manifest.get("config") or {}, *manifest.get("manifests", []))
    return sum(int(one.get("size", 0)) for one in parts)


def put(layout: Layout, repository: Path, tag: str, media_type: str, data: bytes) -> str:
    """Keep a manifest, under a tag too if there is one; its digest. All it needs must be there."""
    manifest = parse(data)
    missing = [
        digest for digest in blobs_of(manifest) if not (repository / "_blobs" / hex_of(digest)).exists()
    ]
    missing += [digest for digest in children_of(manifest) if not has(repository, digest)]
    if missing:
        raise ManifestInvalid(f"the repository has no {missing[0]}")
    digest = digest_of(data)
    layout.put_blob(data, digest)
    mark(repository / "_manifests" / hex_of(digest), media_type)
    if tag:
        mark(repository / "_tags" / tag, digest)
    return digest


def has(repository: Path, digest: str) -> bool:
    """Whether the repository has a manifest."""
    return (repository / "_manifests" / hex_of(digest)).exists()


def get(layout: Layout, repository: Path, reference: str) -> tuple[str, str, bytes]:
    """(digest, media type, bytes) of a tag or digest; ManifestUnknown."""
    digest = resolve(repository, reference)
    try:
        media_type = (repository / "_manifests" / hex_of(digest)).read_text()
        return digest, media_type, layout.blob(digest).read_bytes()
    except FileNotFoundError:
        raise ManifestUnknown(f"there is no manifest {reference}") from None


def resolve(repository: Path, reference: str) -> str:
    """The digest a reference names; ManifestUnknown for a tag nobody has pushed."""
    if DIGEST.fullmatch(reference):
        return reference
    if not TAG.fullmatch(reference):
        raise ManifestUnknown(f"{reference!r} is neither tag nor digest")
    try:
        return (repository / "_tags" / reference).read_text()
    except FileNotFoundError:
        raise ManifestUnknown(f"there is no tag {reference}") from None


def delete(repository: Path, reference: str) -> None:
    """Remove a tag or, by digest, a manifest and all its tags; ManifestUnknown."""
    digest = resolve(repository, reference)
    if reference != digest:
        (repository / "_tags" / reference).unlink(missing_ok=True)
        return
    manifest = repository / "_manifests" / hex_of(digest)
    if not manifest.exists():
        raise ManifestUnknown(f"there is no manifest {reference}")
    for tag in tags(repository):
        if (repository / "_tags" / tag).read_text() == digest:
            (repository / "_tags" / tag).unlink()
    manifest.unlink()


def tags(repository: Path) -> list[str]:
    """The repository's tags in order."""
    directory = repository / "_tags"
    found = directory.iterdir() if directory.exists() else ()
    return sorted(file.name for file in found if not file.name.startswith("."))
