"""Which subnet an installation gets."""

from __future__ import annotations

from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from bambe.engines.containers.network import CANDIDATES, bridge_name, free_subnets, parse_routes

ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
vpn0\t0000C80A\t00000000\t0001\t0\t0\t0\t0000FEFF\t0\t0\t0
"""


def test_routes_of_the_machine_are_read_without_the_default() -> None:
    assert parse_routes(ROUTES) == [IPv4Network("172.17.0.0/16"), IPv4Network("10.200.0.0/15")]


def test_the_first_free_subnet_is_taken() -> None:
    assert next(free_subnets([])) == IPv4Network("10.200.0.0/16")
    assert next(free_subnets(parse_routes(ROUTES))) == IPv4Network("10.202.0.0/16")
    assert list(free_subnets([IPv4Network("10.0.0.0/8")])) == []


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(8, 32)), max_size=8))
def test_a_free_subnet_overlaps_nothing(used: list[tuple[int, int]]) -> None:
    networks = [IPv4Network(pair, strict=False) for pair in used]
    free = list(free_subnets(networks))
    assert all(not f.overlaps(u) for f in free for u in networks)
    assert set(free) | {c for c in CANDIDATES if any(c.overlaps(u) for u in networks)} == set(CANDIDATES)


def test_bridges_have_names_of_their_own_that_linux_takes() -> None:
    names = {bridge_name(f"instance-{n}") for n in range(50)}
    assert len(names) == 50
    assert all(len(name) <= 15 for name in names)
