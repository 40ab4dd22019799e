"""Form bodies of the query and ec2 protocols: `Tags.member.1.Key=a` to nested parameters.

The flat form is first folded at its dots into a tree, which readers compiled from the shapes walk.

    query   Tags.member.1.Key=a   Attributes.entry.1.key=k   (or flattened: Tags.1.Key=a)
    ec2     Filter.1.Value.1=a    names are capitalised, lists always flattened
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from bambe.wire.description import Reference, Shapes
from bambe.wire.errors import MalformedInput
from bambe.wire.shapes import inner, is_flat, wire_name
from bambe.wire.timestamps import from_text

Tree = dict[str, Any]
Read = Callable[[Any], Any]
MAX_FIELDS = 10_000
NUMBER = re.compile(r"[0-9]{1,9}")


def fields(body: bytes) -> dict[str, str]:
    """A form's fields as they stand."""
    text = body.decode("latin-1")
    pairs = text.split("&", MAX_FIELDS)
    found = {}
    plain = "%" not in text and "+" not in text
    for pair in pairs:
        name, _, value = pair.partition("=")
        if plain:
            found[name] = value
        elif name:
            found[unquote_plus(name)] = unquote_plus(value)
    return found


def tree(form: dict[str, str]) -> Tree:
    """A form folded at the dots of its names."""
    root: Tree = {}
    for name, value in form.items():
        if "." not in name:
            root.setdefault(name, value)
            continue
        *path, last = name.split(".")
        node = root
        for part in path:
            inside = node.get(part)
            if not isinstance(inside, dict):
                inside = node[part] = {}
            node = inside
        node[last] = value
    return root


class FormReader:
    """Compiles readers for the shapes of one service that speaks query."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._made: dict[tuple[str, bool, str], Read] = {}

    def reader(self, use: Reference) -> Read:
        """What turns a subtree, or the text at a leaf, into a parameter."""
        shape = self._shapes[use.shape]
        if shape.type in SCALAR_READERS:
            return SCALAR_READERS[shape.type]
        if shape.type not in ("structure", "list", "map"):
            return _read_text
        key = (use.shape, is_flat(self._shapes, use), use.location_name)
        if key not in self._made:
            self._made[key] = lambda node: made(node)  # for shapes that contain themselves
            made = getattr(self, "_" + shape.type)(use)
            self._made[key] = made
        return self._made[key]

    def member_name(self, use: Reference, member: str) -> str:
        """The field name of a structure's member."""
        shape = self._shapes[use.shape]
        if shape.type == "list" and is_flat(self._shapes, use):
            item = inner(shape.member)
            name = item.location_name or self._shapes[item.shape].location_name
            if name:
                return name
        return wire_name(self._shapes, use, member)

    def _structure(self, use: Reference) -> Read:
        members = {
            self.member_name(item, member): (member, self.reader(item))
            for member, item in self._shapes[use.shape].members.items()
        }

        def read(node: Any) -> Any:
            if not isinstance(node, dict):
                return {}
            answer = {}
            for name, inside in node.items():
                known = members.get(name)
                if known is not None:
                    answer[known[0]] = known[1](inside)
            return answer

        return read

    def _list(self, use: Reference) -> Read:
        item = inner(self._shapes[use.shape].member)
        read_item = self.reader(item)
        wrapper = "" if is_flat(self._shapes, use) else wire_name(self._shapes, item, "member")
        return lambda node: [read_item(inside) for inside in _numbered(node, wrapper)]

    def _map(self, use: Reference) -> Read:
        shape = self._shapes[use.shape]
        key, value = inner(shape.key), inner(shape.value)
        key_name = wire_name(self._shapes, key, "key")
        value_name = wire_name(self._shapes, value, "value")
        read_value = self.reader(value)
        wrapper = "" if is_flat(self._shapes, use) else "entry"

        def read(node: Any) -> Any:
            entries = [entry for entry in _numbered(node, wrapper) if isinstance(entry, dict)]
            return {e[key_name]: read_value(e.get(value_name, "")) for e in entries if key_name in e}

        return read


class Ec2Reader(FormReader):
    """The ec2 variant: every list is flattened, names come from queryName or are capitalised."""

    def member_name(self, use: Reference, member: str) -> str:
        if use.query_name:
            return use.query_name
        name = use.location_name or self._shapes[use.shape].location_name
        return name[0].upper() + name[1:] if name else member

    def _list(self, use: Reference) -> Read:
        read_item = self.reader(inner(self._shapes[use.shape].member))
        return lambda node: [read_item(inside) for inside in _numbered(node, "")]


def _numbered(node: Any, wrapper: str) -> list[Any]:
    """The items of a list in the order of their numbers."""
    if wrapper and isinstance(node, dict):
        node = node.get(wrapper)
    if not isinstance(node, dict):
        return []
    numbers = [name for name in node if NUMBER.fullmatch(name)]
    return [node[name] for name in sorted(numbers, key=int)]


def _read_text(text: Any) -> Any:
    if not isinstance(text, str):
        raise MalformedInput("a value was expected where the request has a structure")
    return text


def _read_integer(text: Any) -> int:
    try:
        return int(text)
    except (TypeError, ValueError):
        raise MalformedInput(f"{text!r} is not an integer") from None


def _read_float(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        raise MalformedInput(f"{text!r} is not a number") from None


def _read_boolean(text: Any) -> bool:
    lowered = str(text).lower()
    if lowered not in ("true", "false"):
        raise MalformedInput(f"{text!r} is neither true nor false")
    return lowered == "true"


def _read_timestamp(text: Any) -> datetime:
    try:
        return from_text(_read_text(text))
    except ValueError:
        raise MalformedInput(f"{text!r} is not a timestamp") from None


def _read_blob(text: Any) -> bytes:
    try:
        return b64decode(_read_text(text), validate=True)
    except ValueError:
        raise MalformedInput("a binary value is not valid base64") from None


SCALAR_READERS: dict[str, Read] = {
    "string": _read_text,
    "character": _read_text,
    "integer": _read_integer,
    "long": _read_integer,
    "float": _read_float,
    "double": _read_float,
    "boolean": _read_boolean,
    "timestamp": _read_timestamp,
    "blob": _read_blob,
}
