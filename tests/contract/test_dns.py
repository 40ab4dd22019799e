"""What every name server promises, the fake and the real process alike."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import dns.asyncquery
import dns.message
import dns.rdatatype
import pytest

from bambe.engines.dns.port import Dns, Instance, Name, Zones
from bambe.engines.dns.process import DnsServer
from bambe.kernel.errors import Unavailable
from tests.fakes.dns import FakeDns

ADDRESS = "127.0.23.1"


def free_port() -> int:
    """A port nobody has, for TCP and UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


@dataclass
class Rig:
    """A name server and a way to ask it."""

    dns: Dns
    port: int

    async def start(self) -> None:
        await self.dns.start(ADDRESS, self.port)

    async def records(self, name: str, kind: str = "A") -> list[str]:
        if isinstance(self.dns, FakeDns):
            return self.dns.records(name, kind)
        answer = await dns.asyncquery.udp(dns.message.make_query(name, kind), ADDRESS, 2, self.port)
        wanted = dns.rdatatype.from_text(kind)
        return sorted(d.to_text() for found in answer.answer if found.rdtype == wanted for d in found)


@pytest.fixture(params=["fake", "process"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(FakeDns() if request.param == "fake" else DnsServer(tmp_path), free_port())
    await made.start()
    yield made
    await made.dns.remove_everything()


def zones(*addresses: str, name: str = "orders.shop.local") -> Zones:
    instances = tuple(Instance(f"i{n}", ipv4=address, port=80) for n, address in enumerate(addresses))
    return Zones(("shop.local",), (Name(name, "MULTIVALUE", {"A": 10, "SRV": 10}, instances),))


async def test_names_resolve_as_soon_as_apply_returns(rig: Rig) -> None:
    for address in ("10.0.0.1", "10.0.0.2"):
        await rig.dns.apply("servicediscovery", zones(address))
        assert await rig.records("orders.shop.local") == [address]
    assert await rig.records("i0.orders.shop.local") == ["10.0.0.2"]
    assert await rig.records("orders.shop.local", "SRV") == ["1 1 80 i0.orders.shop.local."]


async def test_names_go_as_soon_as_apply_returns(rig: Rig) -> None:
    await rig.dns.apply("servicediscovery", zones("10.0.0.1"))
    await rig.dns.apply("servicediscovery", zones())
    assert await rig.records("orders.shop.local") == []


async def test_sources_add_up_and_replace_only_themselves(rig: Rig) -> None:
    await rig.dns.apply("servicediscovery", zones("10.0.0.1"))
    await rig.dns.apply("elbv2", Zones(hosts={"shop.elb.bambe": ("127.0.1.1",)}))
    await rig.dns.apply("daemon", Zones(hosts={"api.bambe": ("127.0.0.1", "::1")}))
    assert await rig.records("orders.shop.local") == ["10.0.0.1"]
    assert await rig.records("SHOP.elb.Bambe") == ["127.0.1.1"]
    assert await rig.records("api.bambe", "AAAA") == ["::1"]
    await rig.dns.apply("elbv2", Zones())
    assert await rig.records("api.bambe") == ["127.0.0.1"]
    assert await rig.records("orders.shop.local") == ["10.0.0.1"]


async def test_telling_it_the_same_again_is_free(rig: Rig) -> None:
    for _ in range(3):
        await rig.dns.apply("servicediscovery", zones("10.0.0.1", "10.0.0.2"))
    assert await rig.records("orders.shop.local") == ["10.0.0.1", "10.0.0.2"]


async def test_what_it_was_told_outlives_a_stop(rig: Rig) -> None:
    await rig.dns.apply("servicediscovery", zones("10.0.0.1"))
    await rig.dns.stop()
    assert await rig.records("orders.shop.local") == ["10.0.0.1"]
    await rig.start()
    await rig.dns.apply("elbv2", Zones(hosts={"shop.elb.bambe": ("127.0.1.1",)}))
    assert await rig.records("orders.shop.local") == ["10.0.0.1"]


async def test_it_must_be_started_to_be_told(rig: Rig) -> None:
    await rig.dns.remove_everything()
    with pytest.raises(Unavailable):
        await rig.dns.apply("servicediscovery", zones("10.0.0.1"))


async def test_it_can_begin_anew_after_everything_was_removed(rig: Rig) -> None:
    await rig.dns.apply("daemon", Zones(("shop.local",), hosts={"api.shop.local": ("127.0.0.1",)}))
    await rig.dns.remove_everything()
    await rig.dns.remove_everything()
    await rig.start()
    await rig.dns.apply("servicediscovery", zones("10.0.0.1"))
    assert await rig.records("api.shop.local") == []


async def test_many_changes_at_once_all_become_true(rig: Rig) -> None:
    hosts = [Zones(hosts={f"h{n}.test": (f"127.0.0.{n}",)}) for n in range(1, 9)]
    await asyncio.gather(*(rig.dns.apply(f"source{n}", told) for n, told in enumerate(hosts)))
    for n in range(1, 9):
        assert await rig.records(f"h{n}.test") == [f"127.0.0.{n}"]
