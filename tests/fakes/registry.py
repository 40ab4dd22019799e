"""A registry in memory; a test pushes by `push`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from bambe.engines.registry.port import AsgiApp, Pushed, Pusher, RegistryPolicy, Still, always
from bambe.kernel.errors import NotThere, Refused

MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(slots=True)
class _Repository:
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class FakeRegistry:
    """`Registry` without HTTP: an image is a config and a layer of some text."""

    def __init__(self) -> None:
        self._repositories: dict[tuple[Pusher, str], _Repository] = {}
        self._blobs: dict[str, bytes] = {}
        self._policy: RegistryPolicy | None = None

    def app(self, policy: RegistryPolicy) -> AsgiApp:
        self._policy = policy

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        return app

    async def push(self, who: Pusher, repository: str, tag: str, content: str = "hello") -> str:
        """Push an image as a client would, asking the policy if there is one; its digest."""
        body, blobs = image(content)
        digest = digest_of(body)
        if self._policy is not None:
            if not await self._policy.has_repository(who, repository):
                raise NotThere(f"There is no repository {repository}.")
            size = sum(map(len, blobs))
            pushed = Pushed(repository, tag, digest, MEDIA_TYPE, size, body.decode())
            refused = await self._policy.pushing(who, pushed)
            if refused:
                raise Refused(refused)
        found = self._repositories.setdefault((who, repository), _Repository())
        self._blobs.update({digest_of(blob): blob for blob in blobs})
        found.manifests[digest] = MEDIA_TYPE, body
        if tag:
            found.tags[tag] = digest
        return digest

    async def manifest(self, who: Pusher, repository: str, reference: str) -> tuple[str, bytes]:
        found = self._repositories.get((who, repository), _Repository())
        digest = found.tags.get(reference, reference)
        if digest not in found.manifests:
            raise NotThere(f"There is no image {repository} {reference}.")
        return found.manifests[digest]

    async def delete(self, who: Pusher, repository: str, reference: str, still: Still = always) -> None:
        if not await still():
            return
        found = self._repositories.get((who, repository), _Repository())
        if found.tags.pop(reference, None) is not None:
            return
        if found.manifests.pop(reference, None) is None:
            raise NotThere(f"There is no image {repository} {reference}.")
        for tag in [tag for tag, digest in found.tags.items() if digest == reference]:
            del found.tags[tag]

    async def delete_repository(self, who: Pusher, repository: str, still: Still = always) -> None:
        if not await still():
            return
        self._repositories.pop((who, repository), None)

    async def collect(self) -> int:
        needed: set[str] = set()
        for repository in self._repositories.values():
            for _, body in repository.manifests.values():
                said = json.loads(body)
                needed |= {one["digest"] for one in (said["config"], *said["layers"])}
        gone = self._blobs.keys() - needed
        return sum(len(self._blobs.pop(digest)) for digest in gone)


def digest_of(content: bytes) -> str:
    """The digest of some bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def image(content: str) -> tuple[bytes, list[bytes]]:
    """The manifest of a small image, and its config and layer."""
    config, layer = json.dumps({"os": "linux", "of": content}).encode(), content.encode()
    said = {
        "schemaVersion": 2,
        "mediaType": MEDIA_TYPE,
        "config": _descriptor("application/vnd.docker.container.image.v1+json", config),
        "layers": [_descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)],
    }
    return json.dumps(said).encode(), [config, layer]


def _descriptor(media_type: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(blob), "size": len(blob)}
