"""Envoy's admin pages, asked over the unix socket it has in the state directory."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import os
import socket
import tempfile
from pathlib import Path

from bambe.engines.proxy.conditions import Json
from bambe.kernel.errors import Unavailable

# sun_path holds 108 bytes with its final zero (unix(7)).
LONGEST = 107
TIMEOUT = 3.0


def socket_path(root: Path) -> Path:
    """Where the socket is: below `root`, or in a short private directory when that path is too long."""
    wanted = root / "admin.sock"
    if len(os.fsencode(wanted)) <= LONGEST:
        return wanted
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"bambe-{os.getuid()}-{name}" / "admin.sock"


class Admin:
    """Reads pages; Unavailable when nobody answers."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make the socket's directory, ours alone."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.path.parent.lstat().st_uid != os.getuid():
            raise Unavailable(f"{self.path.parent} belongs to somebody else")

    async def page(self, path: str) -> Json:
        """The JSON page at `path`."""
        return await asyncio.to_thread(self._page, path)

    def _page(self, path: str) -> Json:
        connection = _Connection(self.path)
        try:
            connection.request("GET", path)
            answer: Json = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unavailable(f"Envoy does not answer: {error}") from error
        finally:
            connection.close()
        return answer


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("envoy", timeout=TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(str(self._path))
