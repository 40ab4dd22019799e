"""The door that tasks have at 169.254.170.2: opened with the engines, and kept open."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from bambe.edge.inside import InsideApp
from bambe.edge.server import Server
from bambe.engines.containers.link_local import LINK_LOCAL, have_link_local
from bambe.engines.containers.port import Network
from bambe.kernel.call import Aws, Store
from bambe.kernel.clock import Clock
from bambe.kernel.errors import BambeError
from bambe.services.ecs.inside import Inside

log = logging.getLogger("bambe.daemon")

PORT = 80
LOOK_AGAIN = 15.0
"""Seconds: the Docker daemon drops the address when it restarts."""


class InsideDoor:
    """Listens on the bridge of `network` only."""

    def __init__(self, network: Network, store: Store, clock: Clock, aws: Aws) -> None:
        self._network = network
        self._clock = clock
        self._server = Server(device=network.bridge)
        self._app = InsideApp(Inside(store, clock, aws, network.subnet).answer)
        self._keeper: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Answer tasks; where the address cannot be had, tasks go without, and the log says so."""
        try:
            await have_link_local(self._network.bridge)
            await self._server.bind(LINK_LOCAL, PORT)
        except BambeError as error:
            log.warning("tasks get neither metadata nor credentials: %s", error)
            return
        await self._server.start(self._app)
        self._keeper = asyncio.create_task(self._keep(), name="link-local address")

    async def close(self) -> None:
        """Stop answering; the address goes with the bridge."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        await self._server.stop()

    async def _keep(self) -> None:
        while True:
            await self._clock.sleep(LOOK_AGAIN)
            with contextlib.suppress(BambeError):
                await have_link_local(self._network.bridge)
