"""The door at /_bambe/sessions/ID: a WebSocket to a command in a container, for AWS's own clients.

    client                                          here
    {"TokenValue": ...}               ->            the token is taken, once
                                      <-            handshake request: what kind of session
    handshake response                ->
                                      <-            handshake complete
    input: keys, terminal sizes       <->           output
                                      <-            channel_closed

After the first, text message everything is `wire.agent_message`, acknowledged by the other end. The
connection is the session: when it ends the command is hung up, when the command ends it is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from bambe.edge.conversation import Begin, Conversation
from bambe.kernel.clock import Clock

REFUSED = 1008
"""A policy is violated (RFC 6455, section 7.4.1)."""
ENDED = 1000

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Sessions(Protocol):
    """Who may open which session."""

    async def claim(self, session_id: str, token: str) -> Begin | None:
        """How to begin the session's command; None for a token that does not open it."""
        ...


class SessionsApp:
    """ASGI: one WebSocket is one session."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._open: dict[Conversation, asyncio.Task[None]] = {}

    async def stop(self, grace: float = 2.0) -> None:
        """End every session, telling its client."""
        for conversation in self._open:
            conversation.stop()
        if self._open:
            await asyncio.wait(self._open.values(), timeout=grace)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await _say_upgrade(send)
            return
        await receive()
        await send({"type": "websocket.accept"})
        session_id = scope["path"].rpartition("/")[2]
        begin = await self._sessions.claim(session_id, _token(await receive()))
        if begin is None:
            reason = "The token does not open this session: it is wrong, used or too old."
            await send({"type": "websocket.close", "code": REFUSED, "reason": reason})
            return
        await self._hold(Conversation(session_id, _Frames(receive, send), self._clock), begin)
        # The client may have gone (uvicorn's ClientDisconnected).
        with contextlib.suppress(OSError):
            await send({"type": "websocket.close", "code": ENDED})

    async def _hold(self, conversation: Conversation, begin: Begin) -> None:
        held = self._open[conversation] = asyncio.create_task(conversation.run(begin))
        try:
            with contextlib.suppress(OSError):
                await held
        finally:
            held.cancel()
            del self._open[conversation]


class _Frames:
    """The binary messages of a WebSocket."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def next(self) -> bytes | None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return None
            if message.get("bytes"):
                return bytes(message["bytes"])

    async def send(self, data: bytes) -> None:
        await self._send({"type": "websocket.send", "bytes": data})


def _token(message: Any) -> str:
    """The token in a client's first message (the plugin's OpenDataChannelInput)."""
    try:
        return str(json.loads(message.get("text") or message.get("bytes") or "")["TokenValue"])
    except (ValueError, KeyError, TypeError):
        return ""


async def _say_upgrade(send: Send) -> None:
    body = b"This is the WebSocket of `aws ecs execute-command`.\n"
    headers = [
        (b"content-type", b"text/plain"),
        (b"content-length", str(len(body)).encode()),
        (b"upgrade", b"websocket"),
    ]
    await send({"type": "http.response.start", "status": 426, "headers": headers})
    await send({"type": "http.response.body", "body": body})
