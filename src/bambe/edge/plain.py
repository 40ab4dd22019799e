"""Requests and errors before it is known which service is meant."""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from bambe.kernel.errors import AwsError
from bambe.wire import Request, Response
from bambe.wire.xmls import escape

_numbers = random.Random()


def request_number() -> str:
    """A fresh request id, spelled as a UUID. It need not be a secret, so it costs no system call."""
    text = f"{_numbers.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def join_headers(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers by name; repeated ones are joined with commas, as a signature sees them."""
    joined = dict(headers)
    if len(joined) == len(headers):
        return joined
    joined = {}
    for name, value in headers:
        joined[name] = joined[name] + b"," + value if name in joined else value
    return joined


def plain_error(request: Request | None, error: AwsError, request_id: str) -> Response:
    """An error in JSON for those who sent JSON, else in XML."""
    sent = request.headers.get(b"content-type", b"") if request else b""
    identity = (b"x-amzn-requestid", request_id.encode())
    code = error.wire_code()
    if b"json" in sent:
        body = msgspec.json.encode({"__type": code, "message": error.message})
        return Response(error.status, [(b"content-type", b"application/x-amz-json-1.1"), identity], body)
    sender = "Sender" if error.status < 500 else "Receiver"
    text = (
        f"<ErrorResponse><Error><Type>{sender}</Type><Code>{escape(code)}</Code>"
        f"<Message>{escape(error.message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Response(error.status, [(b"content-type", b"text/xml"), identity], text.encode())
