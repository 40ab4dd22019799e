"""Questions off the wire and answers onto it, quickly: each answer is rendered once per change.

A rendered answer is what follows the question. Its owner names are pointers to the question's name, which
always begins at byte 12 (RFC 1035, section 4.1.4), so it fits behind any spelling of the name; only the id
and the question itself are put before it.

    | header 12 | question: name, type, class | answer, authority, additional | OPT |
      id, flags   as the client spelled it      rendered once
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from bambe.engines.dns.answers import (
    NEGATIVE_TTL,
    Answer,
    Book,
    Choice,
    NoData,
    NoName,
    NotMine,
    Record,
    look_up,
)

HEADER = struct.Struct("!6H")
TWO = struct.Struct("!2H")
UDP_LIMIT = 512
# What fits in one packet everywhere (dnsflagday.net/2020).
EDNS_LIMIT = 1232
OPT = b"\0\0\x29" + EDNS_LIMIT.to_bytes(2, "big") + b"\0\0\0\0\0\0"
VERSION_NAME = dns.name.from_text("version.bambe.").to_wire() or b""
IN, CH, TXT, ANY_CLASS = 1, 3, 16, 255
QR, AA, TC, RD, RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080
FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 1, 2, 3, 4, 5
REMEMBERED = 10_000
READY_CHOICES = 16


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `raw` is its name, type and class as sent; `room` what a UDP answer may take."""

    id: int
    recursion: bool
    raw: bytes
    key: bytes
    type: int
    kind_class: int
    edns: bool
    room: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """What follows the question, with its counts and response code."""

    counts: tuple[int, int, int]
    tail: bytes
    code: int = 0


@dataclass(frozen=True, slots=True)
class Alias:
    """A CNAME to a name that is not ours: the client wants its addresses too."""

    record: Record
    target: str


@dataclass(slots=True)
class Malformed(Exception):
    """Answered with this code, or not at all (None)."""

    code: int | None


def parse(query: bytes) -> Question:
    """Take a query apart, without more work than it deserves; Malformed."""
    if len(query) < 12:
        raise Malformed(None)
    id, flags, questions, answers, authorities, additional = HEADER.unpack_from(query)
    if flags & QR:
        raise Malformed(None)
    if flags & 0x7800:
        raise Malformed(NOTIMP)
    if questions != 1 or answers or authorities:
        raise Malformed(FORMERR)
    end = _end_of_name(query)
    kind, kind_class = TWO.unpack_from(query, end)
    edns, room = _edns(query, end + 4) if additional else (False, UDP_LIMIT)
    raw = query[12 : end + 4]
    return Question(id, bool(flags & RD), raw, raw.lower(), kind, kind_class, edns, room)


def respond(question: Question, rendered: Rendered, *, limit: int, ours: bool = True) -> bytes:
    """The whole response; only its head, with TC set, when it is longer than `limit`."""
    flags = QR | RA | (AA if ours else 0) | (RD if question.recursion else 0) | rendered.code
    answers, authorities, additional = rendered.counts
    extra = OPT if question.edns else b""
    size = 12 + len(question.raw) + len(rendered.tail) + len(extra)
    if size > limit:
        head = HEADER.pack(question.id, flags | TC, 1, 0, 0, bool(extra))
        return head + question.raw + extra
    head = HEADER.pack(question.id, flags, 1, answers, authorities, additional + bool(extra))
    return head + question.raw + rendered.tail + extra


def refuse(query: bytes, code: int) -> bytes:
    """A response without a question, for what cannot be parsed."""
    id, flags = TWO.unpack_from(query)
    return HEADER.pack(id, QR | (flags & 0x7900) | code, 0, 0, 0, 0)


class Answers:
    """A book, rendered as it is asked for; made anew at every change."""

    def __init__(self, book: Book, version: str) -> None:
        self._book = book
        self._version = _text_record(version)
        self._known: dict[bytes, list[Rendered | None] | Rendered] = {}
        self._pools: dict[bytes, Answer] = {}
        self._zones: dict[str, bytes] = {}
        self._ready: dict[bytes, list[bytes]] = {}

    def ready(self, query: bytes) -> bytes | None:
        """The response to a UDP query that was asked before in the very same bytes, but for its id."""
        known = self._ready.get(query[2:])
        if known is None:
            return None
        return query[:2] + known[int(random.random() * len(known))]

    def remember(self, query: bytes, question: Question) -> None:
        """Keep all responses to this query ready, unless they are too many or change by themselves."""
        known = self._known.get(question.key)
        if isinstance(known, Rendered):
            choices = [known]
        elif isinstance(known, list) and len(known) <= READY_CHOICES:
            choices = [one or self._render(question.key, known, i) for i, one in enumerate(known)]
        else:
            return
        if len(self._ready) < REMEMBERED:
            self._ready[query[2:]] = [respond(question, one, limit=question.room)[2:] for one in choices]

    def answer(self, question: Question) -> Rendered | Alias | None:
        """The response, or None when the name is not ours."""
        known = self._known.get(question.key)
        if known is None:
            return self._look_up(question)
        if isinstance(known, list):
            index = int(random.random() * len(known))
            return known[index] or self._render(question.key, known, index)
        return known

    def _look_up(self, question: Question) -> Rendered | Alias | None:
        if question.kind_class != IN:
            if question.kind_class == CH and question.key[:-4] == VERSION_NAME:
                return Rendered((1, 0, 0), self._version)
            return Rendered((0, 0, 0), b"", REFUSED)
        name = dns.name.from_wire(question.raw, 0)[0].to_text()
        kind = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(question.type))
        found = look_up(self._book, name, kind)
        if isinstance(found, NotMine):
            return None
        if isinstance(found, Answer):
            return self._first(question.key, found)
        return self._negative(question.key, found, kind)

    def _first(self, key: bytes, found: Answer) -> Rendered | Alias:
        """Make room for every choice of this question, and render one."""
        if found.type == "CNAME" and (alias := self._alias(found)):
            return alias
        choices: list[Rendered | None] = [None] * found.count
        self._known[key], self._pools[key] = choices, found
        return self._render(key, choices, int(random.random() * len(choices)))

    def _alias(self, found: Answer) -> Alias | None:
        """A CNAME whose target somebody must look up; it is not remembered, for its addresses change."""
        record = found.choice(int(random.random() * found.count)).answer[0]
        return Alias(record, record.data)

    def _render(self, key: bytes, choices: list[Rendered | None], index: int) -> Rendered:
        rendered = render(self._pools[key].choice(index))
        choices[index] = rendered
        return rendered

    def _negative(self, key: bytes, found: NoData | NoName, kind: str) -> Rendered:
        """NODATA and NXDOMAIN carry the zone's SOA record (RFC 2308); a question for it is answered."""
        soa = self._zones.get(found.zone) or self._zones.setdefault(found.zone, _soa(found.zone))
        if (
            isinstance(found, NoData)
            and kind == "SOA"
            and found.zone in self._book.zones
            and _is(key, found.zone)
        ):
            return Rendered((1, 0, 0), soa)
        rendered = Rendered((0, 1, 0), soa, NXDOMAIN if isinstance(found, NoName) else 0)
        if len(self._known) < REMEMBERED:
            self._known[key] = rendered
        return rendered


def render(choice: Choice) -> Rendered:
    """A choice on the wire, behind its own question."""
    message = dns.message.QueryMessage(0)
    owner = dns.name.from_text(choice.answer[0].name)
    message.question.append(dns.rrset.RRset(owner, dns.rdataclass.IN, dns.rdatatype.A))
    message.answer = _sets(choice.answer)
    message.additional = _sets(choice.additional)
    wire = message.to_wire(max_size=65535)
    _, _, _, answers, authorities, additional = HEADER.unpack_from(wire)
    return Rendered((answers, authorities, additional), wire[12 + len(owner.to_wire() or b"") + 4 :])


def _sets(records: tuple[Record, ...]) -> list[dns.rrset.RRset]:
    """Records of one name and type are one set."""
    together: dict[tuple[str, int, str], list[str]] = {}
    for record in records:
        together.setdefault((record.name, record.ttl, record.type), []).append(record.data)
    return [
        dns.rrset.from_text(f"{name.rstrip('.')}.", ttl, "IN", kind, *data)
        for (name, ttl, kind), data in together.items()
    ]


def _soa(zone: str) -> bytes:
    """The zone's SOA record, without pointers, so that it fits behind any question."""
    data = f"ns.{zone}. hostmaster.{zone}. 1 7200 900 1209600 {NEGATIVE_TTL}"
    rrset = dns.rrset.from_text(f"{zone}.", NEGATIVE_TTL, "IN", "SOA", data)
    owner = rrset.name.to_wire() or b""
    rdata = rrset[0].to_wire() or b""
    return owner + struct.pack("!2HIH", dns.rdatatype.SOA, IN, NEGATIVE_TTL, len(rdata)) + rdata


def _text_record(text: str) -> bytes:
    data = bytes([len(text)]) + text.encode()
    return b"\xc0\x0c" + struct.pack("!2HIH", TXT, CH, 0, len(data)) + data


def _is(key: bytes, zone: str) -> bool:
    return key[:-4] == dns.name.from_text(zone).to_wire()


def _end_of_name(query: bytes) -> int:
    at = 12
    try:
        while length := query[at]:
            if length > 63:
                raise Malformed(FORMERR)
            at += length + 1
    except IndexError:
        raise Malformed(FORMERR) from None
    if at - 12 > 254 or at + 5 > len(query):
        raise Malformed(FORMERR)
    return at + 1


def _edns(query: bytes, at: int) -> tuple[bool, int]:
    """Whether the query speaks EDNS, and how much it takes (RFC 6891, section 6.1.2)."""
    if query[at : at + 3] != b"\0\0\x29" or len(query) < at + 11:
        return False, UDP_LIMIT
    (size,) = struct.unpack_from("!H", query, at + 3)
    return True, min(max(size, UDP_LIMIT), EDNS_LIMIT)
