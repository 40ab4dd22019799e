"""What the name server answers, written as zones and checked as records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.engines.dns.answers import Answer, NoData, NoName, NotMine, book_of, look_up
from bambe.engines.dns.port import Instance, Name, Zones
from bambe.engines.dns.sources import merge

# name  routing  types (type:ttl, comma)  then per line: "  id address port cname [sick]"
BOOK = """
orders.shop.local MULTIVALUE A:10,AAAA:20
  o1 10.0.0.1
  o2 10.0.0.2 sick
  o3 fd00::3
inventory.shop.local WEIGHTED A:10
  v1 10.0.1.1 sick
  v2 10.0.1.2 sick
ports.shop.local MULTIVALUE SRV:30
  p1 10.0.2.1 8080
  p2 fd00::2 8081
www.shop.local WEIGHTED CNAME:60
  w1 shop.example.org
empty.shop.local MULTIVALUE A:10
deep.a.b.shop.local MULTIVALUE A:10
  d1 10.0.3.1
"""

CASES = [
    ("orders.shop.local", "A", ["10 A 10.0.0.1"]),
    ("ORDERS.Shop.Local.", "A", ["10 A 10.0.0.1"]),
    ("orders.shop.local", "AAAA", ["20 AAAA fd00::3"]),
    ("orders.shop.local", "TXT", NoData("shop.local")),
    ("inventory.shop.local", "A", ["10 A 10.0.1.1"]),
    ("inventory.shop.local", "AAAA", NoData("shop.local")),
    (
        "ports.shop.local",
        "SRV",
        ["30 SRV 1 1 8080 p1.ports.shop.local.", "30 SRV 1 1 8081 p2.ports.shop.local."],
    ),
    ("ports.shop.local", "A", NoData("shop.local")),
    ("p1.ports.shop.local", "A", ["30 A 10.0.2.1"]),
    ("p2.ports.shop.local", "AAAA", ["30 AAAA fd00::2"]),
    ("p2.ports.shop.local", "A", NoData("shop.local")),
    ("o1.orders.shop.local", "A", NoName("shop.local")),
    ("www.shop.local", "CNAME", ["60 CNAME shop.example.org."]),
    ("www.shop.local", "A", ["60 CNAME shop.example.org."]),
    ("empty.shop.local", "A", NoName("shop.local")),
    ("nobody.shop.local", "A", NoName("shop.local")),
    ("shop.local", "A", NoData("shop.local")),
    ("b.shop.local", "A", NoData("shop.local")),
    ("a.b.shop.local", "A", NoData("shop.local")),
    ("c.b.shop.local", "A", NoName("shop.local")),
    ("x.inner.shop.local", "A", NoName("inner.shop.local")),
    ("shop.local.example.org", "A", NotMine()),
    ("local", "A", NotMine()),
    ("api.bambe", "A", ["5 A 127.0.0.1"]),
    ("api.bambe", "AAAA", NoData("api.bambe")),
    ("other.bambe", "A", NotMine()),
]


def instance(line: str) -> Instance:
    id, place, *more = line.split()
    healthy = "sick" not in more
    port = next((int(word) for word in more if word.isdigit()), 0)
    if ":" in place:
        return Instance(id, ipv6=place, port=port, healthy=healthy)
    if place[0].isdigit():
        return Instance(id, ipv4=place, port=port, healthy=healthy)
    return Instance(id, cname=place, healthy=healthy)


def parse(text: str) -> Zones:
    names: list[Name] = []
    for line in filter(None, text.splitlines()):
        if line.startswith(" "):
            last = names.pop()
            names.append(Name(last.name, last.routing, last.ttls, (*last.instances, instance(line))))
        else:
            name, routing, types = line.split()
            ttls = {kind: int(ttl) for kind, _, ttl in (one.partition(":") for one in types.split(","))}
            names.append(Name(name, routing, ttls, ()))
    return Zones(("shop.local", "inner.shop.local"), tuple(names), {"api.bambe": ("127.0.0.1",)})


@pytest.mark.parametrize(("name", "kind", "expected"), CASES)
def test_answers(name: str, kind: str, expected: object) -> None:
    found = look_up(book_of(parse(BOOK)), name, kind)
    if isinstance(found, Answer):
        records = found.choice(0).answer
        assert {record.name for record in records} == {name.lower().rstrip(".")}
        assert [f"{record.ttl} {record.type} {record.data}" for record in records] == expected
    else:
        assert found == expected


def test_srv_brings_the_addresses_of_its_targets() -> None:
    found = look_up(book_of(parse(BOOK)), "ports.shop.local", "SRV")
    assert isinstance(found, Answer)
    assert [(record.name, record.data) for record in found.choice(0).additional] == [
        ("p1.ports.shop.local", "10.0.2.1"),
        ("p2.ports.shop.local", "fd00::2"),
    ]


@given(
    health=st.lists(st.booleans(), min_size=1, max_size=30),
    routing=st.sampled_from(["MULTIVALUE", "WEIGHTED"]),
)
def test_selection_is_fair_and_prefers_the_healthy(health: list[bool], routing: str) -> None:
    instances = tuple(Instance(f"i{n}", ipv4=f"10.0.0.{n}", healthy=well) for n, well in enumerate(health))
    found = look_up(book_of(Zones(names=(Name("a.b", routing, {"A": 1}, instances),))), "a.b", "A")
    assert isinstance(found, Answer)
    pool = {i.ipv4 for i in instances if i.healthy} or {i.ipv4 for i in instances}
    size = 1 if routing == "WEIGHTED" else min(8, len(pool))
    times = dict.fromkeys(pool, 0)
    for index in range(found.count):
        data = [record.data for record in found.choice(index).answer]
        assert len(set(data)) == len(data) == size
        for address in data:
            times[address] += 1
    assert set(times.values()) == {size * found.count // len(pool)}


def test_sources_add_up_name_by_name() -> None:
    first = Zones(
        ("a",), (Name("x.a", "MULTIVALUE", {"A": 1}, (Instance("1", "10.0.0.1"),)),), {"h": ("1.1.1.1",)}
    )
    second = Zones(
        ("a", "b"), (Name("X.a", "WEIGHTED", {"AAAA": 2}, (Instance("2", ipv6="::2"),)),), {"H": ("1.1.1.2",)}
    )
    told = merge({"one": first, "two": second})
    assert told.zones == ("a", "b")
    assert told.hosts == {"h": ("1.1.1.1", "1.1.1.2")}
    (name,) = told.names
    assert (name.routing, dict(name.ttls)) == ("MULTIVALUE", {"A": 1, "AAAA": 2})
    assert [instance.id for instance in name.instances] == ["1", "2"]
