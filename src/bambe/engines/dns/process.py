"""The name server as the daemon sees it: a process found or started, told the truth through a file."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from bambe.engines.dns import version
from bambe.engines.dns.port import Zones
from bambe.engines.dns.snapshot import Snapshot, read, read_zones, write
from bambe.engines.dns.sources import merge
from bambe.kernel.clock import SystemClock, monotonic
from bambe.kernel.detached import Detached
from bambe.kernel.errors import Unavailable

START_PATIENCE = 30.0
PATIENCE = 5.0
QUESTION_TIMEOUT = 0.5


class DnsServer:
    """Implements engines.dns.port.Dns with files below `<state>/dns/`."""

    def __init__(self, state: Path) -> None:
        self._root = state.absolute() / "dns"
        self._sources = self._root / "sources"
        self._snapshot = self._root / "snapshot.json"
        self._clock = SystemClock()
        self._lock = asyncio.Lock()
        self._place: tuple[str, int] | None = None
        command = [sys.executable, "-m", "bambe.engines.dns", str(self._snapshot)]
        self._process = Detached(command, str(self._snapshot), self._root / "dns.pid", self._root / "dns.log")

    async def start(self, address: str, port: int = 53) -> None:
        async with self._lock:
            self._sources.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._listens_at(address, port):
                await self._process.end()
            self._place = (address, port)
            await self._make_true()

    async def stop(self) -> None:
        self._place = None

    async def apply(self, source: str, zones: Zones) -> None:
        async with self._lock:
            if self._place is None:
                raise Unavailable("the name server is not started")
            file = self._sources / f"{source}.json"
            if self._told().get(source) != zones:
                write(file, zones)
            await self._make_true()

    async def remove_everything(self) -> None:
        async with self._lock:
            self._place = None
            await self._process.end()
            shutil.rmtree(self._root, ignore_errors=True)

    async def _make_true(self) -> None:
        """Have the server run and answer from all that was told; returns when it does."""
        assert self._place is not None
        address, port = self._place
        zones = merge(self._told())
        version = hashlib.sha256(msgspec.json.encode(zones)).hexdigest()[:16]
        if self._written() != (address, port, version):
            write(self._snapshot, Snapshot(address, port, version, zones))
        self._process.trim_log()
        if self._process.find() is not None and await self._serving() == version:
            return
        await self._until(None, START_PATIENCE)
        if (pid := self._process.find()) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGHUP)
        await self._until(version, PATIENCE)

    async def _until(self, version: str | None, patience: float) -> None:
        """Wait until the server answers (`version` None), or answers from this version.

        One that is not there is started, but not again and again.
        """
        until, starts = monotonic() + patience, 0
        while True:
            serving = await self._serving()
            if serving is not None and version in (None, serving):
                return
            if self._process.find() is None:
                if starts:
                    raise Unavailable(f"the name server does not start: {self._complaint()}")
                self._process.start()
                starts += 1
            if monotonic() > until:
                raise Unavailable("the name server does not answer")
            await self._clock.sleep(0.002 if serving else 0.02)

    async def _serving(self) -> str | None:
        """The version it answers from, None when it does not answer."""
        assert self._place is not None
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in self._place[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as asking:
            try:
                async with asyncio.timeout(QUESTION_TIMEOUT):
                    await loop.sock_connect(asking, self._place)
                    await loop.sock_sendall(asking, version.QUERY)
                    return version.read(await loop.sock_recv(asking, 512))
            except (OSError, TimeoutError):
                return None

    def _told(self) -> dict[str, Zones]:
        told = {}
        for file in self._sources.glob("*.json"):
            with suppress(msgspec.DecodeError):
                told[file.stem] = read_zones(file)
        return told

    def _written(self) -> tuple[str, int, str] | None:
        try:
            snapshot = read(self._snapshot)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return snapshot.address, snapshot.port, snapshot.version

    def _listens_at(self, address: str, port: int) -> bool:
        written = self._written()
        return written is None or written[:2] == (address, port)

    def _complaint(self) -> str:
        try:
            lines = (self._root / "dns.log").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            lines = []
        return lines[-1] if lines else "it said nothing"
