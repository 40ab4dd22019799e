"""The Session Manager plugin's end of a session, written a second time, so that nothing is its own judge.

It behaves as the plugin does, its habits included: while it is not ready for output it drops it without
acknowledging it (src/datachannel/streaming.go), and it prints whatever a payload is.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import struct
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import aiohttp


class Refused(Exception):
    """The door was closed before the session began."""


@dataclass
class Plugin:
    """`await plugin.open(session)`, then `type`, `until`, and `end` to hear how it was closed."""

    drops: int = 0
    screen: bytes = b""
    shaken: bool = False
    closed: dict[str, Any] | None = None
    session_type: str = ""
    acknowledged: set[int] = field(default_factory=set)
    _expected: int = 0
    _number: int = 0
    _early: dict[int, bytes] = field(default_factory=dict)

    async def open(self, session: dict[str, str]) -> None:
        """Connect to `streamUrl` with `tokenValue`; Refused where that is no good."""
        self._http = aiohttp.ClientSession()
        self._socket = await self._http.ws_connect(session["streamUrl"])
        hello = {"MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4()), "ClientVersion": "1.2.0.0"}
        token = {"TokenValue": session["tokenValue"], "ClientId": str(uuid.uuid4())}
        await self._socket.send_str(json.dumps(hello | token))
        await self.until(lambda: self.shaken)

    async def type(self, text: bytes) -> None:
        await self._send(1, text)

    async def resize(self, columns: int, rows: int) -> None:
        await self._send(3, json.dumps({"cols": columns, "rows": rows}).encode())

    async def terminate(self) -> None:
        await self._send(10, struct.pack(">I", 2))

    async def until(self, holds: Any, seconds: float = 20) -> None:
        """Take messages until `holds()`, or until bytes have been shown."""
        is_there = holds if callable(holds) else lambda: holds in self.screen
        async with asyncio.timeout(seconds):
            while not is_there():
                if not await self._take():
                    raise Refused(f"closed: {self._socket.close_code}; on the screen: {self.screen!r}")

    async def end(self) -> dict[str, Any]:
        """Take all that still comes; what channel_closed says."""
        await self.until(lambda: self.closed is not None)
        await self.hang_up()
        assert self.closed is not None
        return self.closed

    async def hang_up(self) -> None:
        await self._socket.close()
        await self._http.close()

    async def _take(self) -> bool:
        message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.BINARY:
            return False
        raw = message.data
        (head,) = struct.unpack_from(">I", raw)
        kind = raw[4:36].decode().strip()
        (number,) = struct.unpack_from(">q", raw, 48)
        payload = raw[head + 4 :]
        assert hashlib.sha256(payload).digest() == raw[80:112]
        assert struct.unpack_from(">I", raw, head)[0] == len(payload)
        if kind == "acknowledge":
            self.acknowledged.add(json.loads(payload)["AcknowledgedMessageSequenceNumber"])
        elif kind == "channel_closed":
            self.closed = json.loads(payload)
        elif kind == "output_stream_data":
            await self._output(number, raw)
        return True

    async def _output(self, number: int, raw: bytes) -> None:
        if number == self._expected and self.shaken and self.drops:
            self.drops -= 1
            return
        if number >= self._expected:
            self._early[number] = raw
        await self._acknowledge(number, raw)
        while self._expected in self._early:
            await self._show(self._early.pop(self._expected))
            self._expected += 1

    async def _show(self, raw: bytes) -> None:
        (kind,), payload = struct.unpack_from(">I", raw, 112), raw[120:]
        if kind == 5:
            action = json.loads(payload)["RequestedClientActions"][0]
            self.session_type = action["ActionParameters"]["SessionType"]
            done = {"ActionType": action["ActionType"], "ActionStatus": 1, "ActionResult": None, "Error": ""}
            answer = {"ClientVersion": "1.2.0.0", "ProcessedClientActions": [done], "Errors": None}
            await self._send(6, json.dumps(answer).encode())
        elif kind == 7:
            assert "HandshakeTimeToComplete" in json.loads(payload)
            self.shaken = True
        else:
            self.screen += payload

    async def _acknowledge(self, number: int, raw: bytes) -> None:
        said = {
            "AcknowledgedMessageType": "output_stream_data",
            "AcknowledgedMessageId": str(uuid.UUID(bytes=raw[72:80] + raw[64:72])),
            "AcknowledgedMessageSequenceNumber": number,
            "IsSequentialMessage": True,
        }
        await self._socket.send_bytes(pack("acknowledge", json.dumps(said).encode(), flags=3))

    async def _send(self, kind: int, payload: bytes) -> None:
        await self._socket.send_bytes(pack("input_stream_data", payload, kind, self._number))
        self._number += 1


def pack(name: str, payload: bytes, kind: int = 0, number: int = 0, flags: int = 0) -> bytes:
    """A message as the plugin makes it."""
    now, digest = int(time.time() * 1000), hashlib.sha256(payload).digest()
    head = struct.pack(">I32sIQqQ", 116, name.encode().ljust(32), 1, now, number, flags)
    return head + uuid.uuid4().bytes + digest + struct.pack(">II", kind, len(payload)) + payload
