"""Listening on one or several addresses; more can be added while serving."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from uvicorn import Config
from uvicorn.server import ServerState

from bambe.edge.app import App
from bambe.edge.http import EdgeProtocol
from bambe.kernel.errors import BambeError

BACKLOG = 2048
KEEP_ALIVE_SECONDS = 75


class AddressTaken(BambeError):
    """Another process listens there already."""


class Server:
    """Serves one `App`. Start it with `await server.listen(host, port)`, once per address."""

    def __init__(self, app: App) -> None:
        self._config = Config(
            app,
            http=EdgeProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            proxy_headers=False,
            access_log=False,
            log_config=None,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        self._config.load()
        self._state = ServerState()
        self._listeners: dict[tuple[str, int], asyncio.Server] = {}

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens, with real port numbers."""
        return list(self._listeners)

    async def listen(self, host: str, port: int) -> int:
        """Serve on one more address; port 0 takes a free one. Answers the port."""
        if port and (host, port) in self._listeners:
            return port
        bound = bind(host, port)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._protocol(loop), sock=bound, backlog=BACKLOG)
        taken = int(bound.getsockname()[1])
        self._listeners[host, taken] = server
        return taken

    async def stop(self, grace: float = 5.0) -> None:
        """Accept nothing more, let the requests under way finish for `grace` seconds, close."""
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

    def _under_way(self) -> set[asyncio.Task[None]]:
        tasks = set(self._state.tasks)
        for connection in self._state.connections:
            task = getattr(connection, "under_way", None)
            if task is not None:
                tasks.add(task)
        return tasks

    def _protocol(self, loop: asyncio.AbstractEventLoop) -> Callable[[], EdgeProtocol]:
        return lambda: EdgeProtocol(config=self._config, server_state=self._state, app_state={}, _loop=loop)


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to one address, IPv4 or IPv6; `AddressTaken` names who is in the way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise AddressTaken(f"cannot listen on {host}:{port}: {error.strerror}") from error
    bound.setblocking(False)
    return bound
