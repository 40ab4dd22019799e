"""What every registry promises, and what clients like Docker meet at the real one's door."""

from __future__ import annotations

import asyncio
import base64
import gc
import io
import json
import logging
import os
import secrets
import shutil
import subprocess
import tarfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn

from bambe.engines.registry.files import FileRegistry
from bambe.engines.registry.port import AsgiApp, Pushed, Pusher, Registry
from bambe.kernel.clock import ManualClock, SystemClock
from bambe.kernel.errors import NotThere
from tests.fakes.registry import MEDIA_TYPE, FakeRegistry, digest_of, image

ADA = Pusher("000000000000", "eu-central-1")
BOB = Pusher("111111111111", "eu-central-1")
PASSWORDS = {"ada": ADA, "bob": BOB}


class Policy:
    """Two people, the repositories named here, and a tag nobody may push."""

    def __init__(self, *repositories: str) -> None:
        self.repositories = set(repositories)
        self.pushed: list[Pushed] = []

    async def authorize(self, username: str, password: str) -> Pusher | None:
        return PASSWORDS.get(password) if username == "AWS" else None

    async def has_repository(self, who: Pusher, name: str) -> bool:
        return name in self.repositories

    async def refusal(self, who: Pusher, pushed: Pushed) -> str:
        return "the tag is immutable" if pushed.tag == "frozen" else ""

    async def pushing(self, who: Pusher, pushed: Pushed) -> str:
        if pushed.tag in ("frozen", "freezing"):  # the latter has become so since `refusal` was asked
            return "the tag is immutable"
        self.pushed.append(pushed)
        return ""


@dataclass
class Reply:
    """What the application answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["errors"][0]["code"])


class Client:
    """Asks an ASGI application, without sockets."""

    def __init__(self, app: AsgiApp, password: str = "ada") -> None:
        self._app = app
        self._password = password

    async def ask(self, method: str, path: str, body: bytes = b"", **more: Any) -> Reply:
        headers = {"authorization": basic("AWS", self._password), **more.pop("headers", {})}
        halves = [body[: len(body) // 2], body[len(body) // 2 :]]
        incoming = [
            {"type": "http.request", "body": halves[0], "more_body": True},
            {"type": "http.request", "body": halves[1], "more_body": False},
        ]
        outgoing = await self._exchange(method, path, headers, more, incoming)
        said = {name.decode(): value.decode() for name, value in outgoing[0]["headers"]}
        return Reply(outgoing[0]["status"], said, b"".join(m.get("body", b"") for m in outgoing[1:]))

    async def hang_up(self, method: str, path: str, body: bytes, **more: Any) -> list[Any]:
        """Send a part of a body and go away; what the application sent to nobody."""
        headers = {"authorization": basic("AWS", self._password)}
        incoming = [
            {"type": "http.request", "body": body, "more_body": True},
            {"type": "http.disconnect"},
        ]
        return await self._exchange(method, path, headers, more, incoming)

    async def _exchange(
        self, method: str, path: str, headers: dict[str, str], query: Any, incoming: list[Any]
    ) -> list[Any]:
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": urlencode(query).encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value],
        }
        outgoing: list[Any] = []

        async def receive() -> Any:
            return incoming.pop(0)

        async def send(message: Any) -> None:
            outgoing.append(message)

        await self._app(scope, receive, send)
        return outgoing

    async def blob(self, name: str, content: bytes) -> Reply:
        """Push a blob in two requests, as Docker does."""
        begun = await self.ask("POST", f"/v2/{name}/blobs/uploads/")
        assert begun.status == 202
        await self.ask("PATCH", begun.headers["location"], content)
        return await self.ask("PUT", begun.headers["location"], digest=digest_of(content))

    async def push(self, name: str, reference: str, content: str = "hello") -> Reply:
        """Push an image."""
        body, blobs = image(content)
        for blob in blobs:
            assert (await self.blob(name, blob)).status == 201
        return await self.put(name, reference, body)

    async def put(self, name: str, reference: str, body: bytes, media_type: str = MEDIA_TYPE) -> Reply:
        headers = {"content-type": media_type}
        return await self.ask("PUT", f"/v2/{name}/manifests/{reference}", body, headers=headers)


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode() if password else ""


class Rig:
    """A registry and a way to push to it."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        app = registry.app(Policy("shop", "shop/api"))
        self._clients = {who: Client(app, password) for password, who in PASSWORDS.items()}

    async def push(self, who: Pusher, name: str, tag: str, content: str = "hello") -> str:
        if isinstance(self.registry, FakeRegistry):
            return await self.registry.push(who, name, tag, content)
        reply = await self._clients[who].push(name, tag or digest_of(image(content)[0]), content)
        assert reply.status == 201
        return reply.headers["docker-content-digest"]


@pytest.fixture(params=["fake", "files"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Rig:
    return Rig(FakeRegistry() if request.param == "fake" else FileRegistry(tmp_path))


async def test_an_image_by_tag_and_by_digest(rig: Rig) -> None:
    digest = await rig.push(ADA, "shop", "1")
    for reference in ("1", digest):
        media_type, body = await rig.registry.manifest(ADA, "shop", reference)
        assert (media_type, digest_of(body)) == (MEDIA_TYPE, digest)


async def test_what_is_not_there(rig: Rig) -> None:
    await rig.push(ADA, "shop", "1")
    absent = ("2", "sha256:" + "0" * 64)
    for reference in absent:
        with pytest.raises(NotThere):
            await rig.registry.manifest(ADA, "shop", reference)
        with pytest.raises(NotThere):
            await rig.registry.delete(ADA, "shop", reference)
    with pytest.raises(NotThere):
        await rig.registry.manifest(BOB, "shop", "1")
    with pytest.raises(NotThere):
        await rig.registry.manifest(Pusher(ADA.account, "us-east-1"), "shop", "1")


async def test_a_tag_moves_and_the_image_it_left_stays(rig: Rig) -> None:
    old = await rig.push(ADA, "shop", "latest", "old")
    new = await rig.push(ADA, "shop", "latest", "new")
    assert digest_of((await rig.registry.manifest(ADA, "shop", "latest"))[1]) == new
    await rig.registry.manifest(ADA, "shop", old)


async def test_deleting_a_tag_leaves_the_image(rig: Rig) -> None:
    digest = await rig.push(ADA, "shop", "1")
    await rig.registry.delete(ADA, "shop", "1")
    with pytest.raises(NotThere):
        await rig.registry.manifest(ADA, "shop", "1")
    await rig.registry.manifest(ADA, "shop", digest)


async def test_deleting_an_image_takes_its_tags_only(rig: Rig) -> None:
    digest = await rig.push(ADA, "shop", "1")
    await rig.push(ADA, "shop", "2")
    await rig.push(ADA, "shop", "other", "other")
    await rig.registry.delete(ADA, "shop", digest)
    for reference in ("1", "2", digest):
        with pytest.raises(NotThere):
            await rig.registry.manifest(ADA, "shop", reference)
    await rig.registry.manifest(ADA, "shop", "other")


async def test_deleting_a_repository_leaves_those_below_and_beside(rig: Rig) -> None:
    await rig.push(ADA, "shop", "1")
    await rig.push(ADA, "shop/api", "1")
    await rig.push(BOB, "shop", "1")
    await rig.registry.delete_repository(ADA, "shop")
    await rig.registry.delete_repository(ADA, "shop")
    with pytest.raises(NotThere):
        await rig.registry.manifest(ADA, "shop", "1")
    await rig.registry.manifest(ADA, "shop/api", "1")
    await rig.registry.manifest(BOB, "shop", "1")


async def test_collecting_takes_nothing_that_is_needed(rig: Rig) -> None:
    await rig.push(ADA, "shop", "1")
    assert await rig.registry.collect() == 0
    await rig.registry.manifest(ADA, "shop", "1")


# From here on: the real one's door.


@pytest.fixture
def policy() -> Policy:
    return Policy("shop", "shop/api")


@pytest.fixture
def client(tmp_path: Path, policy: Policy) -> Client:
    return Client(FileRegistry(tmp_path).app(policy))


async def test_who_is_nobody_is_asked_to_log_in(tmp_path: Path, policy: Policy) -> None:
    app = FileRegistry(tmp_path).app(policy)
    for password in ("", "wrong"):
        reply = await Client(app, password).ask("GET", "/v2/")
        assert (reply.status, reply.code) == (401, "UNAUTHORIZED")
        assert reply.headers["www-authenticate"].startswith("Basic realm=")
    for header in ("Basic \N{SNOWMAN}", "Basic a", "Basic /w==", "Bearer x"):
        reply = await Client(app).ask("GET", "/v2/", headers={"authorization": header})
        assert (reply.status, reply.code) == (401, "UNAUTHORIZED")
    assert (await Client(app).ask("GET", "/v2/")).status == 200


async def test_a_repository_nobody_created(client: Client) -> None:
    reply = await client.ask("POST", "/v2/other/blobs/uploads/")
    assert (reply.status, reply.code) == (404, "NAME_UNKNOWN")


@pytest.mark.parametrize("name", ["..", "../x", "Shop", "shop/../..", "_blobs"])
async def test_names_that_are_none(client: Client, policy: Policy, name: str) -> None:
    policy.repositories.add(name)
    assert (await client.ask("GET", f"/v2/{name}/tags/list")).code == "NAME_INVALID"


async def test_blobs_whole_and_in_part(client: Client) -> None:
    content = bytes(range(256)) * 40
    assert (await client.blob("shop", content)).status == 201
    path = f"/v2/shop/blobs/{digest_of(content)}"
    head = await client.ask("HEAD", path)
    assert (head.status, head.headers["content-length"], head.body) == (200, "10240", b"")
    assert (await client.ask("GET", path)).body == content
    part = await client.ask("GET", path, headers={"range": "bytes=10-19"})
    assert (part.status, part.body, part.headers["content-range"]) == (
        206,
        content[10:20],
        "bytes 10-19/10240",
    )
    rest = await client.ask("GET", path, headers={"range": "bytes=10000-"})
    assert rest.body == content[10000:]
    past = await client.ask("GET", path, headers={"range": "bytes=10000-99999"})
    assert (past.status, past.body) == (206, content[10000:])
    assert (await client.ask("GET", path, headers={"range": "bytes=10240-"})).status == 416


async def test_an_empty_blob(client: Client) -> None:
    assert (await client.blob("shop", b"")).status == 201
    reply = await client.ask("GET", f"/v2/shop/blobs/{digest_of(b'')}")
    assert (reply.status, reply.body) == (200, b"")


async def test_a_blob_in_one_request(client: Client) -> None:
    reply = await client.ask("POST", "/v2/shop/blobs/uploads/", b"hello", digest=digest_of(b"hello"))
    assert reply.status == 201
    assert (await client.ask("GET", reply.headers["location"])).body == b"hello"


async def test_chunks_follow_each_other(client: Client) -> None:
    place = (await client.ask("POST", "/v2/shop/blobs/uploads/")).headers["location"]
    first = await client.ask("PATCH", place, b"hel", headers={"content-range": "0-2"})
    assert (first.status, first.headers["range"]) == (202, "0-2")
    wrong = await client.ask("PATCH", place, b"lo", headers={"content-range": "7-8"})
    assert wrong.status == 416
    seen = await client.ask("GET", place)
    assert (seen.status, seen.headers["range"]) == (204, "0-2")
    await client.ask("PATCH", place, b"lo", headers={"content-range": "3-4"})
    assert (await client.ask("PUT", place, digest=digest_of(b"hello"))).status == 201


async def test_an_upload_cut_off_goes_on_where_it_was(client: Client) -> None:
    place = (await client.ask("POST", "/v2/shop/blobs/uploads/")).headers["location"]
    assert await client.hang_up("PATCH", place, b"hel") == []
    assert (await client.ask("GET", place)).headers["range"] == "0-2"
    assert await client.hang_up("PUT", place, b"l", digest=digest_of(b"hello")) == []
    assert (await client.ask("GET", place)).headers["range"] == "0-3"
    assert (await client.ask("PATCH", place, b"o", headers={"content-range": "4-4"})).status == 202
    assert (await client.ask("PUT", place, digest=digest_of(b"hello"))).status == 201
    assert (await client.ask("GET", f"/v2/shop/blobs/{digest_of(b'hello')}")).body == b"hello"


async def test_an_upload_cut_off_that_nobody_can_name_is_forgotten(client: Client, tmp_path: Path) -> None:
    place = "/v2/shop/blobs/uploads/"
    assert await client.hang_up("POST", place, b"hel", digest=digest_of(b"hello")) == []
    assert list((tmp_path / "uploads").iterdir()) == []


async def test_a_manifest_cut_off_is_none(client: Client, policy: Policy) -> None:
    assert await client.hang_up("PUT", "/v2/shop/manifests/1", image("hello")[0][:20]) == []
    assert policy.pushed == []


async def test_a_chunk_waits_for_the_one_before(tmp_path: Path, policy: Policy) -> None:
    """Who comes back while the connection that broke is still being read must not write at its place."""
    app = FileRegistry(tmp_path).app(policy)
    client, breaks = Client(app), asyncio.Event()
    place = (await client.ask("POST", "/v2/shop/blobs/uploads/")).headers["location"]
    coming = [{"type": "http.request", "body": b"x" * (1 << 20), "more_body": True}]

    async def receive() -> Any:
        if coming:
            return coming.pop()
        await breaks.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError("nobody listens")

    scope = {
        "type": "http",
        "method": "PATCH",
        "path": place,
        "headers": [(b"authorization", basic("AWS", "ada").encode())],
    }
    first = asyncio.ensure_future(app(scope, receive, send))
    while (await client.ask("GET", place)).headers["range"] == "0-0":
        await asyncio.sleep(0)
    again = asyncio.create_task(client.ask("PATCH", place, b"ab", headers={"content-range": "0-1"}))
    breaks.set()
    await first
    assert (await again).status == 416


async def test_content_that_is_not_its_digest(client: Client) -> None:
    place = (await client.ask("POST", "/v2/shop/blobs/uploads/")).headers["location"]
    reply = await client.ask("PUT", place, b"hello", digest=digest_of(b"other"))
    assert (reply.status, reply.code) == (400, "DIGEST_INVALID")
    assert (await client.ask("HEAD", f"/v2/shop/blobs/{digest_of(b'other')}")).status == 404


async def test_an_upload_given_up(client: Client) -> None:
    place = (await client.ask("POST", "/v2/shop/blobs/uploads/")).headers["location"]
    assert (await client.ask("DELETE", place)).status == 204
    assert (await client.ask("PATCH", place, b"x")).code == "BLOB_UPLOAD_UNKNOWN"


async def test_blobs_are_mounted_only_from_where_they_are(client: Client) -> None:
    await client.blob("shop", b"hello")
    digest = digest_of(b"hello")
    assert (await client.ask("HEAD", f"/v2/shop/api/blobs/{digest}")).status == 404
    wrong = {"mount": digest_of(b"other"), "from": "shop"}
    begun = await client.ask("POST", "/v2/shop/api/blobs/uploads/", **wrong)
    assert begun.status == 202
    await client.ask("DELETE", begun.headers["location"])
    right = {"mount": digest, "from": "shop"}
    assert (await client.ask("POST", "/v2/shop/api/blobs/uploads/", **right)).status == 201
    assert (await client.ask("GET", f"/v2/shop/api/blobs/{digest}")).body == b"hello"


async def test_blobs_of_others_are_not_shown(tmp_path: Path, policy: Policy) -> None:
    app = FileRegistry(tmp_path).app(policy)
    await Client(app).blob("shop", b"hello")
    bob = Client(app, "bob")
    digest = digest_of(b"hello")
    assert (await bob.ask("GET", f"/v2/shop/blobs/{digest}")).status == 404
    mount = {"mount": digest, "from": "shop"}
    begun = await bob.ask("POST", "/v2/shop/api/blobs/uploads/", **mount)
    assert begun.status == 202
    await bob.ask("DELETE", begun.headers["location"])


async def test_a_push_is_told_to_the_house(client: Client, policy: Policy) -> None:
    reply = await client.push("shop", "1")
    body, blobs = image("hello")
    digest = digest_of(body)
    assert reply.headers["docker-content-digest"] == digest
    size = sum(map(len, blobs))
    assert policy.pushed == [Pushed("shop", "1", digest, MEDIA_TYPE, size, body.decode())]


async def test_a_refused_push_moves_no_tag(client: Client) -> None:
    reply = await client.push("shop", "frozen")
    assert (reply.status // 100, reply.body.count(b"the tag is immutable")) == (4, 1)
    assert (await client.ask("HEAD", "/v2/shop/manifests/frozen")).status == 404


@pytest.mark.parametrize("tag", ["frozen", "freezing"])
async def test_a_refused_push_leaves_no_image(client: Client, tag: str) -> None:
    await client.push("shop", tag)
    assert (await client.ask("HEAD", f"/v2/shop/manifests/{digest_of(image('hello')[0])}")).status == 404


@pytest.mark.parametrize("tag", ["frozen", "freezing"])
async def test_a_refused_push_leaves_the_image_that_was_there(client: Client, tag: str) -> None:
    await client.push("shop", "1")
    await client.push("shop", tag)
    for reference in ("1", digest_of(image("hello")[0])):
        assert (await client.ask("HEAD", f"/v2/shop/manifests/{reference}")).status == 200


async def test_manifests_need_their_blobs(client: Client, policy: Policy) -> None:
    reply = await client.put("shop", "1", image("never pushed")[0])
    assert reply.status // 100 == 4
    assert policy.pushed == []


async def test_a_manifest_under_anothers_digest(client: Client) -> None:
    await client.push("shop", "1")
    assert (await client.put("shop", "sha256:" + "0" * 64, image("hello")[0])).status == 400


async def test_an_index_needs_its_images(client: Client) -> None:
    media_type = "application/vnd.oci.image.index.v1+json"
    body, _ = image("hello")
    child = {"mediaType": MEDIA_TYPE, "digest": digest_of(body), "size": len(body)}
    index = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": [child]}).encode()
    assert (await client.put("shop", "all", index, media_type)).status // 100 == 4
    await client.push("shop", digest_of(body))
    assert (await client.put("shop", "all", index, media_type)).status == 201
    reply = await client.ask("GET", "/v2/shop/manifests/all")
    assert (reply.headers["content-type"], reply.body) == (media_type, index)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"schemaVersion": 1}',
        b"[" * 200_000,
        b'{"schemaVersion": 2, "layers": [1]}',
        b'{"schemaVersion": 2, "layers": 5}',
        b'{"schemaVersion": 2, "layers": [{"digest": "../x", "size": 1}]}',
    ],
)
async def test_manifests_that_are_none(client: Client, body: bytes) -> None:
    assert (await client.put("shop", "1", body)).code == "MANIFEST_INVALID"


async def test_a_media_type_that_is_none(client: Client) -> None:
    body, blobs = image("hello")
    for blob in blobs:
        await client.blob("shop", blob)
    for said in ("no type", "\N{SNOWMAN}/json", "a/b\r\nx: y"):
        manifest = json.dumps({**json.loads(body), "mediaType": said}).encode()
        assert (await client.put("shop", "1", manifest, "")).code == "MANIFEST_INVALID"
    assert (await client.put("shop", "1", body, f"{MEDIA_TYPE}; charset=utf-8")).status == 201


@pytest.mark.parametrize("tag", ["..", ".hidden", "a+b", "x" * 129])
async def test_tags_that_are_none(client: Client, policy: Policy, tag: str) -> None:
    assert (await client.push("shop", tag)).status == 400
    assert policy.pushed == []


async def test_a_manifest_that_is_too_large(client: Client) -> None:
    assert (await client.put("shop", "1", b" " * (5 << 20))).status == 413


async def test_tags_in_pages(client: Client) -> None:
    for tag in ("c", "a", "b"):
        await client.push("shop", tag)
    assert json.loads((await client.ask("GET", "/v2/shop/tags/list")).body) == {
        "name": "shop",
        "tags": ["a", "b", "c"],
    }
    page = await client.ask("GET", "/v2/shop/tags/list", n="2")
    assert json.loads(page.body)["tags"] == ["a", "b"]
    assert page.headers["link"] == '</v2/shop/tags/list?n=2&last=b>; rel="next"'
    rest = await client.ask("GET", "/v2/shop/tags/list", n="2", last="b")
    assert json.loads(rest.body)["tags"] == ["c"]
    for number in ("\N{SUPERSCRIPT TWO}", "9" * 5000, "all"):
        every = await client.ask("GET", "/v2/shop/tags/list", n=number)
        assert json.loads(every.body)["tags"] == ["a", "b", "c"]
    assert "link" not in rest.headers


async def test_what_was_answered_outlives_the_process(tmp_path: Path, policy: Policy) -> None:
    before = Client(FileRegistry(tmp_path).app(policy))
    await before.push("shop", "1")
    place = (await before.ask("POST", "/v2/shop/blobs/uploads/")).headers["location"]
    await before.ask("PATCH", place, b"half")
    with warnings.catch_warnings():  # what a killed process had open
        warnings.simplefilter("ignore", ResourceWarning)
        del before
        gc.collect()
    after = Client(FileRegistry(tmp_path).app(policy))
    body, blobs = image("hello")
    assert (await after.ask("GET", "/v2/shop/manifests/1")).body == body
    assert (await after.ask("GET", f"/v2/shop/blobs/{digest_of(blobs[1])}")).body == blobs[1]
    assert (await after.ask("PATCH", place, b"more")).code == "BLOB_UPLOAD_UNKNOWN"
    assert list((tmp_path / "uploads").iterdir()) == []


async def test_uploads_that_nobody_goes_on_with_are_forgotten(tmp_path: Path, policy: Policy) -> None:
    clock = ManualClock(SystemClock().now())
    client = Client(FileRegistry(tmp_path, clock).app(policy))
    left, used = [(await client.ask("POST", "/v2/shop/blobs/uploads/")).headers["location"] for _ in range(2)]
    for _ in range(2):
        await clock.advance(2000)
        assert (await client.ask("PATCH", used, b"more")).status == 202
    await client.ask("POST", "/v2/shop/blobs/uploads/")
    assert (await client.ask("PATCH", left, b"late")).code == "BLOB_UPLOAD_UNKNOWN"
    assert (await client.ask("PUT", used, digest=digest_of(b"moremore"))).status == 201
    assert len(list((tmp_path / "uploads").iterdir())) == 1


async def test_a_query_that_is_no_text(client: Client) -> None:
    scope = {"type": "http", "method": "GET", "path": "/v2/shop/tags/list", "query_string": b"n=\xff"}
    outgoing: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        outgoing.append(message)

    await client._app({**scope, "headers": [(b"authorization", basic("AWS", "ada").encode())]}, receive, send)
    assert outgoing[0]["status"] == 200


async def test_blobs_of_a_push_under_way_are_not_collected(tmp_path: Path, policy: Policy) -> None:
    clock = ManualClock(SystemClock().now())
    registry = FileRegistry(tmp_path, clock)
    client = Client(registry.app(policy))
    await client.blob("shop", b"layer")
    assert await registry.collect() == 0
    await clock.advance(timedelta(days=2).total_seconds())
    assert await registry.collect() == len(b"layer")
    assert (await client.ask("HEAD", f"/v2/shop/blobs/{digest_of(b'layer')}")).status == 404


async def test_collecting_goes_on_past_an_image_with_a_part_missing(
    tmp_path: Path, policy: Policy, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock(SystemClock().now())
    registry = FileRegistry(tmp_path, clock)
    client = Client(registry.app(policy))
    await client.push("shop", "1", "broken")
    await client.push("shop", "2", "whole")
    await client.blob("shop", b"layer")
    digest = digest_of(image("broken")[0])
    lost = digest.removeprefix("sha256:")
    (tmp_path / "blobs" / "sha256" / lost[:2] / lost).unlink()
    await clock.advance(timedelta(days=2).total_seconds())
    assert await registry.collect() >= len(b"layer")
    assert [(one.levelname, digest in one.getMessage()) for one in caplog.records] == [("WARNING", True)]
    for blob in image("whole")[1]:
        assert (await client.ask("GET", f"/v2/shop/blobs/{digest_of(blob)}")).body == blob


async def test_many_pushes_at_once(client: Client) -> None:
    replies = await asyncio.gather(*(client.push("shop", f"t{n}", f"content {n % 3}") for n in range(12)))
    assert {reply.status for reply in replies} == {201}
    assert len(json.loads((await client.ask("GET", "/v2/shop/tags/list")).body)["tags"]) == 12


class Door:
    """The real one behind a port, on a thread of its own."""

    def __init__(self, root: Path) -> None:
        app: Any = FileRegistry(root).app(Policy("shop", "shop/api"))
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        for _ in range(1000):
            if self._server.started:
                break
            threading.Event().wait(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path / "registry")
    yield made
    made.stop()


def test_a_client_that_goes_away_leaves_no_traceback(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("uvicorn.error")
    logger.addHandler(caplog.handler)
    said = {"authorization": basic("AWS", "ada")}
    try:
        place = asked(door, "POST", "/v2/shop/blobs/uploads/")["location"]
        with closing(HTTPConnection("127.0.0.1", door.port)) as cut:
            cut.putrequest("PATCH", place)
            for name, value in {**said, "content-length": "100"}.items():
                cut.putheader(name, value)
            cut.endheaders(b"half")
        for _ in range(500):
            if (seen := asked(door, "GET", place)["range"]) == "0-3":
                break
            threading.Event().wait(0.01)
        assert seen == "0-3"
        door.stop()
    finally:
        logger.removeHandler(caplog.handler)
    assert caplog.records == []


def asked(door: Door, method: str, path: str) -> Message:
    """The headers of an answer."""
    with closing(HTTPConnection("127.0.0.1", door.port)) as connection:
        connection.request(method, path, headers={"authorization": basic("AWS", "ada")})
        return connection.getresponse().headers


@pytest.mark.docker
@pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker client")
def test_stock_docker_pushes_and_pulls(door: Door, tmp_path: Path) -> None:
    env = {**os.environ, "DOCKER_CONFIG": str(tmp_path / "docker")}
    name = f"localhost:{door.port}/shop/api:{secrets.token_hex(4)}"

    def docker(*words: str, given: bytes = b"") -> str:
        done = subprocess.run(["docker", *words], input=given, env=env, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for number in range(3):
            content = secrets.token_bytes(200_000)
            entry = tarfile.TarInfo(f"file{number}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    try:
        id = docker("import", "-", name, given=packed.getvalue())
        refused = subprocess.run(["docker", "push", name], env=env, capture_output=True, timeout=120)
        assert refused.returncode != 0
        docker("login", "--username", "AWS", "--password-stdin", f"localhost:{door.port}", given=b"ada")
        docker("push", name)
        docker("rmi", name)
        docker("pull", name)
        assert docker("image", "inspect", "--format", "{{.Id}}", name) == id
        digest = docker("image", "inspect", "--format", "{{index .RepoDigests 0}}", name)
        docker("pull", digest)
    finally:
        subprocess.run(["docker", "rmi", "--force", name], env=env, capture_output=True, timeout=60)
