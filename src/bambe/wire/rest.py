"""Where the REST protocols put things: path labels, query string, headers, status code, payload."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote

from bambe.wire.description import Http, OperationDescription, Reference, Shapes
from bambe.wire.forms import SCALAR_READERS
from bambe.wire.request import Headers, Request
from bambe.wire.shapes import inner, timestamp_format, wire_name
from bambe.wire.timestamps import WRITERS

_LABEL = re.compile(r"\{(\w+)(\+?)\}")
Spell = Callable[[Any], str]


class Routes:
    """Finds the operation of a REST request by method, path and what its URI has behind the `?`; the most
    literal one wins."""

    def __init__(self, operations: Iterable[OperationDescription]) -> None:
        found = [
            (o.http.method, template(o.http.request_uri), _literals(o.http.request_uri), o)
            for o in operations
        ]
        self._routes = sorted(found, key=lambda route: _openness(route[3].http.request_uri))

    def find(self, method: str, path: str, query: str = "") -> OperationDescription | None:
        """The operation, or None."""
        said = set(parse_qsl(query, keep_blank_values=True))
        for wanted, pattern, literals, operation in self._routes:
            if wanted == method and literals <= said and pattern.fullmatch(path):
                return operation
        return None


def template(uri: str) -> re.Pattern[str]:
    """A pattern for `/v1/clusters/{clusterArn}`; labels keep their names, `{key+}` spans slashes."""
    parts = []
    end = 0
    path = uri.partition("?")[0]
    for label in _LABEL.finditer(path):
        parts.append(re.escape(path[end : label.start()]))
        parts.append(f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})")
        end = label.end()
    parts.append(re.escape(path[end:]))
    return re.compile("".join(parts) + "/?")


def _literals(uri: str) -> set[tuple[str, str]]:
    """What every request has in its query: `?tagging`, `?List=ALL`."""
    return set(parse_qsl(uri.partition("?")[2], keep_blank_values=True))


def _openness(uri: str) -> tuple[int, int]:
    labels = _LABEL.findall(uri)
    return len(labels), -len(uri)


class Binding:
    """The places of one structure's members outside the body."""

    def __init__(self, shapes: Shapes, use: Reference, http: Http) -> None:
        self._shapes = shapes
        shape = shapes[use.shape]
        self._path = template(http.request_uri)
        self._members = {n: u for n, u in shape.members.items() if u.location}
        self.located = frozenset(self._members)
        self.payload_name = shape.payload
        self.payload = shape.members.get(shape.payload)
        self.streams = self.payload is not None and shapes[self.payload.shape].type in ("blob", "string")

    def read(self, request: Request) -> dict[str, Any]:
        """The members that a request carries outside its body."""
        labels = self._path.fullmatch(request.path)
        values = parse_qs(request.query, keep_blank_values=True)
        found = {}
        for member, use in self._members.items():
            name = wire_name(self._shapes, use, member)
            if use.location == "uri" and labels:
                found[member] = self._value(use, unquote(labels[name]))
            elif use.location == "querystring":
                found.update(self._from_query(member, use, name, values))
            elif use.location == "header" and name.lower().encode() in request.headers:
                text = request.headers[name.lower().encode()].decode("latin-1")
                found[member] = self._value(use, text)
            elif use.location == "headers":
                found[member] = _prefixed(request.headers, name.lower())
        return found

    def write(self, result: Mapping[str, Any]) -> tuple[int, Headers]:
        """The status (0: the operation's own) and the headers that carry members."""
        status = 0
        headers: Headers = []
        for member, use in self._members.items():
            value = result.get(member)
            if value is None:
                continue
            name = wire_name(self._shapes, use, member).lower()
            if use.location == "statusCode":
                status = int(value)
            elif use.location == "headers":
                headers += [((name + k.lower()).encode(), str(v).encode()) for k, v in value.items()]
            else:
                headers.append((name.encode(), self._text(use, value).encode()))
        return status, headers

    def _from_query(
        self, member: str, use: Reference, name: str, values: dict[str, list[str]]
    ) -> dict[str, Any]:
        shape = self._shapes[use.shape]
        if shape.type == "map":
            taken = {u.location_name for u in self._members.values()}
            rest = {k: v[0] for k, v in values.items() if k not in taken}
            return {member: rest} if rest else {}
        if name not in values:
            return {}
        if shape.type == "list":
            each = inner(shape.member)
            return {member: [self._value(each, text) for text in values[name]]}
        return {member: self._value(use, values[name][0])}

    def _value(self, use: Reference, text: str) -> Any:
        shape = self._shapes[use.shape]
        if shape.type == "list":
            each = inner(shape.member)
            return [self._value(each, part.strip()) for part in text.split(",")]
        return SCALAR_READERS.get(shape.type, SCALAR_READERS["string"])(text)

    def _text(self, use: Reference, value: Any) -> str:
        shape = self._shapes[use.shape]
        if shape.type == "list":
            return ",".join(self._text(inner(shape.member), item) for item in value)
        if shape.type == "timestamp":
            return WRITERS[timestamp_format(self._shapes, use, "rfc822")](value)
        if shape.type == "boolean":
            return "true" if value else "false"
        return str(value)


def _prefixed(headers: Mapping[bytes, bytes], prefix: str) -> dict[str, str]:
    start = prefix.encode()
    return {k[len(start) :].decode(): v.decode("latin-1") for k, v in headers.items() if k.startswith(start)}
