"""CNAMEs for clients that cannot follow them: the target's addresses go into the same answer."""

from __future__ import annotations

import dns.exception
import dns.message
import dns.rdatatype
import dns.rrset

from bambe.engines.dns.answers import Choice, Record
from bambe.engines.dns.wire import Alias, Rendered, render

ADDRESSES = (dns.rdatatype.A, dns.rdatatype.AAAA)


def question_for(alias: Alias, kind: int) -> bytes:
    """The question for the target."""
    return dns.message.make_query(alias.target, dns.rdatatype.RdataType.make(kind)).to_wire()


def with_addresses(record: Record, answer: bytes | None) -> Rendered:
    """The CNAME followed by what `answer` holds of addresses and further CNAMEs."""
    return render(Choice((record, *_records(answer)))) if answer else render(Choice((record,)))


def _records(answer: bytes) -> tuple[Record, ...]:
    try:
        sets = dns.message.from_wire(answer).answer
    except dns.exception.DNSException:
        return ()
    kinds = (*ADDRESSES, dns.rdatatype.CNAME)
    return tuple(record for one in sets if one.rdtype in kinds for record in _each(one))


def _each(one: dns.rrset.RRset) -> list[Record]:
    kind = dns.rdatatype.to_text(one.rdtype)
    return [Record(one.name.to_text(), one.ttl, kind, data.to_text()) for data in one]
