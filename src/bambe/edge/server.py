"""Listening on one or several addresses; more can be added while serving."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from bambe.edge.app import App, AsgiApp
from bambe.edge.http import EdgeProtocol
from bambe.kernel.errors import BambeError

BACKLOG = 2048
KEEP_ALIVE_SECONDS = 75


class AddressTaken(BambeError):
    """An address cannot be listened on; the message says which and why."""


class Server:
    """`bind` one or more addresses, `start` with the app, `add` more addresses later, `stop`.

    Binding comes first because whoever builds the app wants to know its port. With `device` it is
    reached through that network interface only, and others may have the same address on theirs.
    """

    def __init__(self, device: str = "") -> None:
        self._device = device
        self._state = ServerState()
        self._bound: list[socket.socket] = []
        self._listeners: dict[tuple[str, int], asyncio.Server] = {}
        self._config: Config | None = None

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens."""
        return list(self._listeners)

    async def bind(self, host: str, port: int) -> int:
        """Take an address without answering yet; port 0 takes a free one. Answers the port."""
        bound = _socket(host, port, self._device)
        self._bound.append(bound)
        return int(bound.getsockname()[1])

    async def start(self, app: App | AsgiApp) -> None:
        """Answer on every bound address."""
        self._config = Config(
            app,
            http=EdgeProtocol if isinstance(app, App) else HttpToolsProtocol,
            ws=_web_socket if isinstance(app, App) else "none",  # type: ignore[arg-type]
            lifespan="off",
            interface="asgi3",
            proxy_headers=False,
            access_log=False,
            log_config=None,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        self._config.load()
        while self._bound:
            await self._listen(self._bound.pop(0))

    async def add(self, host: str, port: int) -> int:
        """Answer on one more address while running; one that is served already stays as it is."""
        if port and (host, port) in self._listeners:
            return port
        bound = _socket(host, port, self._device)
        await self._listen(bound)
        return int(bound.getsockname()[1])

    async def stop(self, grace: float = 5.0) -> None:
        """Accept nothing more, let the requests under way finish for `grace` seconds, close."""
        for bound in self._bound:
            bound.close()
        self._bound.clear()
        for server in self._listeners.values():
            server.close()
        self._listeners.clear()
        for connection in list(self._state.connections):
            connection.shutdown()
        pending = self._under_way()
        if pending:
            _, pending = await asyncio.wait(pending, timeout=grace)
        for task in pending:
            task.cancel()
        for connection in list(self._state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.close()

    async def _listen(self, bound: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        name = bound.getsockname()
        server = await loop.create_server(self._protocol, sock=bound, backlog=BACKLOG)
        self._listeners[name[0], name[1]] = server

    def _under_way(self) -> set[asyncio.Task[None]]:
        tasks = set(self._state.tasks)
        for connection in self._state.connections:
            task = getattr(connection, "under_way", None)
            if task is not None:
                tasks.add(task)
        return tasks

    def _protocol(self) -> HttpToolsProtocol:
        if self._config is None:
            raise BambeError("the server has not been started")
        protocol = EdgeProtocol if isinstance(self._config.app, App) else HttpToolsProtocol
        return protocol(self._config, self._state, {}, _loop=asyncio.get_running_loop())


def _web_socket(*config: Any, **more: Any) -> asyncio.Protocol:
    """uvicorn's WebSocket protocol, imported with the first one: a start needs none."""
    from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

    return WSProtocol(*config, **more)


def _socket(host: str, port: int, device: str) -> socket.socket:
    """A socket bound to one address, IPv4 or IPv6."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        if device:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise AddressTaken(f"cannot use {host}:{port}: {error.strerror}; choose another") from error
    bound.setblocking(False)
    return bound
