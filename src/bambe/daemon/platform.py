"""The wiring: builds everything, starts it in order, stops it in reverse.

start: state -> store -> API answers -> (in the background) everything is imported -> registry and git
       answer -> loops of the store -> engines -> inner door -> loops of the engines
stop:  sessions -> inner and outer doors -> loops -> engines let go -> store

Importing all of Bambe takes longer than the rest of a start, so what the first answer does not need
is imported behind it, here and in `daemon.engines`.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import shutil
import tempfile
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bambe import __version__
from bambe.daemon.doors import LaterApp
from bambe.daemon.loops import Loops
from bambe.daemon.options import INNER_NAME, Options
from bambe.daemon.state import StateDirectory
from bambe.edge.app import App
from bambe.edge.credentials import KeyRing
from bambe.edge.dispatch import Dispatcher
from bambe.edge.server import Server
from bambe.kernel.call import Caller, Site
from bambe.kernel.clock import SystemClock
from bambe.kernel.ids import hex_id
from bambe.services import discover
from bambe.services.ecs.session import PATH as SESSIONS
from bambe.services.sts.sessions import find_session
from bambe.store import Database
from bambe.wire import Models

if TYPE_CHECKING:
    from bambe.daemon.engines import Engines
    from bambe.daemon.inside import InsideDoor
    from bambe.edge.sessions import SessionsApp
    from bambe.engines.containers.port import Network

log = logging.getLogger("bambe.daemon")


class Platform:
    """One daemon, whole."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._scratch = Path(tempfile.mkdtemp(prefix="bambe-")) if options.state is None else None
        self.directory = StateDirectory(options.state or self._scratch or Path())
        self.clock = SystemClock(options.scale)
        self._background: asyncio.Task[None] | None = None
        self._doors = {"/v2": LaterApp(), "/git": LaterApp(), SESSIONS: LaterApp()}
        self.engines: Engines | None = None
        self._inside: InsideDoor | None = None
        self._sessions: SessionsApp | None = None
        self.ready = False
        self._failure = ""

    async def start(self) -> None:
        """Answer API calls; the engines follow in the background."""
        self.directory.open()
        options, state = self._options, self.directory.path
        self.services = discover()
        self.store = Database(None if options.ephemeral else state / "bambe.db")
        await self.store.start(m for service in self.services.values() for m in service.migrations)
        self.server = Server()
        port = await self.server.bind(options.host, options.port)
        self.site = self._site(port)
        self.models = Models(self.services, self._operations)
        self.dispatcher = Dispatcher(self.services, self.models, self.store, self.clock, self.site)
        self.keyring = self._keyring()
        self.loops = Loops(self.services, self.store, self.clock)
        await self.server.start(self._app())
        self.directory.announce(
            endpoint=self.site.endpoint,
            port=self.port,
            instance=self.directory.instance,
            region=self.site.region,
            scale=self.clock.scale,
        )
        self._background = asyncio.create_task(self._bring_up(), name="bringing up")

    def _operations(self, service: str) -> Container[str]:
        """What can be called of a service."""
        return self.services[service].operations if service in self.services else ()

    async def stop(self) -> None:
        """Stop in reverse; tasks, traffic and names go on without us (an ephemeral daemon's end)."""
        if self._sessions is not None:
            await self._sessions.stop()
        await self.server.stop()
        if self._inside is not None:
            await self._inside.close()
        if self._background is not None:
            self._background.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._background
        await self.loops.stop()
        if self.engines is not None and self._scratch is not None and self.engines.network is not None:
            await self.engines.remove_everything()
        elif self.engines is not None:
            await self.engines.stop()
        await self.store.stop()
        self.directory.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    async def remove(self) -> None:
        """Remove all that a stopped daemon of this state directory left running."""
        self.directory.open()
        await self._make_engines().remove_everything()
        self.directory.close()

    async def reset(self) -> None:
        """Empty an ephemeral daemon: every table, and through the loops everything they made."""
        before = await self.loops.keys()
        await self.store.reset()
        for runner, keys in before:
            runner.wake(keys)

    def health(self) -> dict[str, Any]:
        """What /_bambe/health answers."""
        return {
            "ready": self.ready,
            "waiting_for": "" if self.ready else self._waiting_for(),
            "instance": self.directory.instance,
            "version": __version__,
            "ephemeral": self._options.ephemeral,
            "scale": self.clock.scale,
            "services": sorted(self.services),
        }

    async def _bring_up(self) -> None:
        try:
            await asyncio.to_thread(self._read)
            engines = self.engines = self._make_engines()
            self._open_doors(engines)
            self.loops.start(parts := self._parts(engines))
            if self._options.engines:
                await self._bring_up_engines(engines, parts)
        except Exception as error:
            log.exception("the platform cannot be brought up")
            self._failure = f"it cannot be brought up: {error}; daemon.log has more"
            return
        self.ready = True
        log.info("ready: %s", self.site.endpoint)

    async def _bring_up_engines(self, engines: Engines, parts: dict[str, Any]) -> None:
        parts |= await engines.start(self.clock)
        network = engines.network
        if network is not None and not self._options.any_credentials:
            await self.server.add(network.gateway, self.port)
            await self._open_inside(network)
        self.loops.start(parts)

    async def _open_inside(self, network: Network) -> None:
        from bambe.daemon.inside import InsideDoor

        aws = self.dispatcher.aws(self._caller())
        self._inside = InsideDoor(network, self.store, self.clock, aws)
        await self._inside.open()

    def _read(self) -> None:
        """Import what nobody has asked for yet."""
        importlib.import_module("bambe.daemon.engines")
        for service in self.services.values():
            service.read()

    def _waiting_for(self) -> str:
        if self._failure or self.engines is None:
            return self._failure or "reading the services"
        return self.engines.waiting_for

    def _site(self, port: int) -> Site:
        self.port = port
        host = "localhost" if self._options.host in ("127.0.0.1", "0.0.0.0") else self._options.host
        return Site(
            endpoint=f"http://{host}:{port}",
            inner_endpoint=f"http://{INNER_NAME}:{port}",
            registry=f"localhost:{port}",
            state=str(self.directory.path),
            account=self._options.account,
            region=self._options.region,
        )

    def _keyring(self) -> KeyRing:
        return KeyRing(
            None if self._options.ephemeral else self.directory.path,
            account=self._options.account,
            region=self._options.region,
            find_session=lambda access_key: find_session(self.store, access_key),
            any_credentials=self._options.any_credentials,
        )

    def _make_engines(self) -> Engines:
        from bambe.daemon.engines import engines

        self._hook_token = hex_id(40)
        return engines(
            self.directory.instance, self.directory.path, lambda: self.site.endpoint, self._hook_token
        )

    def _app(self) -> App:
        return App(
            self.dispatcher,
            self.models,
            self.keyring,
            self.clock,
            mounts=self._doors,
            health=self.health,
            reset=self.reset if self._options.ephemeral else None,
        )

    def _open_doors(self, engines: Engines) -> None:
        from bambe.daemon.policies import EcrPolicy, GitDoor, Pushes, Sessions, SessionsApp

        pushes = Pushes(self.store, self.clock, engines.git, self.site)
        self._doors["/v2"].open(engines.registry.app(EcrPolicy(self.store, self.clock)))
        self._doors["/git"].open(engines.git.app(GitDoor(self.keyring, pushes, engines.git)))
        sessions = Sessions(self.store, self.clock, engines.containers)
        self._sessions = SessionsApp(sessions, self.clock)
        self._doors[SESSIONS].open(self._sessions)

    def _caller(self) -> Caller:
        """As whom the house itself calls."""
        principal = f"arn:aws:iam::{self.site.account}:role/aws-service-role/bambe"
        return Caller(self.site.account, self.site.region, principal)

    def _parts(self, engines: Engines) -> dict[str, Any]:
        return {
            "store": self.store,
            "clock": self.clock,
            "site": self.site,
            "aws": self.dispatcher.aws(self._caller()),
            "registry": engines.registry,
            "git": engines.git,
            "resources": {r.name: r for s in self.services.values() for r in s.resources},
        }
