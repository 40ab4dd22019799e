"""Zones and choices in random worlds: nothing is lost, doubled or made up."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bambe.engines.dns.answers import book_of
from bambe.services.servicediscovery.discovery import FAIL_OPEN, chosen
from bambe.services.servicediscovery.model import Instance, Namespace, NamespaceType, Service
from bambe.services.servicediscovery.zones import Rows, zones

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLACES = st.sampled_from(["1", "2"])
RECORDS = st.sampled_from([{}, {"A": 10}, {"A": 10, "AAAA": 10}, {"SRV": 5}])
ATTRIBUTES = st.dictionaries(st.sampled_from(["version", "zone"]), st.sampled_from(["a", "b"]))


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    spaces = [
        Namespace(draw(PLACES), "r", f"ns-{n}", f"Zone{n}.local", draw(st.sampled_from(NamespaceType)), NOW)
        for n in range(draw(st.integers(0, 3)))
    ]
    services = [
        Service(space.account, "r", f"{space.id}-{n}", space.id, f"s{n}", NOW, records=draw(RECORDS))
        for space in spaces
        for n in range(draw(st.integers(0, 2)))
    ]
    where = {"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INSTANCE_PORT": "80"}
    instances = [
        Instance(service.account, "r", service.id, f"i{n}", where, draw(st.booleans()))
        for service in services
        for n in range(draw(st.integers(0, 3)))
    ]
    return Rows(spaces, services, instances)


@given(rows())
def test_every_name_with_dns_is_told_with_its_own_instances(world: Rows) -> None:
    told = zones(world)
    spaces = {row.id: row for row in world.namespaces if row.type != NamespaceType.HTTP}
    assert set(told.zones) == {row.name.lower() for row in spaces.values()}
    named = [row for row in world.services if row.records and row.namespace in spaces]
    assert [one.name for one in told.names] == [
        f"{row.name}.{spaces[row.namespace].name}".lower() for row in named
    ]
    for row, one in zip(named, told.names, strict=True):
        mine = [(i.id, i.healthy) for i in world.instances if i.service == row.id]
        assert [(i.id, i.healthy) for i in one.instances] == mine
    book_of(told)


@given(
    st.lists(st.tuples(ATTRIBUTES, st.booleans()), max_size=8),
    ATTRIBUTES,
    ATTRIBUTES,
    st.sampled_from(["ALL", "HEALTHY", "UNHEALTHY", FAIL_OPEN]),
    st.integers(1, 10),
)
def test_what_is_discovered_fits(
    made: list[tuple[dict[str, str], bool]],
    query: dict[str, str],
    optional: dict[str, str],
    status: str,
    limit: int,
) -> None:
    every = [Instance("1", "r", "s", f"i{n}", said, healthy) for n, (said, healthy) in enumerate(made)]
    found = chosen(every, query, optional, status, limit)
    assert len({row.id for row in found}) == len(found) <= limit
    fitting = [row for row in every if query.items() <= row.attributes.items()]
    assert all(row in fitting for row in found)
    if status in ("HEALTHY", "UNHEALTHY"):
        assert all(row.healthy == (status == "HEALTHY") for row in found)
    if status in ("ALL", FAIL_OPEN):
        assert bool(found) == bool(fitting)
