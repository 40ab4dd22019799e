"""The name server: reads a snapshot file, answers over UDP and TCP, forwards what is not ours.

It needs nobody: with the daemon dead it goes on answering from the last snapshot. A change is noticed by
SIGHUP at once, and without one by the file's own stamp a quarter of a second later at most.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path

from dns.exception import DNSException

from bambe.engines.dns.aliases import question_for, with_addresses
from bambe.engines.dns.answers import book_of
from bambe.engines.dns.forwarding import Forwarder
from bambe.engines.dns.snapshot import Snapshot, read
from bambe.engines.dns.wire import (
    SERVFAIL,
    Alias,
    Answers,
    Malformed,
    Question,
    Rendered,
    parse,
    refuse,
    respond,
)

LOOK_AGAIN = 0.25
BATCH = 64
TCP_LIMIT = 65535
TCP_IDLE = 10.0
TCP_CLIENTS = 256
IP_FREEBIND = 15


class Server:
    """Answers from the newest snapshot in `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] = (0, 0)
        self._snapshot = self._load()
        self._answers = _answers(self._snapshot)
        self._forwarder = Forwarder(self._snapshot.address)
        self._tasks: set[asyncio.Task[None]] = set()
        self._clients = 0

    async def run(self) -> None:
        """Serve until SIGTERM."""
        loop = asyncio.get_running_loop()
        over = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, over.set)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        place = (self._snapshot.address, self._snapshot.port)
        udp, tcp = _bound(place, socket.SOCK_DGRAM), _bound(place, socket.SOCK_STREAM)
        loop.add_reader(udp.fileno(), self._readable, udp)
        server = await asyncio.start_server(self._connected, sock=tcp)
        self._watch(loop)
        async with server:
            await over.wait()
        loop.remove_reader(udp.fileno())
        udp.close()

    def reload(self) -> None:
        """Take the snapshot if it has changed; one that cannot be read leaves us as we are."""
        with suppress(OSError, ValueError):
            if _stamp(self._path) != self._stamp:
                self._snapshot = self._load()
                self._answers = _answers(self._snapshot)

    def _load(self) -> Snapshot:
        stamp = _stamp(self._path)
        snapshot = read(self._path)
        self._stamp = stamp
        return snapshot

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        self.reload()
        loop.call_later(LOOK_AGAIN, self._watch, loop)

    def _readable(self, udp: socket.socket) -> None:
        """Answer what has arrived; a batch per turn of the loop."""
        for _ in range(BATCH):
            try:
                query, client = udp.recvfrom(4096)
            except OSError:
                return
            answer = self._answers.ready(query) or self._at_once(query)
            if isinstance(answer, bytes):
                _send(udp, answer, client)
            elif answer is not None:
                self._later(self._reply_later(udp, query, answer, client))

    def _at_once(self, query: bytes, limit: int = 0) -> bytes | tuple[Question, Alias | None] | None:
        """The response, None for silence, or the question whose answer needs somebody else."""
        try:
            question = parse(query)
        except Malformed as error:
            return None if error.code is None else refuse(query, error.code)
        try:
            found = self._answers.answer(question)
        except DNSException:
            found = _FAILED
        if isinstance(found, Rendered):
            if not limit:
                self._answers.remember(query, question)
            return respond(question, found, limit=limit or question.room)
        return question, found

    async def _ask_others(
        self, query: bytes, question: Question, alias: Alias | None, *, tcp: bool = False
    ) -> bytes:
        if alias is None:
            answer = await self._forwarder.ask(query, tcp=tcp)
            return answer or respond(question, _FAILED, limit=TCP_LIMIT, ours=False)
        return respond(question, await self._follow(question, alias), limit=TCP_LIMIT)

    async def _follow(self, question: Question, alias: Alias) -> Rendered:
        """A CNAME with the addresses of its target, ours or not; alone when nobody knows them."""
        asked = question_for(alias, question.type)
        answer = self._at_once(asked, TCP_LIMIT)
        if isinstance(answer, tuple):
            answer = await self._forwarder.ask(asked) if answer[1] is None else None
        return with_addresses(alias.record, answer)

    async def _reply_later(
        self, udp: socket.socket, query: bytes, asked: tuple[Question, Alias | None], client: object
    ) -> None:
        answer = await self._ask_others(query, *asked)
        if len(answer) > asked[0].room:
            answer = respond(asked[0], _TOO_LONG, limit=0, ours=False)
        _send(udp, answer, client)

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """TCP: each message after its length, several on one connection (RFC 7766)."""
        self._clients += 1
        try:
            while self._clients <= TCP_CLIENTS:
                async with asyncio.timeout(TCP_IDLE):
                    query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                answer = self._at_once(query, TCP_LIMIT)
                if isinstance(answer, tuple):
                    answer = await self._ask_others(query, *answer, tcp=True)
                if answer is None:
                    break
                writer.write(len(answer).to_bytes(2, "big") + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, TimeoutError, OSError):
            pass
        finally:
            self._clients -= 1
            writer.close()


_FAILED = Rendered((0, 0, 0), b"", SERVFAIL)
_TOO_LONG = Rendered((0, 0, 0), b"")


def _answers(snapshot: Snapshot) -> Answers:
    return Answers(book_of(snapshot.zones), snapshot.version)


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_ino, found.st_mtime_ns


def _bound(place: tuple[str, int], kind: socket.SocketKind) -> socket.socket:
    """Bound even while the bridge is away: the Docker daemon may come after us."""
    family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    made = socket.socket(family, kind | socket.SOCK_NONBLOCK)
    if family == socket.AF_INET:
        made.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    if kind == socket.SOCK_STREAM:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    else:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    made.bind(place)
    return made


def _send(udp: socket.socket, answer: bytes, client: object) -> None:
    """A lost packet is asked for again by the client."""
    with suppress(OSError):
        udp.sendto(answer, client)  # type: ignore[call-overload]
