"""An HTTP request and an HTTP response, as far as AWS's protocols look at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Headers = list[tuple[bytes, bytes]]


class Request(NamedTuple):
    """`path` and `query` as they came, still encoded; header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[bytes, bytes]
    body: bytes


class Response(NamedTuple):
    """What goes back."""

    status: int
    headers: Headers
    body: bytes


class Incoming(NamedTuple):
    """A request understood: which operation of which service, in botocore's names."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
