"""Questions about names that are not ours, passed on to the machine's own name servers."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

RESOLV_CONF = Path("/etc/resolv.conf")
TIMEOUT = 2.0
TRIES = 2
AT_ONCE = 512
TRUNCATED = 0x02


class Forwarder:
    """Asks the name servers of `resolv_conf` in turn, but never `own`, which is us."""

    def __init__(self, own: str, resolv_conf: Path = RESOLV_CONF, port: int = 53) -> None:
        self._own = own
        self._file = resolv_conf
        self._port = port
        self._read_at = -1
        self._servers: tuple[str, ...] = ()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def ask(self, query: bytes, *, tcp: bool = False) -> bytes | None:
        """The first answer to `query` (with its id), or None when nobody answers.

        With `tcp` an answer too long for UDP is asked for again in full.
        """
        if self._places.locked():
            return None
        async with self._places:
            for server in self.servers() * TRIES:
                answer = await self._ask(server, query)
                if answer is not None and tcp and answer[2] & TRUNCATED:
                    answer = await self._ask_tcp(server, query)
                if answer is not None:
                    return answer
        return None

    def servers(self) -> tuple[str, ...]:
        """The name servers; the file is read again when it has changed."""
        try:
            changed = self._file.stat().st_mtime_ns
            if changed != self._read_at:
                self._servers = tuple(s for s in name_servers(self._file.read_text()) if s != self._own)
                self._read_at = changed
        except OSError:
            self._servers = ()
        return self._servers

    async def _ask(self, server: str, query: bytes) -> bytes | None:
        """A socket and an id of its own for each question, so that nobody can guess an answer."""
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        id = os.urandom(2)
        with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as asking:
            try:
                async with asyncio.timeout(TIMEOUT):
                    await loop.sock_connect(asking, (server, self._port))
                    await loop.sock_sendall(asking, id + query[2:])
                    while True:
                        answer = await loop.sock_recv(asking, 65535)
                        if answer[:2] == id and len(answer) >= 12 and answer[2] & 0x80:
                            return query[:2] + answer[2:]
            except (OSError, TimeoutError):
                return None

    async def _ask_tcp(self, server: str, query: bytes) -> bytes | None:
        try:
            async with asyncio.timeout(TIMEOUT):
                reader, writer = await asyncio.open_connection(server, self._port)
                try:
                    writer.write(len(query).to_bytes(2, "big") + query)
                    length = int.from_bytes(await reader.readexactly(2), "big")
                    return await reader.readexactly(length)
                finally:
                    writer.close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return None


def name_servers(text: str) -> list[str]:
    """The addresses after `nameserver` (resolv.conf(5))."""
    lines = (line.split() for line in text.splitlines())
    return [words[1].partition("%")[0] for words in lines if len(words) > 1 and words[0] == "nameserver"]
