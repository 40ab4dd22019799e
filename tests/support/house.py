"""The whole control plane in a test: real store and services, fake engines, a manual clock, no sockets."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bambe.control import Runner
from bambe.daemon.wiring import MissingPart, provide
from bambe.edge.dispatch import Dispatcher
from bambe.engines.containers.port import Network as Bridge
from bambe.kernel.call import Aws, Caller, Site
from bambe.kernel.clock import ManualClock
from bambe.services import discover
from bambe.services.ec2.defaults import Network
from bambe.store import Database

ACCOUNT = "000000000000"
REGION = "eu-central-1"
VPC = Network(ACCOUNT, REGION).vpc
SUBNET = Network(ACCOUNT, REGION).subnets[0].id
GROUP = Network(ACCOUNT, REGION).default_group
"""Of the default VPC."""
FAKES = {
    "containers": "FakeContainers",
    "proxy": "FakeProxy",
    "dns": "FakeDns",
    "registry": "FakeRegistry",
    "git": "FakeGit",
    "brokers": "FakeBrokers",
    "images": "FakeImages",
    "courier": "FakeCourier",
}


class AnyModels:
    """Checks nothing; the stand-in until a test asks for the real models."""

    def validate(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return parameters

    def operation(self, service: str, operation: str) -> Any:
        return SimpleNamespace(name=operation)


@cache
def real_models() -> Any:
    """botocore's models, as the daemon uses them; they keep nothing but what they compiled."""
    found = discover()
    return importlib.import_module("bambe.wire").Models(
        found, lambda name: found[name].operations if name in found else ()
    )


class House:
    """`await house.aws.ecs.create_cluster(...)`, then `await house.settle()` or `advance(seconds)`."""

    def __init__(self, state: Path, scale: float = 1.0, **parts: Any) -> None:
        self.clock: ManualClock = parts.get("clock") or ManualClock(scale=scale)
        self.store: Database = parts.get("store") or Database()
        self.site = Site(
            endpoint="http://localhost:4566",
            inner_endpoint="http://bambe.internal:4566",
            registry="localhost:4566",
            state=str(state),
            account=ACCOUNT,
            region=REGION,
        )
        self.caller = Caller(ACCOUNT, REGION, f"arn:aws:iam::{ACCOUNT}:root", "AKIABAMBE")
        self.services = discover()
        self.dispatcher = Dispatcher(self.services, real_models(), self.store, self.clock, self.site)
        self.aws: Aws = self.dispatcher.aws(self.caller)
        self.parts: dict[str, Any] = {
            "store": self.store,
            "clock": self.clock,
            "aws": self.aws,
            "site": self.site,
            "resources": {r.name: r for s in self.services.values() for r in s.resources},
            "network": Bridge("bambe-test", "bam-test", "10.200.0.0/16", "10.200.0.1"),
            **_fakes(self.clock),
            **parts,
        }
        self.runners: dict[str, Runner] = {}

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["parts"][name]
        except KeyError:
            raise AttributeError(name) from None

    async def start(self) -> None:
        await self.store.start(m for s in self.services.values() for m in s.migrations)
        self.restart()

    def restart(self) -> None:
        """As after kill -9 of the daemon: new loops that know only the store and the engines."""
        for service in self.services.values():
            if service.reconcilers is None:
                continue
            try:
                made = provide(service.reconcilers, self.parts)
            except MissingPart:
                continue
            for reconciler in made:
                runner = Runner(reconciler, self.clock)
                self.runners[reconciler.name] = runner
                self.store.listen(runner.changed)

    async def stop(self) -> None:
        await self.store.stop()

    async def settle(self, passes: int = 200) -> None:
        """Run every loop until none has anything to do now."""
        for _ in range(passes):
            for runner in self.runners.values():
                runner.wake(await runner.reconciler.keys())
                await runner.once()
            if all(r.queue.idle for r in self.runners.values()):
                return
        raise AssertionError("the loops do not settle")

    async def advance(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass in steps, with every loop run after each."""
        await self.settle()
        passed = 0.0
        while passed < seconds:
            width = min(step, seconds - passed)
            await self.clock.advance(width)
            passed += width
            await self.settle()


def _fakes(clock: ManualClock) -> dict[str, Any]:
    found = {}
    for part, name in FAKES.items():
        try:
            module = importlib.import_module(f"tests.fakes.{part}")
        except ModuleNotFoundError:
            continue
        found[part] = getattr(module, name)()
    return found
