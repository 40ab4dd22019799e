"""The ASGI application at /git: who may come in, which repository is meant, and the hook's own path.

/git/<name>.git/info/refs?service=...   what a client asks first; a push makes the repository here
/git/<name>.git/git-upload-pack         clone and fetch
/git/<name>.git/git-receive-pack        push
/git/-/pushed/<name>                    our hook, with the token
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from bambe.engines.git import backend, hook
from bambe.engines.git.backend import Receive, Send
from bambe.engines.git.names import is_name, place
from bambe.engines.git.port import GitPolicy
from bambe.kernel.errors import NotThere, Unavailable

REALM = "Bambe: access key id and secret access key"
PATH = re.compile(r"/git/(?P<name>.+?)(\.git)?/(?P<service>info/refs|git-upload-pack|git-receive-pack)")
PUSHED = "/git/-/pushed/"
RECEIVE = "git-receive-pack"
SERVICES = ("git-upload-pack", RECEIVE)
NO_SMART = "This is the smart HTTP protocol only: use git 1.6.6 or later.\n"


class GitApp:
    """Smart HTTP over the repositories below `root`."""

    def __init__(
        self,
        root: Path,
        policy: GitPolicy,
        create: Callable[[str], Awaitable[None]],
        prepare: Callable[[], Awaitable[None]],
        token: str,
    ) -> None:
        self._root = root
        self._policy = policy
        self._create = create
        self._prepare = prepare
        self._token = token

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            await self._route(scope, receive, send)
        except Unavailable as error:
            await _say(send, 503, f"{error}\n")

    async def _route(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path.startswith(PUSHED):
            await self._pushed(path.removeprefix(PUSHED), scope, send)
            return
        user = await self._user(scope)
        if user is None:
            await _say(send, 401, "Sign in.\n", [(b"www-authenticate", f'Basic realm="{REALM}"'.encode())])
            return
        found = PATH.fullmatch(path)
        if found is None or not is_name(found["name"]):
            await _say(send, 404, "There is no such repository.\n")
            return
        await self._serve(found["name"], found["service"], user, scope, receive, send)

    async def _serve(
        self,
        name: str,
        service: str,
        user: str,
        scope: MutableMapping[str, Any],
        receive: Receive,
        send: Send,
    ) -> None:
        wanted = service
        if service == "info/refs":
            asked = parse_qs(scope["query_string"].decode("latin-1")).get("service", [""])
            wanted = asked[0]
            if wanted not in SERVICES:
                await _say(send, 403, NO_SMART)
                return
        if wanted == RECEIVE:
            await self._prepare()
            await self._create(name)
        elif not place(self._root, name).is_dir():
            await _say(send, 404, f"There is no repository {name}; a first push makes it.\n")
            return
        await backend.serve(backend.variables(self._root, name, service, user, scope), receive, send)

    async def _user(self, scope: MutableMapping[str, Any]) -> str | None:
        kind, _, coded = _header(scope, "authorization").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            user, colon, password = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
        except ValueError:
            return None
        return user if colon and await self._policy.authorize(user, password) else None

    async def _pushed(self, name: str, scope: MutableMapping[str, Any], send: Send) -> None:
        given = _header(scope, hook.TOKEN).encode()
        if scope["method"] != "POST" or not hmac.compare_digest(given, self._token.encode()):
            await _say(send, 403, "Only the hook may say so.\n")
            return
        if not is_name(name) or not place(self._root, name).is_dir():
            await _say(send, 404, "There is no such repository.\n")
            return
        try:
            lines = await self._policy.pushed(name)
        except NotThere:
            lines = []
        await _say(send, 200, json.dumps(lines))


def _header(scope: MutableMapping[str, Any], wanted: str) -> str:
    for name, value in scope["headers"]:
        if name.decode("latin-1").lower() == wanted:
            return str(value.decode("latin-1"))
    return ""


async def _say(send: Send, status: int, text: str, headers: backend.Headers | None = None) -> None:
    body = text.encode()
    told = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode()), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})
