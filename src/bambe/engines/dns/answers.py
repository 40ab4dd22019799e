"""What the name server answers: zones and a question in, records out; nothing here knows the wire.

    look_up(book, name, type) -> Answer    records, in several equally likely choices
                               | NoData    the name exists, not with this type
                               | NoName    no such name in a zone of ours (NXDOMAIN)
                               | NotMine   somebody else's name: to be forwarded

Cloud Map's rules: MULTIVALUE answers up to eight healthy instances, WEIGHTED one; when none is
healthy, as if all were (docs.aws.amazon.com/cloud-map/latest/api/API_DnsConfig.html).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bambe.engines.dns.port import Instance, Name, Zones

MULTIVALUE_LIMIT = 8
HOST_TTL = 5
NEGATIVE_TTL = 15


@dataclass(frozen=True, slots=True)
class Record:
    """One record, as a zone file would write it."""

    name: str
    ttl: int
    type: str
    data: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One complete answer."""

    answer: tuple[Record, ...]
    additional: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """`count` choices of equal chance; each is made when it is asked for."""

    name: str
    type: str
    ttl: int
    pool: tuple[Instance, ...]
    take: int

    @property
    def count(self) -> int:
        return len(self.pool)

    def choice(self, index: int) -> Choice:
        """Choice `index`: as many instances of the pool as may be told, beginning with that one."""
        size = len(self.pool)
        chosen = [self.pool[(index + step) % size] for step in range(min(self.take, size))]
        answer = tuple(self._record(instance) for instance in chosen)
        return Choice(answer, self._additional(chosen) if self.type == "SRV" else ())

    def _record(self, instance: Instance) -> Record:
        return Record(self.name, self.ttl, self.type, _data(self.name, self.type, instance))

    def _additional(self, chosen: list[Instance]) -> tuple[Record, ...]:
        return tuple(
            Record(f"{instance.id}.{self.name}", self.ttl, kind, address)
            for instance in chosen
            for kind, address in (("A", instance.ipv4), ("AAAA", instance.ipv6))
            if address
        )


@dataclass(frozen=True, slots=True)
class NoData:
    """The name is there and has nothing of this type; `zone` owns the SOA record."""

    zone: str


@dataclass(frozen=True, slots=True)
class NoName:
    """No such name in `zone`."""

    zone: str


@dataclass(frozen=True, slots=True)
class NotMine:
    """Not a name of ours."""


@dataclass(frozen=True, slots=True)
class Book:
    """Zones, laid out for looking up. All names lower-case, without the final dot."""

    zones: frozenset[str] = frozenset()
    names: dict[str, Name] = field(default_factory=dict)
    between: frozenset[str] = frozenset()


def book_of(zones: Zones) -> Book:
    """Lay out `zones`. A name without instances does not exist, as in Route 53."""
    names = {plain(name): _host(name, addresses) for name, addresses in zones.hosts.items()}
    for entry in zones.names:
        if entry.instances:
            names[plain(entry.name)] = entry
        if "SRV" in entry.ttls:
            names.update({plain(one.name): one for one in _instance_names(entry)})
    ours = frozenset(plain(zone) for zone in zones.zones)
    return Book(ours, names, frozenset(_between(names, ours)) | ours)


def look_up(book: Book, name: str, kind: str) -> Answer | NoData | NoName | NotMine:
    """Answer the question for records of type `kind` of `name`."""
    wanted = plain(name)
    zone = _zone_of(book, wanted)
    entry = book.names.get(wanted)
    if entry is None:
        if zone is None:
            return NotMine()
        return NoData(zone) if wanted in book.between else NoName(zone)
    return _answer(entry, wanted, kind) or NoData(zone or wanted)


def plain(name: str) -> str:
    """A name as it is compared: lower case, no final dot."""
    return name.lower().rstrip(".")


def _answer(entry: Name, name: str, kind: str) -> Answer | None:
    """A CNAME answers every question about its name (RFC 1034, section 3.6.2)."""
    kind = "CNAME" if "CNAME" in entry.ttls and kind in ("A", "AAAA", "ANY") else kind
    if kind == "ANY":
        kind = next(iter(entry.ttls), kind)
    if kind not in entry.ttls:
        return None
    able = [instance for instance in entry.instances if _data(name, kind, instance)]
    pool = tuple(instance for instance in able if instance.healthy) or tuple(able)
    take = 1 if entry.routing == "WEIGHTED" else MULTIVALUE_LIMIT
    return Answer(name, kind, entry.ttls[kind], pool, take) if pool else None


def _data(name: str, kind: str, instance: Instance) -> str:
    if kind == "A":
        return instance.ipv4
    if kind == "AAAA":
        return instance.ipv6
    if kind == "CNAME":
        return instance.cname and f"{instance.cname.rstrip('.')}."
    if kind == "SRV" and instance.port:
        return f"1 1 {instance.port} {instance.id}.{name}."
    return ""


def _host(name: str, addresses: tuple[str, ...]) -> Name:
    made = (Instance(a, ipv6=a) if ":" in a else Instance(a, ipv4=a) for a in addresses)
    return Name(name, "MULTIVALUE", {"A": HOST_TTL, "AAAA": HOST_TTL}, tuple(made))


def _instance_names(entry: Name) -> Iterable[Name]:
    """The names SRV records point to."""
    ttl = entry.ttls["SRV"]
    for instance in entry.instances:
        yield Name(f"{instance.id}.{entry.name}", "MULTIVALUE", {"A": ttl, "AAAA": ttl}, (instance,))


def _between(names: Iterable[str], zones: frozenset[str]) -> Iterable[str]:
    """Names that exist only because something lies below them (RFC 8020)."""
    for name in names:
        _, _, parent = name.partition(".")
        while parent and parent not in zones:
            yield parent
            _, _, parent = parent.partition(".")


def _zone_of(book: Book, name: str) -> str | None:
    """The longest zone that holds `name`."""
    while name:
        if name in book.zones:
            return name
        _, _, name = name.partition(".")
    return None
