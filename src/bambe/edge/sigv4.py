"""Signature Version 4: taking a signature apart, and making the one the secret key would make.

Source: "Create a signed AWS API request" in the IAM user guide. A signature stands in the
Authorization header or, for presigned URLs, in the query string.
"""

from __future__ import annotations

import hmac
import re
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote_plus

from bambe.edge.errors import Denied, Reason
from bambe.wire import Request
from bambe.wire.timestamps import from_compact, from_text

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = timedelta(minutes=15)
SECONDS = re.compile(r"[0-9]{1,6}")
UNSIGNED = (b"UNSIGNED-PAYLOAD", b"STREAMING-UNSIGNED-PAYLOAD-TRAILER")
_EMPTY = sha256(b"").hexdigest().encode()


class Scope(NamedTuple):
    """Whose key signed, and what the signature is good for."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[bytes, ...]
    signed_line: bytes
    credential: str


class Signature(NamedTuple):
    """A signature found in a request. `expires` is a presigned URL's life in seconds, else 0."""

    scope: Scope
    signature: str
    timestamp: str
    token: str
    expires: int


def find_signature(request: Request) -> Signature:
    """The signature of `request`; `Denied` when it has none or an incomplete one."""
    header = request.headers.get(b"authorization")
    if header is not None:
        return _from_header(header.decode("latin-1"), request)
    if "X-Amz-Algorithm=" in request.query:
        return _from_query(dict(parse_qsl(request.query, keep_blank_values=True)))
    raise Denied(Reason.MISSING)


def check_time(signature: Signature, now: datetime) -> None:
    """`Denied` when the request was signed more than fifteen minutes from `now`, or its URL has run out."""
    signed = _moment(signature.timestamp)
    if not _compact_of(signature).startswith(signature.scope.date) or len(signature.scope.date) != 8:
        raise Denied(
            Reason.WRONG,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{signature.scope.date}' != '{signed:%Y%m%d}', from '{signature.timestamp}'.",
        )
    life = timedelta(seconds=signature.expires) if signature.expires else SKEW
    if now - signed > life:
        raise Denied(Reason.SKEWED, _expired(signed, now, life))
    if signed - now > SKEW:
        late = now + SKEW
        raise Denied(
            Reason.SKEWED,
            f"Signature not yet current: {_compact(signed)} is still later than {_compact(late)} "
            f"({_compact(now)} + 15 min.)",
        )


def check_signature(request: Request, signature: Signature, secret_key: str) -> None:
    """`Denied` unless the key `secret_key` makes this signature for this request."""
    scope = signature.scope
    canonical = b"%b\n%b\n%b\n%b\n\n%b\n%b" % (
        request.method.encode(),
        _canonical_path(request.path, scope.service),
        _canonical_query(request.query),
        _canonical_headers(request, scope.signed_headers),
        scope.signed_line,
        _payload_hash(request, signature),
    )
    digest = sha256(canonical).hexdigest()
    to_sign = f"{ALGORITHM}\n{_compact_of(signature)}\n{scope.credential}\n{digest}"
    key = signing_key(secret_key, scope.date, scope.region, scope.service)
    if not hmac.compare_digest(key.sign(to_sign.encode("latin-1")), signature.signature):
        raise Denied(Reason.WRONG)


class SigningKey:
    """A key derived for one day, region and service, with HMAC's two halves begun."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(64, b"\0")  # RFC 2104; a derived key is 32 bytes, the block of SHA-256 64
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def sign(self, text: bytes) -> str:
        """The HMAC-SHA256 of `text`, in hexadecimal."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text)
        outer.update(inner.digest())
        return outer.hexdigest()


@lru_cache(maxsize=512)
def signing_key(secret_key: str, date: str, region: str, service: str) -> SigningKey:
    """The key derived for one day, region and service."""
    key = b"AWS4" + secret_key.encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return SigningKey(key)


def _from_header(header: str, request: Request) -> Signature:
    start, found, signature = header.rpartition("Signature=")
    if not header.startswith(ALGORITHM) or not found or not signature or not signature.isascii():
        raise _incomplete(header, request)
    scope = _scope_of(start)
    timestamp = request.headers.get(b"x-amz-date") or request.headers.get(b"date")
    if timestamp is None or scope is None:
        raise _incomplete(header, request)
    token = request.headers.get(b"x-amz-security-token", b"")
    return Signature(scope, signature, timestamp.decode("latin-1"), token.decode("latin-1"), 0)


@lru_cache(maxsize=512)
def _scope_of(start: str) -> Scope | None:
    """The scope in an Authorization header up to its signature, the same for all requests of a client."""
    parts = {}
    for part in start[len(ALGORITHM) :].split(","):
        name, _, value = part.strip().partition("=")
        parts[name] = value
    if not parts.get("Credential") or not parts.get("SignedHeaders"):
        return None
    return _scope(parts["Credential"], parts["SignedHeaders"])


def _scope(credential: str, signed_headers: str) -> Scope:
    access_key, _, rest = credential.partition("/")
    parts = rest.split("/")
    if len(parts) != 4 or parts[3] != "aws4_request":
        raise Denied(
            Reason.INCOMPLETE,
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{credential}'",
        )
    names = tuple(name.encode("latin-1", "replace") for name in signed_headers.lower().split(";"))
    if b"host" not in names:
        raise Denied(
            Reason.WRONG, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        )
    return Scope(access_key, parts[0], parts[1], parts[2], names, b";".join(names), rest)


def _from_query(query: dict[str, str]) -> Signature:
    wanted = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
    absent = [name for name in wanted if not query.get(name, "").isascii() or not query.get(name)]
    if absent or query["X-Amz-Algorithm"] != ALGORITHM:
        lacks = " ".join(f"AWS query-string parameters must include '{name}'." for name in absent)
        raise Denied(Reason.INCOMPLETE, f"{lacks} Re-examine the query-string parameters.".strip())
    expires = query.get("X-Amz-Expires", "900")
    life = int(expires) if SECONDS.fullmatch(expires) else 0
    if not 1 <= life <= 604_800:
        raise Denied(Reason.INCOMPLETE, "X-Amz-Expires must be between 1 and 604800 seconds")
    return Signature(
        _scope(query["X-Amz-Credential"], query["X-Amz-SignedHeaders"]),
        query["X-Amz-Signature"],
        query["X-Amz-Date"],
        query.get("X-Amz-Security-Token", ""),
        life,
    )


def _incomplete(header: str, request: Request) -> Denied:
    lacks = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if f"{name}=" not in header
    ]
    if b"x-amz-date" not in request.headers and b"date" not in request.headers:
        lacks.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    scheme = header.split(" ", 1)[0]
    return Denied(Reason.INCOMPLETE, f"{' '.join(lacks)} Authorization={scheme}".strip())


@lru_cache(maxsize=512)
def _moment(timestamp: str) -> datetime:
    try:
        return from_compact(timestamp)
    except ValueError:
        pass
    try:
        return from_text(timestamp)  # a Date header
    except ValueError:
        raise Denied(
            Reason.INCOMPLETE,
            "Date must be in ISO-8601 'basic format'. "
            f"Got '{timestamp}'. See http://en.wikipedia.org/wiki/ISO_8601",
        ) from None


def _expired(signed: datetime, now: datetime, life: timedelta) -> str:
    minutes = int(life.total_seconds() // 60)
    early = now - life
    return (
        f"Signature expired: {_compact(signed)} is now earlier than {_compact(early)} "
        f"({_compact(now)} - {minutes} min.)"
    )


def _compact(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _compact_of(signature: Signature) -> str:
    timestamp = signature.timestamp
    return timestamp if len(timestamp) == 16 else _compact(_moment(timestamp))


def _payload_hash(request: Request, signature: Signature) -> bytes:
    declared = request.headers.get(b"x-amz-content-sha256")
    if declared in UNSIGNED:
        return declared
    if signature.expires and signature.scope.service == "s3":
        return UNSIGNED[0]
    actual = sha256(request.body).hexdigest().encode() if request.body else _EMPTY
    if declared is not None and declared != actual:
        raise Denied(Reason.WRONG)
    return actual


def _canonical_path(path: str, service: str) -> bytes:
    if path == "/" or not path:
        return b"/"
    if service == "s3":
        return path.encode("latin-1")  # S3 alone neither normalises nor encodes a second time
    return quote(_normal(path), safe="/~").encode()


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part and part != ".":
            parts.append(part)
    end = "/" if path.endswith("/") and parts else ""
    return "/" + "/".join(parts) + end


def _canonical_query(query: str) -> bytes:
    if not query:
        return b""
    pairs = []
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name and name != "X-Amz-Signature":
            pairs.append((_encoded(name), _encoded(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs)).encode()


def _encoded(text: str) -> str:
    return quote(unquote_plus(text), safe="-_.~")


def _canonical_headers(request: Request, names: tuple[bytes, ...]) -> bytes:
    headers = request.headers
    try:
        lines = b"\n".join([name + b":" + headers[name] for name in names])
    except KeyError:
        raise Denied(Reason.WRONG) from None
    # HTTP parsers strip values at both ends, so only white space within is left to fold.
    if lines.find(b"  ") < 0 and lines.find(b"\t") < 0:
        return lines
    return b"\n".join([name + b":" + b" ".join(headers[name].split()) for name in names])
