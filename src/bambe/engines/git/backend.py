"""One HTTP request handed to `git http-backend` (CGI, RFC 3875), streamed both ways.

https://git-scm.com/docs/git-http-backend. The program itself inflates gzipped requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from bambe.engines.git.hook import HOOKS
from bambe.engines.git.program import Running, environment, start

log = logging.getLogger("bambe.git")

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

CHUNK = 64 * 1024
PASSED = {
    "content-type": "CONTENT_TYPE",
    "content-length": "CONTENT_LENGTH",
    "content-encoding": "HTTP_CONTENT_ENCODING",
    "git-protocol": "GIT_PROTOCOL",
}


def variables(
    root: Path, repository: str, service: str, user: str, scope: Mapping[str, Any]
) -> dict[str, str]:
    """The request as CGI variables, beside git's own environment."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return {
        **environment({"core.hooksPath": str(root / HOOKS)}),
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repository}.git/{service}",
        "REQUEST_METHOD": scope["method"],
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "REMOTE_USER": user,
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "BAMBE_REPOSITORY": repository,
        **{variable: headers[name] for name, variable in PASSED.items() if name in headers},
    }


async def serve(variables: Mapping[str, str], receive: Receive, send: Send) -> None:
    """Run the program on this request. A reader that hangs up ends it; a push that came whole goes on."""
    running = await start("http-backend", variables=variables)
    reading = not variables["PATH_INFO"].endswith("/git-receive-pack")
    feeding = asyncio.create_task(_feed(running, receive, reading))
    listening = asyncio.create_task(_listen(running.stderr, variables["PATH_INFO"]))
    try:
        await _answer(running.stdout, send)
        await running.wait()
    finally:
        feeding.cancel()
        await running.end()
        await asyncio.gather(feeding, listening, return_exceptions=True)


async def _feed(running: Running, receive: Receive, reading: bool) -> None:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            await running.end()
            return
        more = message.get("more_body", False)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            running.stdin.write(message.get("body", b""))
            await running.stdin.drain()
    running.stdin.close()
    while reading:
        if (await receive())["type"] == "http.disconnect":
            await running.end()
            return


async def _answer(stdout: asyncio.StreamReader, send: Send) -> None:
    status, headers = await _head(stdout)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    while chunk := await stdout.read(CHUNK):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _head(stdout: asyncio.StreamReader) -> tuple[int, Headers]:
    status, headers, ended = 200, [], False
    while line := await stdout.readline():
        if ended := not line.strip():
            break
        name, _, value = line.strip().partition(b":")
        if name.lower() == b"status":
            status = int(value.split()[0])
        else:
            headers.append((name.lower(), value.strip()))
    return (status if ended else 500), headers


async def _listen(stderr: asyncio.StreamReader, path: str) -> None:
    while line := await stderr.readline():
        log.warning("%s: %s", path, line.decode(errors="replace").rstrip())
