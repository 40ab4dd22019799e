"""The OCI distribution API as an ASGI application: routes, authentication, answers."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from bambe.engines.registry import manifests
from bambe.engines.registry.errors import (
    BlobUnknown,
    Denied,
    ManifestInvalid,
    NameUnknown,
    RegistryError,
    Unauthorized,
    Unsupported,
)
from bambe.engines.registry.http import Answer, ClientGone, Receive, Request, Send, failure, send_answer
from bambe.engines.registry.layout import DIGEST, TAG, Layout, digest_of, hex_of, mark
from bambe.engines.registry.port import Pushed, Pusher, RegistryPolicy
from bambe.engines.registry.uploads import Upload, Uploads
from bambe.kernel.clock import Clock

ROUTES = (
    (re.compile(r"/v2/(?P<name>.+)/blobs/uploads/?"), "uploads"),
    (re.compile(r"/v2/(?P<name>.+)/blobs/uploads/(?P<reference>[0-9a-f]+)"), "upload"),
    (re.compile(r"/v2/(?P<name>.+)/blobs/(?P<reference>[^/]+)"), "blob"),
    (re.compile(r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)"), "manifest"),
    (re.compile(r"/v2/(?P<name>.+)/tags/list"), "tags"),
)
RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")
CHUNK = re.compile(r"(?:bytes[= ])?(\d{1,18})-\d+(?:/.*)?")
COUNT = re.compile(r"[0-9]{1,9}")


Changing = Callable[[Path], asyncio.Lock]
"""The lock that pushes to a repository and removals from it take."""


class Api:
    """Answers what Docker and its like ask, for repositories that `policy` knows."""

    def __init__(self, layout: Layout, policy: RegistryPolicy, changing: Changing, clock: Clock) -> None:
        self._layout = layout
        self._policy = policy
        self._changing = changing
        self._uploads = Uploads(layout, clock)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request.of(scope, receive)
        try:
            answer = await self._answer(request)
        except RegistryError as error:
            answer = failure(error)
        except ClientGone:
            return
        await send_answer(send, answer, request.method == "HEAD")

    async def _answer(self, request: Request) -> Answer:
        who = await self._who(request)
        if request.path.rstrip("/") == "/v2":
            return Answer(200, {"content-type": "application/json"}, b"{}")
        for pattern, kind in ROUTES:
            hit = pattern.fullmatch(request.path)
            if hit is not None:
                return await self._route(request, who, kind, **hit.groupdict())
        raise Unsupported(f"there is nothing at {request.path}")

    async def _who(self, request: Request) -> Pusher:
        scheme, _, word = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                username, _, password = base64.b64decode(word).decode().partition(":")
            except ValueError:
                raise Unauthorized("the Authorization header is not readable") from None
            who = await self._policy.authorize(username, password)
            if who is not None:
                return who
        raise Unauthorized(
            "log in: aws ecr get-login-password | docker login --username AWS --password-stdin"
        )

    async def _route(
        self, request: Request, who: Pusher, kind: str, name: str, reference: str = ""
    ) -> Answer:
        directory = self._layout.repository(who.account, who.region, name)
        if not await self._policy.has_repository(who, name):
            raise NameUnknown(f"there is no repository {name}: aws ecr create-repository makes one")
        method = "GET" if request.method == "HEAD" else request.method
        handlers: dict[tuple[str, str], Callable[..., Awaitable[Answer]]] = {
            ("uploads", "POST"): self._begin,
            ("upload", "PATCH"): self._patch,
            ("upload", "PUT"): self._finish,
            ("upload", "GET"): self._progress,
            ("upload", "DELETE"): self._cancel,
            ("blob", "GET"): self._blob,
            ("manifest", "GET"): self._manifest,
            ("manifest", "PUT"): self._put_manifest,
            ("tags", "GET"): self._tags,
        }
        handler = handlers.get((kind, method))
        if handler is None:
            raise Unsupported(f"{request.method} is not supported here: delete images through the ECR API")
        return await handler(request, who, name, directory, reference)

    async def _begin(self, request: Request, who: Pusher, name: str, directory: Path, _: str) -> Answer:
        mount, source = request.first("mount"), request.first("from")
        if mount and DIGEST.fullmatch(mount) and await self._can_mount(who, source, mount):
            await asyncio.to_thread(mark, directory / "_blobs" / hex_of(mount))
            return _blob_created(name, mount)
        upload = self._uploads.begin(directory)
        digest = request.first("digest")
        if digest:
            try:
                await self._uploads.append(upload, request.pieces())
            except ClientGone:
                self._uploads.cancel(upload)  # its number was never told
                raise
            return await self._adopt(upload, name, directory, digest)
        return _accepted(name, upload)

    async def _can_mount(self, who: Pusher, source: str, digest: str) -> bool:
        if not source or not await self._policy.has_repository(who, source):
            return False
        directory = self._layout.repository(who.account, who.region, source)
        return (directory / "_blobs" / hex_of(digest)).exists()

    async def _patch(self, request: Request, who: Pusher, name: str, directory: Path, number: str) -> Answer:
        upload = self._uploads.get(number, directory)
        said = CHUNK.fullmatch(request.headers.get("content-range", ""))
        await self._uploads.append(upload, request.pieces(), int(said[1]) if said else None)
        return _accepted(name, upload)

    async def _finish(self, request: Request, who: Pusher, name: str, directory: Path, number: str) -> Answer:
        upload = self._uploads.get(number, directory)
        await self._uploads.append(upload, request.pieces())
        return await self._adopt(upload, name, directory, request.first("digest"))

    async def _adopt(self, upload: Upload, name: str, directory: Path, digest: str) -> Answer:
        hex_of(digest)
        await self._uploads.finish(upload, digest)
        await asyncio.to_thread(mark, directory / "_blobs" / hex_of(digest))
        return _blob_created(name, digest)

    async def _progress(
        self, request: Request, who: Pusher, name: str, directory: Path, number: str
    ) -> Answer:
        upload = self._uploads.get(number, directory)
        return Answer(204, _accepted(name, upload).headers)

    async def _cancel(self, request: Request, who: Pusher, name: str, directory: Path, number: str) -> Answer:
        self._uploads.cancel(self._uploads.get(number, directory))
        return Answer(204)

    async def _blob(self, request: Request, who: Pusher, name: str, directory: Path, digest: str) -> Answer:
        file = self._layout.blob(digest)
        if not (directory / "_blobs" / hex_of(digest)).exists() or not file.exists():
            raise BlobUnknown(f"there is no blob {digest}")
        size = file.stat().st_size
        headers = {
            "content-type": "application/octet-stream",
            "docker-content-digest": digest,
            "accept-ranges": "bytes",
        }
        said = RANGE.fullmatch(request.headers.get("range", ""))
        if said is None:
            return Answer(200, headers, file=file, length=size)
        start, end = int(said[1]), min(int(said[2] or size - 1), size - 1)
        if start > end:
            return Answer(416, {"content-range": f"bytes */{size}"})
        headers["content-range"] = f"bytes {start}-{end}/{size}"
        return Answer(206, headers, file=file, start=start, length=end - start + 1)

    async def _manifest(
        self, request: Request, who: Pusher, name: str, directory: Path, reference: str
    ) -> Answer:
        digest, media_type, data = await asyncio.to_thread(manifests.get, self._layout, directory, reference)
        return Answer(200, {"content-type": media_type, "docker-content-digest": digest}, data)

    async def _put_manifest(
        self, request: Request, who: Pusher, name: str, directory: Path, reference: str
    ) -> Answer:
        data = await request.body(manifests.LIMIT)
        manifest, digest = manifests.parse(data), digest_of(data)
        by_digest = DIGEST.fullmatch(reference) is not None
        if not by_digest and not TAG.fullmatch(reference):
            raise ManifestInvalid(f"{reference!r} is neither tag nor digest")
        if by_digest and reference != digest:
            raise ManifestInvalid(f"the content is {digest}, not {reference}")
        media_type = manifests.type_of(request.headers.get("content-type", ""), manifest)
        tag = "" if by_digest else reference
        async with self._changing(directory):
            return await self._record(who, name, directory, tag, media_type, data)

    async def _record(
        self, who: Pusher, name: str, directory: Path, tag: str, media_type: str, data: bytes
    ) -> Answer:
        manifest, digest = manifests.parse(data), digest_of(data)
        size = manifests.size_of(manifest)
        pushed = Pushed(name, tag, digest, media_type, size, data.decode(errors="replace"))
        if refusal := await self._policy.refusal(who, pushed):
            raise Denied(refusal)
        is_new = not manifests.has(directory, digest)
        # Kept without its tag first: what the house has recorded can be fetched.
        await asyncio.to_thread(manifests.put, self._layout, directory, "", media_type, data)
        if refusal := await self._policy.pushing(who, pushed):
            # The repository has changed since it was asked.
            if is_new:
                await asyncio.to_thread(manifests.delete, directory, digest)
            raise Denied(refusal)
        if tag:
            await asyncio.to_thread(mark, directory / "_tags" / tag, digest)
        return Answer(201, {"location": f"/v2/{name}/manifests/{digest}", "docker-content-digest": digest})

    async def _tags(self, request: Request, who: Pusher, name: str, directory: Path, _: str) -> Answer:
        found = await asyncio.to_thread(manifests.tags, directory)
        last, limit = request.first("last"), request.first("n")
        found = [tag for tag in found if tag > last]
        headers = {"content-type": "application/json"}
        if COUNT.fullmatch(limit) and len(found) > int(limit):
            found = found[: int(limit)]
            if found:
                headers["link"] = f'</v2/{name}/tags/list?n={limit}&last={found[-1]}>; rel="next"'
        return Answer(200, headers, json.dumps({"name": name, "tags": found}).encode())


def _accepted(name: str, upload: Upload) -> Answer:
    headers = {
        "location": f"/v2/{name}/blobs/uploads/{upload.id}",
        "range": f"0-{max(0, upload.size - 1)}",
        "docker-upload-uuid": upload.id,
    }
    return Answer(202, headers)


def _blob_created(name: str, digest: str) -> Answer:
    return Answer(201, {"location": f"/v2/{name}/blobs/{digest}", "docker-content-digest": digest})
