"""XML bodies of the query and ec2 protocols, written as strings by closures compiled from the shapes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bambe.wire.description import Reference, Shapes
from bambe.wire.jsons import write_blob
from bambe.wire.shapes import inner, is_flat, timestamp_format, wire_name
from bambe.wire.timestamps import WRITERS

Write = Callable[[Any, list[str]], None]
Spell = Callable[[Any], str]

_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


def escape(text: str) -> str:
    """Text as XML has it; characters XML 1.0 cannot carry become U+FFFD."""
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], "\ufffd"), text)


class XmlWriter:
    """Compiles writers for the shapes of one service."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._made: dict[tuple[str, str, bool, str], Write] = {}

    def content(self, use: Reference) -> Write:
        """Writes the members of a structure without an element around them."""
        shape = self._shapes[use.shape]
        members = {
            member: self._element(item, wire_name(self._shapes, item, member))
            for member, item in shape.members.items()
            if not item.location
        }

        def write(value: Any, out: list[str]) -> None:
            for member, item in value.items():
                known = members.get(member)
                if known is not None and item is not None:
                    known(item, out)

        return write

    def _element(self, use: Reference, name: str) -> Write:
        flat = is_flat(self._shapes, use)
        key = (use.shape, name, flat, use.timestamp_format)
        if key not in self._made:
            self._made[key] = lambda value, out: made(value, out)  # for shapes that contain themselves
            made = self._compile(use, name, flat)
            self._made[key] = made
        return self._made[key]

    def _compile(self, use: Reference, name: str, flat: bool) -> Write:
        kind = self._shapes[use.shape].type
        if kind == "structure":
            return _wrapped(name, self.content(use))
        if kind == "list":
            return self._list(use, name, flat)
        if kind == "map":
            return self._map(use, name, flat)
        return _leaf(name, self._spelling(use, kind))

    def _list(self, use: Reference, name: str, flat: bool) -> Write:
        item = inner(self._shapes[use.shape].member)
        write_item = self._element(item, wire_name(self._shapes, item, name if flat else "member"))

        def write(value: Any, out: list[str]) -> None:
            for each in value:
                write_item(each, out)

        return write if flat else _wrapped(name, write)

    def _map(self, use: Reference, name: str, flat: bool) -> Write:
        shape = self._shapes[use.shape]
        key, value = inner(shape.key), inner(shape.value)
        write_key = self._element(key, wire_name(self._shapes, key, "key"))
        write_value = self._element(value, wire_name(self._shapes, value, "value"))
        entry = name if flat else "entry"

        def write(mapping: Any, out: list[str]) -> None:
            for each, item in mapping.items():
                out.append(f"<{entry}>")
                write_key(each, out)
                write_value(item, out)
                out.append(f"</{entry}>")

        return write if flat else _wrapped(name, write)

    def _spelling(self, use: Reference, kind: str) -> Spell:
        if kind == "timestamp":
            return WRITERS[timestamp_format(self._shapes, use, "iso8601")]
        if kind == "blob":
            return write_blob
        if kind == "boolean":
            return lambda value: "true" if value else "false"
        if kind in ("integer", "long", "float", "double"):
            return str
        return escape


def _leaf(name: str, spell: Spell) -> Write:
    before, after = f"<{name}>", f"</{name}>"
    return lambda value, out: out.append(f"{before}{spell(value)}{after}")


def _wrapped(name: str, content: Write) -> Write:
    before, after, empty = f"<{name}>", f"</{name}>", f"<{name}/>"

    def write(value: Any, out: list[str]) -> None:
        if not value:
            out.append(empty)
            return
        out.append(before)
        content(value, out)
        out.append(after)

    return write
