"""CBOR as AWS's RPC v2 protocol uses it (RFC 8949): values to bytes and back, nothing of any model.

    major type   0 integer   1 negative integer   2 bytes   3 text   4 array   5 map   6 tag   7 float, simple

A moment is tag 1 before seconds since 1970. What is read may be of indefinite length, what is written is not.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bambe.kernel.errors import BambeError
from bambe.wire.timestamps import from_epoch, to_epoch

DEEPEST = 64
LENGTHS = {24: 1, 25: 2, 26: 4, 27: 8}
FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}
SIMPLE = {20: False, 21: True, 22: None, 23: None}
ENDLESS = 31
BREAK = 0xFF


class BadCbor(BambeError):
    """The bytes are no value that this protocol has."""


def decode(body: bytes) -> Any:
    """The one value that `body` is; BadCbor."""
    reader = _Reader(body)
    value = reader.item(0)
    if reader.at != len(body):
        raise BadCbor("something follows the value")
    return value


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self.at = 0

    def item(self, depth: int) -> Any:
        if depth > DEEPEST:
            raise BadCbor("it is nested too deeply")
        kind, info = divmod(self._take(1)[0], 32)
        if kind == 0:
            return self._number(info)
        if kind == 1:
            return -1 - self._number(info)
        if kind in (2, 3):
            return self._string(kind, info)
        if kind == 4:
            return self._array(info, depth)
        if kind == 5:
            return self._map(info, depth)
        if kind == 6:
            return self._tagged(info, depth)
        return self._simple(info)

    def _take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self._body):
            raise BadCbor("it ends too early")
        found = self._body[self.at : end]
        self.at = end
        return found

    def _number(self, info: int) -> int:
        if info < 24:
            return info
        if info not in LENGTHS:
            raise BadCbor(f"no number has the length {info}")
        return int.from_bytes(self._take(LENGTHS[info]), "big")

    def _string(self, kind: int, info: int) -> bytes | str:
        if info != ENDLESS:
            found = self._take(self._number(info))
        else:
            parts = []
            while not self._ends():
                inner, length = divmod(self._take(1)[0], 32)
                if inner != kind:
                    raise BadCbor("a string is made of strings of its own kind")
                parts.append(self._take(self._number(length)))
            found = b"".join(parts)
        if kind == 2:
            return found
        try:
            return found.decode()
        except UnicodeDecodeError:
            raise BadCbor("a text is not UTF-8") from None

    def _array(self, info: int, depth: int) -> list[Any]:
        if info != ENDLESS:
            return [self.item(depth + 1) for _ in range(self._number(info))]
        items = []
        while not self._ends():
            items.append(self.item(depth + 1))
        return items

    def _map(self, info: int, depth: int) -> dict[str, Any]:
        count = None if info == ENDLESS else self._number(info)
        found: dict[str, Any] = {}
        while (count is None and not self._ends()) or (count is not None and count > 0):
            count = None if count is None else count - 1
            key = self.item(depth + 1)
            if not isinstance(key, str):
                raise BadCbor("the keys of a map are texts")
            found[key] = self.item(depth + 1)
        return found

    def _tagged(self, info: int, depth: int) -> Any:
        tag, value = self._number(info), self.item(depth + 1)
        if tag != 1 or isinstance(value, bool) or not isinstance(value, (int, float)):
            raise BadCbor(f"the tag {tag} is not one of this protocol")
        try:
            return from_epoch(value)
        except (ValueError, OverflowError):
            raise BadCbor(f"{value} seconds after 1970 is no moment") from None

    def _simple(self, info: int) -> Any:
        if info in SIMPLE:
            return SIMPLE[info]
        if info not in FLOATS:
            raise BadCbor(f"there is no simple value {info}")
        spelled, count = FLOATS[info]
        return struct.unpack(spelled, self._take(count))[0]

    def _ends(self) -> bool:
        if self.at < len(self._body) and self._body[self.at] == BREAK:
            self.at += 1
            return True
        return False


def encode(value: Any) -> bytes:
    """`value` as CBOR; a member that is None is left out of its map."""
    out = bytearray()
    _write(value, out)
    return bytes(out)


def _write(value: Any, out: bytearray) -> None:
    if isinstance(value, str):
        text = value.encode()
        _head(3, len(text), out)
        out += text
    elif value is None or isinstance(value, bool):
        out.append(0xF6 if value is None else 0xF5 if value else 0xF4)
    elif isinstance(value, int):
        _head(0 if value >= 0 else 1, value if value >= 0 else -1 - value, out)
    elif isinstance(value, float):
        out += b"\xfb" + struct.pack(">d", value)
    elif isinstance(value, datetime):
        out.append(0xC1)
        _write(to_epoch(value), out)
    elif isinstance(value, Mapping):
        there = [(key, item) for key, item in value.items() if item is not None]
        _head(5, len(there), out)
        for key, item in there:
            _write(key, out)
            _write(item, out)
    elif isinstance(value, (bytes, bytearray)):
        _head(2, len(value), out)
        out += value
    else:
        _head(4, len(value), out)
        for item in value:
            _write(item, out)


def _head(kind: int, number: int, out: bytearray) -> None:
    if number < 24:
        out.append(kind << 5 | number)
        return
    for info, length in LENGTHS.items():
        if number < 1 << 8 * length:
            out.append(kind << 5 | info)
            out += number.to_bytes(length, "big")
            return
    raise BadCbor(f"{number} has more than 64 bits")
