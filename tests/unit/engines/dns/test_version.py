"""The daemon's one question to its name server, told by dnspython."""

from __future__ import annotations

import dns.message
import dns.rrset
import pytest

from bambe.engines.dns import version


def answer(kind: str = "TXT", data: str = '"0123456789abcdef"', name: str = "version.bambe.") -> bytes:
    query = dns.message.from_wire(version.QUERY)
    said = dns.message.make_response(query)
    said.answer.append(dns.rrset.from_text(name, 0, "CH", kind, data))
    return said.to_wire()


def test_it_asks_for_a_text_of_the_chaos_class() -> None:
    (question,) = dns.message.from_wire(version.QUERY).question
    assert question.to_text() == "version.bambe. CH TXT"


def test_the_version_is_what_the_text_says() -> None:
    assert version.read(answer()) == "0123456789abcdef"
    assert version.read(answer(data='""')) == ""


def test_what_is_no_answer_has_no_version() -> None:
    assert version.read(version.QUERY) is None
    assert version.read(dns.message.make_response(dns.message.from_wire(version.QUERY)).to_wire()) is None
    assert version.read(answer(name="another.bambe.")) is None


@pytest.mark.parametrize("cut", range(len(answer())))
def test_a_cut_answer_has_none(cut: int) -> None:
    assert version.read(answer()[:cut]) is None
