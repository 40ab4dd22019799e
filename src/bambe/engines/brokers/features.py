"""A cluster's features: what its brokers can do beside what the cluster has switched on for good.

librdkafka has no call for them, so these two requests are spoken here (Kafka's protocol guide; KIP-584):

    ApiVersions 4      supported and finalized features, in tagged fields of the answer
    UpdateFeatures 1   what is to be finalized; brokers hand it on to the controller
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from bambe.kernel.errors import Refused, Unavailable

API_VERSIONS, UPDATE_FEATURES = (18, 4), (57, 1)
SUPPORTED, FINALIZED = 0, 2
"""Tags of the answer to ApiVersions."""
UPGRADE = 1
TIMEOUT = 10.0
LATER = {-1, 7, 41}
"""Unknown, timed out, not the controller."""
APART = ("kraft.version", "share.version", "streams.version")
"""Not switched on by a release: how controllers know of each other, which goes with how they were set up,
and what new clusters of these releases leave off too, being a preview."""


@dataclass(frozen=True, slots=True)
class Features:
    """Levels by name: the highest that brokers support, and those the cluster is at."""

    supported: Mapping[str, int] = field(default_factory=dict)
    finalized: Mapping[str, int] = field(default_factory=dict)

    @property
    def lacking(self) -> dict[str, int]:
        """What all brokers of a release can, and the cluster has not switched on; metadata.version first."""
        behind = {
            name: level
            for name, level in self.supported.items()
            if level > self.finalized.get(name, 0) and name not in APART
        }
        return dict(sorted(behind.items(), key=lambda one: (one[0] != "metadata.version", one[0])))


async def features(address: str, port: int, access: ssl.SSLContext) -> Features:
    """The features as this broker knows them."""
    answer = await _ask(address, port, access, API_VERSIONS, _compact("bambe") + _compact("1") + b"\0")
    return read_features(answer)


async def finalize(address: str, port: int, access: ssl.SSLContext, levels: Mapping[str, int]) -> None:
    """Switch these on for good; Refused where a broker does not support one of them."""
    answer = await _ask(address, port, access, UPDATE_FEATURES, update_request(levels))
    check_update(answer)


def update_request(levels: Mapping[str, int]) -> bytes:
    """The body of UpdateFeatures."""
    updates = b"".join(
        _compact(name) + struct.pack(">hb", level, UPGRADE) + b"\0" for name, level in levels.items()
    )
    return struct.pack(">i", int(TIMEOUT * 1000)) + _varint(len(levels) + 1) + updates + b"\0\0"


def read_features(answer: bytes) -> Features:
    """The body of an answer to ApiVersions."""
    reader = _Reader(answer)
    if error := reader.number(">h"):
        raise Unavailable(f"Kafka does not tell its features (error {error}).")
    for _ in range(reader.varint() - 1):
        reader.skip(6)
        reader.tags()
    reader.skip(4)
    tags = reader.tags()
    return Features(
        {name: high for name, (_, high) in _levels(tags.get(SUPPORTED)).items()},
        {name: high for name, (high, _) in _levels(tags.get(FINALIZED)).items()},
    )


def check_update(answer: bytes) -> None:
    """The body of an answer to UpdateFeatures, after its header."""
    reader = _Reader(answer)
    reader.tags()
    reader.skip(4)
    error, why = reader.number(">h"), reader.text()
    if error in LATER:
        raise Unavailable(f"Kafka: {why or error}")
    if error:
        raise Refused(f"Kafka: {why or error}")


def _levels(tag: bytes | None) -> dict[str, tuple[int, int]]:
    """Two levels by name: lowest and highest of supported features, highest and lowest of finalized ones."""
    if tag is None:
        return {}
    reader, found = _Reader(tag), {}
    for _ in range(reader.varint() - 1):
        name = reader.text()
        found[name] = reader.number(">h"), reader.number(">h")
        reader.tags()
    return found


async def _ask(address: str, port: int, access: ssl.SSLContext, kind: tuple[int, int], body: bytes) -> bytes:
    """One request on a connection of its own; the answer after its correlation id."""
    client = b"bambe"
    header = struct.pack(">hhih", *kind, 1, len(client)) + client + b"\0"
    try:
        async with asyncio.timeout(TIMEOUT * 2):
            reading, writing = await asyncio.open_connection(address, port, ssl=access)
            try:
                writing.write(struct.pack(">i", len(header) + len(body)) + header + body)
                (size,) = struct.unpack(">i", await reading.readexactly(4))
                answer = await reading.readexactly(size)
            finally:
                writing.close()
    except (OSError, EOFError, TimeoutError) as raised:
        raise Unavailable(f"The broker at {address} does not answer: {raised}") from raised
    return answer[4:]


class _Reader:
    """Kafka's flexible encoding, read from the beginning."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def skip(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise Unavailable("Kafka's answer ends too early.")
        self._at += count
        return taken

    def number(self, form: str) -> int:
        return int(struct.unpack(form, self.skip(struct.calcsize(form)))[0])

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.number(">B")
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def text(self) -> str:
        return self.skip(max(0, self.varint() - 1)).decode()

    def tags(self) -> dict[int, bytes]:
        return {self.varint(): self.skip(self.varint()) for _ in range(self.varint())}


def _varint(value: int) -> bytes:
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def _compact(text: str) -> bytes:
    return _varint(len(text.encode()) + 1) + text.encode()
