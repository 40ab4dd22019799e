"""One HTTP request handed to `git http-backend` (CGI, RFC 3875), streamed both ways.

https://git-scm.com/docs/git-http-backend. The program itself inflates gzipped requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from bambe.engines.git.hook import HOOKS
from bambe.engines.git.program import MISSING, environment
from bambe.kernel.errors import Unavailable

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
    try:
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            env=variables,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise Unavailable(MISSING) from error
    reading = not variables["PATH_INFO"].endswith("/git-receive-pack")
    feeding = asyncio.create_task(_feed(process, receive, reading))
    listening = asyncio.create_task(_listen(process, variables["PATH_INFO"]))
    try:
        await _answer(process, send)
        await process.wait()
    finally:
        feeding.cancel()
        if process.returncode is None:
            _kill(process)
        await asyncio.gather(feeding, listening, return_exceptions=True)


async def _feed(process: asyncio.subprocess.Process, receive: Receive, reading: bool) -> None:
    stdin = process.stdin
    assert stdin is not None
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            _kill(process)
            return
        more = message.get("more_body", False)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stdin.write(message.get("body", b""))
            await stdin.drain()
    stdin.close()
    while reading:
        if (await receive())["type"] == "http.disconnect":
            _kill(process)
            return


async def _answer(process: asyncio.subprocess.Process, send: Send) -> None:
    stdout = process.stdout
    assert stdout is not None
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


async def _listen(process: asyncio.subprocess.Process, path: str) -> None:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        log.warning("%s: %s", path, line.decode(errors="replace").rstrip())


def _kill(process: asyncio.subprocess.Process) -> None:
    """End it with the programs it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
