"""AWS's own description of a service, read from botocore's files with everything but the shapes left out.

botocore ships one JSON document per service. Typed decoding skips the documentation texts without
ever building them, which is nine tenths of the memory (all models in full cost 73 MB). A daemon keeps
only what the operations it has need: EC2 has 830, and it a few.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore
import msgspec

DATA = Path(botocore.__file__).parent / "data"


class Reference(msgspec.Struct, rename="camel", gc=False):
    """Where one shape is used inside another, with the traits of that use."""

    shape: str
    location_name: str = ""
    location: str = ""
    query_name: str = ""
    flattened: bool | None = None
    result_wrapper: str = ""
    xml_attribute: bool = False
    xml_namespace: Any = None
    timestamp_format: str = ""
    idempotency_token: bool = False
    jsonvalue: bool = False
    streaming: bool = False
    payload: str = ""


class ErrorTraits(msgspec.Struct, rename="camel", gc=False):
    """What a model says about an error on the wire."""

    code: str = ""
    http_status_code: int = 0
    sender_fault: bool = False


class Definition(msgspec.Struct, rename="camel"):
    """One shape. Which members mean something depends on `type`."""

    type: str
    members: dict[str, Reference] = {}
    required: list[str] = []
    member: Reference | None = None
    key: Reference | None = None
    value: Reference | None = None
    min: float | None = None
    max: float | None = None
    pattern: str = ""
    enum: list[str] = []
    union: bool = False
    document: bool = False
    sensitive: bool = False
    eventstream: bool = False
    flattened: bool = False
    payload: str = ""
    location_name: str = ""
    timestamp_format: str = ""
    exception: bool = False
    fault: bool = False
    error: ErrorTraits | None = None


class Http(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """The method and path of an operation; only the REST protocols use the path."""

    method: str = "POST"
    request_uri: str = "/"
    response_code: int = 200


class OperationDescription(msgspec.Struct, rename="camel"):
    """One operation: its shapes and where it lives."""

    name: str
    http: Http = Http()
    input: Reference | None = None
    output: Reference | None = None
    errors: list[Reference] = []
    authtype: str = ""
    auth: list[str] = []


class Metadata(msgspec.Struct, rename="camel"):
    """What identifies a service on the wire."""

    api_version: str = ""
    endpoint_prefix: str = ""
    signing_name: str = ""
    target_prefix: str = ""
    json_version: str = "1.1"
    protocol: str = ""
    protocols: list[str] = []
    aws_query_compatible: dict[str, Any] | None = None
    xml_namespace: str = ""
    service_full_name: str = ""

    @property
    def signs_as(self) -> str:
        """The service name in a credential scope."""
        return self.signing_name or self.endpoint_prefix


class Description(msgspec.Struct):
    """A whole service."""

    metadata: Metadata
    operations: dict[str, OperationDescription]
    shapes: dict[str, Definition]


class _Head(msgspec.Struct):
    metadata: Metadata


class _Outline(msgspec.Struct):
    metadata: Metadata
    operations: dict[str, OperationDescription]
    shapes: dict[str, msgspec.Raw]


class _Kind(msgspec.Struct):
    exception: bool = False
    error: ErrorTraits | None = None


_read_description = msgspec.json.Decoder(Description).decode
_read_outline = msgspec.json.Decoder(_Outline).decode
_read_definition = msgspec.json.Decoder(Definition).decode
_read_kind = msgspec.json.Decoder(_Kind).decode
_read_metadata = msgspec.json.Decoder(Metadata).decode


@cache
def every_service() -> frozenset[str]:
    """The names of all services AWS has, as botocore's folders spell them."""
    return frozenset(p.name for p in DATA.iterdir() if p.is_dir())


def description(service: str) -> Description:
    """All of one service; `KeyError` when AWS has none of that name."""
    with gzip.open(_file(service)) as file:
        return _read_description(file.read())


def part_of(service: str, has: Callable[[str], bool]) -> Description:
    """One service with the shapes of those operations that it `has`, by their names, and of its errors; of
    the others only how to know them."""
    with gzip.open(_file(service)) as file:
        whole = _read_outline(file.read())
    operations = {
        name: one if has(name) else msgspec.structs.replace(one, input=None, output=None, errors=[])
        for name, one in whole.operations.items()
    }
    uses = [use for one in operations.values() for use in (one.input, one.output) if use is not None]
    errors = [name for name, text in whole.shapes.items() if _is_error(text)]
    shapes = _reached([*(use.shape for use in uses), *errors], whole.shapes)
    return Description(whole.metadata, operations, shapes)


def _reached(names: Iterable[str], texts: Mapping[str, msgspec.Raw]) -> dict[str, Definition]:
    """These shapes and all they are made of."""
    found: dict[str, Definition] = {}
    left = list(names)
    while left:
        name = left.pop()
        if name in found:
            continue
        made = found[name] = _read_definition(texts[name])
        uses = (*made.members.values(), made.member, made.key, made.value)
        left += [use.shape for use in uses if use is not None]
    return found


def _is_error(text: msgspec.Raw) -> bool:
    kind = _read_kind(text)
    return kind.exception or kind.error is not None


@cache
def metadata(service: str) -> Metadata:
    """Only what identifies a service: it stands first in the file, so little is read."""
    with gzip.open(_file(service)) as file:
        head = file.read(4096)
        found = _first_object(head, b'"metadata":')
        return _read_metadata(found) if found else _whole_head(head + file.read())


def _whole_head(document: bytes) -> Metadata:
    return msgspec.json.decode(document, type=_Head).metadata


def _file(service: str) -> Path:
    folder = DATA / service
    if service not in every_service():
        raise KeyError(service)
    versions = sorted(p for p in folder.iterdir() if (p / "service-2.json.gz").exists())
    if not versions:
        raise KeyError(service)
    return versions[-1] / "service-2.json.gz"


def _first_object(text: bytes, after: bytes) -> bytes:
    """The JSON object that follows `after`, cut out by counting braces; empty when it is not all there."""
    start = text.find(b"{", text.find(after))
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] == 0x7B) - (text[position] == 0x7D)
        if depth == 0:
            return text[start : position + 1]
    return b""


Shapes = Mapping[str, Definition]
