"""The name server's own process: wire details, forwarding, and living on without the daemon."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from bambe.engines.dns.forwarding import Forwarder
from bambe.engines.dns.port import Instance, Name, Zones
from bambe.engines.dns.process import DnsServer
from bambe.engines.dns.snapshot import Snapshot, read, write
from tests.contract.test_dns import ADDRESS, free_port, zones


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def server(tmp_path: Path, port: int) -> AsyncIterator[DnsServer]:
    made = DnsServer(tmp_path)
    await made.start(ADDRESS, port)
    yield made
    await made.remove_everything()


async def ask(port: int, name: str, kind: str = "A", **options: int) -> dns.message.Message:
    query = dns.message.make_query(name, kind, **options)
    return await dns.asyncquery.udp(query, ADDRESS, 3, port)


async def raw(port: int, packet: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as asking:
        await loop.sock_connect(asking, (ADDRESS, port))
        await loop.sock_sendall(asking, packet)
        async with asyncio.timeout(2):
            return await loop.sock_recv(asking, 4096)


def pid(state: Path) -> int:
    return int((state / "dns/dns.pid").read_text().split()[0])


async def test_answers_are_authoritative_and_keep_the_spelling(server: DnsServer, port: int) -> None:
    await server.apply("a", zones("10.0.0.1"))
    answer = await ask(port, "oRdErS.Shop.LOCAL")
    assert answer.flags & dns.flags.AA
    assert answer.question[0].name.to_text() == "oRdErS.Shop.LOCAL."
    assert answer.answer[0].name.to_text() == "oRdErS.Shop.LOCAL."


async def test_negative_answers_carry_the_zone(server: DnsServer, port: int) -> None:
    await server.apply("a", zones("10.0.0.1"))
    for name, kind, code in (
        ("nobody.shop.local", "A", dns.rcode.NXDOMAIN),
        ("orders.shop.local", "AAAA", dns.rcode.NOERROR),
        ("shop.local", "A", dns.rcode.NOERROR),
    ):
        for _ in range(2):
            answer = await ask(port, name, kind)
            assert (answer.rcode(), answer.answer) == (code, [])
            assert answer.authority[0].name.to_text() == "shop.local."
            assert answer.authority[0].rdtype == dns.rdatatype.SOA
    assert (await ask(port, "shop.local", "SOA")).answer[0].rdtype == dns.rdatatype.SOA


async def test_srv_brings_addresses_along(server: DnsServer, port: int) -> None:
    await server.apply("a", zones("10.0.0.1", "10.0.0.2"))
    answer = await ask(port, "orders.shop.local", "SRV")
    assert {data.to_text() for data in answer.answer[0]} == {
        "1 1 80 i0.orders.shop.local.",
        "1 1 80 i1.orders.shop.local.",
    }
    assert {d.to_text() for found in answer.additional for d in found} == {"10.0.0.1", "10.0.0.2"}


async def test_each_instance_gets_its_turn(server: DnsServer, port: int) -> None:
    await server.apply("a", zones(*(f"10.0.0.{n}" for n in range(1, 13))))
    answers = [(await ask(port, "orders.shop.local")).answer[0] for _ in range(100)]
    assert {len(answer) for answer in answers} == {8}
    assert len({data.to_text() for answer in answers for data in answer}) == 12


async def test_long_answers_are_cut_on_udp_and_whole_on_tcp(server: DnsServer, port: int) -> None:
    long = "i" * 60
    instances = tuple(Instance(f"{long}{n}", ipv4=f"10.0.0.{n}", port=80) for n in range(8))
    name = Name(f"{long}.shop.local", "MULTIVALUE", {"SRV": 10}, instances)
    await server.apply("a", Zones(("shop.local",), (name,)))
    query = dns.message.make_query(name.name, "SRV")
    cut = await dns.asyncquery.udp(query, ADDRESS, 3, port)
    assert cut.flags & dns.flags.TC
    assert cut.answer == []
    answer, by_tcp = await dns.asyncquery.udp_with_fallback(query, ADDRESS, 3, port)
    assert by_tcp
    assert len(answer.answer[0]) == 8


async def test_edns_is_answered_in_kind(server: DnsServer, port: int) -> None:
    await server.apply("a", zones("10.0.0.1"))
    assert (await ask(port, "orders.shop.local", use_edns=0, payload=4096)).payload == 1232
    assert (await ask(port, "orders.shop.local")).edns == -1


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        (b"\x12\x34\x01\x00\0\1\0\0\0\0\0\0\x05abc", dns.rcode.FORMERR),
        (b"\x12\x34\x01\x00\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", dns.rcode.FORMERR),
        (b"\x12\x34\x01\x00\0\0\0\0\0\0\0\0", dns.rcode.FORMERR),
        (b"\x12\x34\x29\x00\0\1\0\0\0\0\0\0\0\0\1\0\1", dns.rcode.NOTIMP),
    ],
)
async def test_nonsense_gets_its_code(server: DnsServer, port: int, packet: bytes, code: int) -> None:
    answer = await raw(port, packet)
    assert answer[:2] == b"\x12\x34"
    assert answer[3] & 0xF == code


async def test_it_goes_on_without_us_and_is_found_again(server: DnsServer, port: int, tmp_path: Path) -> None:
    await server.apply("a", zones("10.0.0.1"))
    await server.apply("b", Zones(hosts={"api.bambe": ("127.0.0.1",)}))
    first = pid(tmp_path)
    successor = DnsServer(tmp_path)
    await successor.start(ADDRESS, port)
    assert pid(tmp_path) == first
    await successor.apply("b", Zones(hosts={"api.bambe": ("127.0.0.2",)}))
    assert (await ask(port, "orders.shop.local")).answer[0][0].to_text() == "10.0.0.1"
    assert (await ask(port, "api.bambe")).answer[0][0].to_text() == "127.0.0.2"
    assert os.getsid(first) == first


async def test_a_pid_file_lost_before_it_was_written_loses_nothing(
    server: DnsServer, port: int, tmp_path: Path
) -> None:
    first = pid(tmp_path)
    (tmp_path / "dns/dns.pid").unlink()
    await DnsServer(tmp_path).start(ADDRESS, port)
    assert pid(tmp_path) == first


async def test_a_pid_given_to_somebody_else_is_never_touched(tmp_path: Path, port: int) -> None:
    (tmp_path / "dns").mkdir()
    (tmp_path / "dns/dns.pid").write_text(f"{os.getpid()} 1\n")
    made = DnsServer(tmp_path)
    await made.start(ADDRESS, port)
    assert pid(tmp_path) != os.getpid()
    await made.remove_everything()


async def test_a_killed_server_comes_back_at_the_next_change(
    server: DnsServer, port: int, tmp_path: Path
) -> None:
    await server.apply("a", zones("10.0.0.1"))
    os.kill(pid(tmp_path), signal.SIGKILL)
    await server.apply("a", zones("10.0.0.1"))
    assert (await ask(port, "orders.shop.local")).answer


async def test_a_change_of_the_file_is_noticed_without_a_signal(
    server: DnsServer, port: int, tmp_path: Path
) -> None:
    await server.apply("a", zones("10.0.0.1"))
    path = tmp_path / "dns/snapshot.json"
    old = read(path)
    write(path, Snapshot(old.address, old.port, "new", zones("10.0.0.9")))
    async with asyncio.timeout(3):
        while (await ask(port, "orders.shop.local")).answer[0][0].to_text() != "10.0.0.9":
            await asyncio.sleep(0.02)


async def test_another_address_moves_the_server(server: DnsServer, tmp_path: Path) -> None:
    await server.apply("a", zones("10.0.0.1"))
    first, other = pid(tmp_path), free_port()
    await server.start(ADDRESS, other)
    assert pid(tmp_path) != first
    assert (await ask(other, "orders.shop.local")).answer


class Upstream(asyncio.DatagramProtocol):
    """Answers 192.0.2.1 to everything, cut short when the name begins with "long"."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, client: tuple[str, int]) -> None:
        self.transport.sendto(answered(data), client)


def answered(data: bytes) -> bytes:
    query = dns.message.from_wire(data)
    answer = dns.message.make_response(query)
    name = query.question[0].name
    answer.answer.append(dns.rrset.from_text(name, 5, "IN", "A", "192.0.2.1"))
    return answer.to_wire()


async def test_other_names_are_forwarded_past_dead_servers(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    upstream, _ = await loop.create_datagram_endpoint(Upstream, ("127.0.23.9", 0))
    used = upstream.get_extra_info("sockname")[1]
    conf = tmp_path / "resolv.conf"
    conf.write_text("search x\nnameserver 127.0.23.1\nnameserver 127.0.23.8\nnameserver 127.0.23.9\n")
    forwarder = Forwarder("127.0.23.1", conf, used)
    assert forwarder.servers() == ("127.0.23.8", "127.0.23.9")
    query = dns.message.make_query("example.test", "A")
    answer = await forwarder.ask(query.to_wire())
    assert answer is not None
    assert dns.message.from_wire(answer).answer[0][0].to_text() == "192.0.2.1"
    assert query.is_response(dns.message.from_wire(answer))
    upstream.close()
    await asyncio.sleep(0)


async def test_without_a_name_server_there_is_no_waiting(tmp_path: Path) -> None:
    forwarder = Forwarder("127.0.23.1", tmp_path / "resolv.conf")
    async with asyncio.timeout(0.5):
        assert await forwarder.ask(dns.message.make_query("example.test", "A").to_wire()) is None


async def test_a_cname_brings_the_addresses_of_its_target(server: DnsServer, port: int) -> None:
    alias = Name("www.shop.local", "WEIGHTED", {"CNAME": 10}, (Instance("i", cname="orders.shop.local"),))
    told = zones("10.0.0.1")
    await server.apply("a", Zones(told.zones, (*told.names, alias)))
    answer = await ask(port, "www.shop.local")
    assert [found[0].to_text() for found in answer.answer] == ["orders.shop.local.", "10.0.0.1"]
