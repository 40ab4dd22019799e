"""Rendered answers against dnspython's own reading of them."""

from __future__ import annotations

from contextlib import suppress

import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bambe.engines.dns.answers import book_of
from bambe.engines.dns.forwarding import name_servers
from bambe.engines.dns.port import Instance, Name, Zones
from bambe.engines.dns.wire import Answers, Malformed, Rendered, parse, respond

LABEL = st.text("abcxyzABC019-_", min_size=1, max_size=20)


def answered(answers: Answers, query: bytes, limit: int = 65535) -> dns.message.Message:
    question = parse(query)
    found = answers.answer(question)
    assert isinstance(found, Rendered)
    answers.remember(query, question)
    return dns.message.from_wire(respond(question, found, limit=limit))


@settings(max_examples=60, deadline=None)
@given(
    labels=st.lists(LABEL, min_size=1, max_size=4),
    count=st.integers(1, 12),
    kind=st.sampled_from(["A", "SRV"]),
    edns=st.booleans(),
    upper=st.booleans(),
)
def test_answers_read_back(labels: list[str], count: int, kind: str, edns: bool, upper: bool) -> None:
    name = ".".join([*labels, "shop.local"])
    instances = tuple(Instance(f"i{n}", ipv4=f"10.0.0.{n}", port=80) for n in range(count))
    zones = Zones(("shop.local",), (Name(name, "MULTIVALUE", {kind: 7}, instances),))
    answers = Answers(book_of(zones), "v")
    query = dns.message.make_query(name.upper() if upper else name, kind, use_edns=0 if edns else -1)
    answer = answered(answers, query.to_wire())
    assert query.is_response(answer)
    assert answer.answer[0].ttl == 7
    assert len(answer.answer[0]) == min(8, count)
    assert answer.question == query.question
    assert (answer.edns == 0) == edns


def test_a_query_seen_before_is_answered_from_what_is_ready() -> None:
    zones = Zones(hosts={"api.bambe": ("127.0.0.1", "127.0.0.2")})
    answers = Answers(book_of(zones), "v")
    query = dns.message.make_query("api.bambe", "A")
    assert answers.ready(query.to_wire()) is None
    answered(answers, query.to_wire())
    query.id = 7
    ready = answers.ready(query.to_wire())
    assert ready is not None
    assert query.is_response(dns.message.from_wire(ready))


def test_other_classes_are_refused() -> None:
    query = dns.message.make_query("a.b", "A", "HS")
    assert answered(Answers(book_of(Zones()), "v"), query.to_wire()).rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize("edns", [-1, 0])
def test_what_is_too_long_is_cut(edns: int) -> None:
    zones = Zones(hosts={"api.bambe": tuple(f"127.0.0.{n}" for n in range(8))})
    query = dns.message.make_query("api.bambe", "A", use_edns=edns).to_wire()
    answer = respond(parse(query), Rendered((8, 0, 0), b"x" * 500), limit=512)
    assert dns.message.from_wire(answer).flags & dns.flags.TC
    assert answered(Answers(book_of(zones), "v"), query).answer


@given(st.binary(max_size=80))
def test_no_packet_breaks_the_parser(packet: bytes) -> None:
    with suppress(Malformed):
        parse(packet)


@given(st.binary(max_size=60))
def test_no_question_breaks_the_answers(rest: bytes) -> None:
    answers = Answers(book_of(Zones(("local",), hosts={"api.local": ("127.0.0.1",)})), "v")
    query = b"\0\1\1\0\0\1\0\0\0\0\0\0" + rest
    with suppress(Malformed):
        question = parse(query)
        found = answers.answer(question)
        if isinstance(found, Rendered):
            assert respond(question, found, limit=512)[:2] == b"\0\1"


def test_name_servers_of_a_resolv_conf() -> None:
    text = "# nameserver 1.1.1.1\nsearch a b\nnameserver 10.0.0.1 # x\nnameserver fe80::1%eth0\nnameserver\n"
    assert name_servers(text) == ["10.0.0.1", "fe80::1"]
