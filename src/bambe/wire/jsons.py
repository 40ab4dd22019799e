"""JSON bodies: from what the decoder gives to what operations get, and back.

A reader or a writer is compiled once per shape as a closure. Readers drop nulls and names the model
does not know, as AWS does. A writer is None where a value is already as the wire wants it, so an
answer without timestamps and blobs goes to the encoder untouched.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bambe.wire.description import Reference, Shapes
from bambe.wire.shapes import inner, reaches, timestamp_format, wire_name
from bambe.wire.timestamps import WRITERS, aware, from_epoch, from_text, to_epoch

Convert = Callable[[Any], Any]


class JsonReader:
    """Compiles readers for the shapes of one service."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._made: dict[str, Convert | None] = {}

    def reader(self, use: Reference) -> Convert | None:
        """What turns a decoded JSON value into parameters; None where nothing is to be done."""
        shape = self._shapes[use.shape]
        if shape.type == "timestamp":
            return _read_timestamp
        if shape.type == "blob":
            return _read_blob
        if shape.type not in ("structure", "list", "map") or shape.document:
            return None
        return self._nested(use.shape)

    def _nested(self, name: str) -> Convert | None:
        if name not in self._made:
            self._made[name] = lambda value: made(value)  # for shapes that contain themselves
            made = getattr(self, "_" + self._shapes[name].type)(name)
            self._made[name] = made
        return self._made[name]

    def _structure(self, name: str) -> Convert:
        members = {
            wire_name(self._shapes, use, member): (member, self.reader(use))
            for member, use in self._shapes[name].members.items()
            if not use.location
        }

        def read(value: Any) -> Any:
            if not isinstance(value, dict):
                return value
            answer = {}
            for key, item in value.items():
                known = members.get(key)
                if known is not None and item is not None:
                    member, convert = known
                    answer[member] = item if convert is None else convert(item)
            return answer

        return read

    def _list(self, name: str) -> Convert:
        convert = self.reader(inner(self._shapes[name].member))

        def read(value: Any) -> Any:
            if convert is None or not isinstance(value, list):
                return value
            return [convert(item) for item in value]

        return read

    def _map(self, name: str) -> Convert:
        convert = self.reader(inner(self._shapes[name].value))

        def read(value: Any) -> Any:
            if convert is None or not isinstance(value, dict):
                return value
            return {key: convert(item) for key, item in value.items()}

        return read


class JsonWriter:
    """Compiles writers for the shapes of one service."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._made: dict[str, Convert | None] = {}

    def writer(self, use: Reference) -> Convert | None:
        """What turns an answer into what the JSON encoder takes; None where it already is."""
        shape = self._shapes[use.shape]
        if shape.type == "timestamp":
            spelling = timestamp_format(self._shapes, use, "unixtimestamp")
            return to_epoch if spelling == "unixtimestamp" else WRITERS[spelling]
        if shape.type == "blob":
            return write_blob
        if shape.type not in ("structure", "list", "map") or shape.document:
            return None
        return self._nested(use.shape)

    def _converts(self, name: str) -> bool:
        return reaches(self._shapes, name, "timestamp", "blob")

    def _nested(self, name: str) -> Convert | None:
        if name not in self._made:
            if not self._converts(name):
                self._made[name] = None
                return None
            self._made[name] = lambda value: made(value)
            made = getattr(self, "_" + self._shapes[name].type)(name)
            self._made[name] = made
        return self._made[name]

    def _structure(self, name: str) -> Convert:
        members = {
            member: (wire_name(self._shapes, use, member), self.writer(use))
            for member, use in self._shapes[name].members.items()
            if not use.location
        }
        if any(key != member for member, (key, _) in members.items()):
            return _renaming(members)
        converting = [(member, convert) for member, (_, convert) in members.items() if convert]
        names = members.keys()

        def write(value: Any) -> Any:
            answer = dict(value)
            if not answer.keys() <= names or None in answer.values():
                answer = {m: item for m, item in answer.items() if m in names and item is not None}
            for member, convert in converting:
                if member in answer:
                    answer[member] = convert(answer[member])
            return answer

        return write

    def _list(self, name: str) -> Convert | None:
        convert = self.writer(inner(self._shapes[name].member))
        if convert is None:
            return None
        return lambda value: [convert(item) for item in value]

    def _map(self, name: str) -> Convert | None:
        convert = self.writer(inner(self._shapes[name].value))
        if convert is None:
            return None
        return lambda value: {key: convert(item) for key, item in value.items()}


class CborWriter(JsonWriter):
    """The same for CBOR, which has moments, bytes and two kinds of numbers of its own."""

    def writer(self, use: Reference) -> Convert | None:
        kind = self._shapes[use.shape].type
        if kind == "timestamp":
            return aware
        if kind == "blob":
            return lambda value: value.encode() if isinstance(value, str) else value
        if kind in ("float", "double"):
            return float
        return super().writer(use)

    def _converts(self, name: str) -> bool:
        return reaches(self._shapes, name, "timestamp", "blob", "float", "double")


def _renaming(members: dict[str, tuple[str, Convert | None]]) -> Convert:
    def write(value: Any) -> Any:
        answer = {}
        for member, item in value.items():
            known = members.get(member)
            if known is not None and item is not None:
                key, convert = known
                answer[key] = item if convert is None else convert(item)
        return answer

    return write


def write_blob(value: bytes | str) -> str:
    """Base64, as every text protocol carries binary values."""
    return b64encode(value.encode() if isinstance(value, str) else value).decode()


def _read_timestamp(value: Any) -> Any:
    if isinstance(value, (datetime, bool)):
        return value
    try:
        return from_text(value) if isinstance(value, str) else from_epoch(value)
    except (ValueError, TypeError, OverflowError):
        return value  # the check of types says what is wrong with it


def _read_blob(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return b64decode(value, validate=True)
    except ValueError:
        return value
