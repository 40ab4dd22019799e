"""The engines of one installation: started in order, told apart by its instance id, removed with it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bambe.daemon.options import INNER_NAME
from bambe.engines.brokers import KafkaBrokers
from bambe.engines.containers.docker import DockerContainers
from bambe.engines.containers.port import Network
from bambe.engines.courier.http import HttpCourier
from bambe.engines.dns.port import Zones
from bambe.engines.dns.process import DnsServer
from bambe.engines.git.repositories import GitRepositories
from bambe.engines.images import BaseImages
from bambe.engines.proxy.envoy import EnvoyProxy
from bambe.engines.registry.files import FileRegistry
from bambe.kernel.clock import Clock
from bambe.kernel.errors import EngineError

log = logging.getLogger("bambe.daemon")

RETRY = 2.0


@dataclass(slots=True)
class Engines:
    """Registry and git work at once; containers, names and traffic once a Docker Engine answers."""

    instance: str
    state: Path
    git: GitRepositories
    registry: FileRegistry
    containers: DockerContainers
    dns: DnsServer
    brokers: KafkaBrokers
    proxy: EnvoyProxy | None = None
    network: Network | None = None
    waiting_for: str = "starting the engines: Docker, DNS, Envoy"

    async def start(self, clock: Clock) -> dict[str, Any]:
        """Try until all run; answer them as parts for reconcilers."""
        while True:
            try:
                return await self._start_all()
            except EngineError as error:
                if self.waiting_for != str(error):
                    log.warning("engines: %s", error)
                self.waiting_for = str(error)
                await clock.sleep(RETRY)

    async def _start_all(self) -> dict[str, Any]:
        network = await self.containers.start()
        self.network = network
        await self.containers.hang_up()
        await self.dns.start(network.gateway)
        inner = (network.gateway,)
        zones = Zones(zones=(INNER_NAME,), hosts={INNER_NAME: inner, f"data-{INNER_NAME}": inner})
        await self.dns.apply("daemon", zones)
        self.proxy = EnvoyProxy(self.state, bridge=network.bridge)
        await self.proxy.start()
        self.waiting_for = ""
        return {
            "containers": self.containers,
            "dns": self.dns,
            "brokers": self.brokers,
            "images": BaseImages(),
            "courier": HttpCourier(),
            "proxy": self.proxy,
            "network": network,
        }

    async def stop(self) -> None:
        """Let go of all; what carries traffic goes on."""
        if self.proxy is not None:
            await self.proxy.stop()
        await self.brokers.stop()
        await self.dns.stop()
        await self.containers.stop()

    async def remove_everything(self) -> None:
        """End and remove all that runs outside the daemon."""
        network = self.network or await self.containers.start()
        proxy = self.proxy or EnvoyProxy(self.state, bridge=network.bridge)
        await proxy.remove_everything()
        await self.brokers.stop()
        await self.dns.remove_everything()
        await self.containers.remove_everything()
        await self.containers.stop()


def engines(instance: str, state: Path, endpoint: Callable[[], str], hook_token: str) -> Engines:
    """The engines of the installation `instance`; git's hooks tell of pushes at `endpoint`."""
    return Engines(
        instance=instance,
        state=state,
        git=GitRepositories(state / "git", hook_url=endpoint, hook_token=hook_token),
        registry=FileRegistry(state / "registry"),
        containers=DockerContainers(instance),
        dns=DnsServer(state),
        brokers=KafkaBrokers(state),
    )
