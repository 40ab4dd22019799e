"""The one endpoint: AWS's API, the applications mounted beside it, and the daemon's own two paths.

    /v2/..., /git/...       whatever is mounted there (any ASGI application, scope unchanged)
    /_bambe/sessions/...    the same, by WebSocket: commands in containers
    /_bambe/health          is it ready, which version, which instance
    POST /_bambe/reset      forget everything (ephemeral daemons only)
    everything else         AWS: identify, admit, parse, dispatch, serialise

`answer` takes a whole request and gives a whole response; the ASGI interface is laid around it, and
`edge.http` calls it without that detour.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from bambe.edge.access import Gate
from bambe.edge.credentials import KeyRing
from bambe.edge.dispatch import Dispatcher
from bambe.edge.errors import Denied, RequestTooLarge
from bambe.edge.plain import join_headers, plain_error, request_number
from bambe.edge.sigv4 import Signature, find_signature
from bambe.kernel.call import Caller
from bambe.kernel.clock import Clock
from bambe.kernel.errors import AwsError, BambeError, InternalFailure
from bambe.wire import Models, Request, Response
from bambe.wire.errors import SerializationException
from bambe.wire.identify import Found
from bambe.wire.service import Operation

log = logging.getLogger("bambe.edge")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]
Health = Callable[[], Mapping[str, Any]]
Reset = Callable[[], Awaitable[None]]

OWN = "/_bambe/"
BY_LINK = (("sns", "ConfirmSubscription"), ("sns", "Unsubscribe"))
"""SNS's messages have links to these, which whoever gets a message may follow."""
MAX_BODY = 64 * 1024 * 1024
_JSON = (b"content-type", b"application/json")


class ClientGone(BambeError):
    """The client went away in the middle of its request: nobody is left to answer."""


class App:
    """Answers every request that reaches the endpoint.

    `health` says how the daemon is, with at least a member `ready`; `reset` is given to ephemeral
    daemons only.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        models: Models,
        keyring: KeyRing,
        clock: Clock,
        *,
        mounts: Mapping[str, AsgiApp] | None = None,
        health: Health | None = None,
        reset: Reset | None = None,
    ) -> None:
        self._dispatcher = dispatcher
        self._models = models
        self._gate = Gate(keyring, clock)
        self._mounts = dict(mounts or {})
        self._health = health or (lambda: {"ready": True})
        self._reset = reset

    def mount(self, path: str) -> AsgiApp | None:
        """The application that owns `path`, if one does."""
        for prefix, app in self._mounts.items():
            if path == prefix or path.startswith(prefix + "/"):
                return app
        return None

    async def answer(self, request: Request) -> Response:
        """The response to a request for anything but a mount."""
        if request.path.startswith(OWN):
            return await self._own(request)
        request_id = request_number()
        found: Found | None = None
        try:
            signature, denied = _signature(request)
            service = signature.scope.service if signature else ""
            found = self._models.find(_unpacked(request) if _is_form(request) else request, service)
            return await self._aws(request, found, signature, denied, request_id)
        except Denied as error:
            protocol = found.service.protocol_name if found else "query"
            return _refused(request, found, error.error(protocol), request_id)
        except AwsError as error:
            return _refused(request, found, error, request_id)
        except Exception:
            log.exception("request %s failed", request_id)
            return _refused(request, found, InternalFailure(BUG), request_id)

    async def _aws(
        self,
        request: Request,
        found: Found,
        signature: Signature | None,
        denied: Denied | None,
        request_id: str,
    ) -> Response:
        operation = found.operation
        if signature is not None:
            caller = await self._gate.admit(request, signature)
        else:
            caller = self._unsigned(operation, denied)
        if operation is None:
            raise found.refused or InternalFailure(BUG)
        name = found.service.name
        self._dispatcher.require(name, operation.snake)
        parameters = operation.parse(_unpacked(request), found.form)
        answer = await self._dispatcher(caller, name, operation.snake, parameters, request_id=request_id)
        return operation.serialize(answer, request_id)

    def _unsigned(self, operation: Operation | None, denied: Denied | None) -> Caller:
        if operation is not None and (operation.is_unsigned or _is_by_link(operation)):
            return self._gate.anonymous()
        raise denied or InternalFailure(BUG)

    async def _own(self, request: Request) -> Response:
        if request.path == OWN + "health":
            said = self._health()
            return Response(200 if said["ready"] else 503, [_JSON], msgspec.json.encode(said))
        if request.path == OWN + "reset" and request.method == "POST":
            return await self._forget()
        return _sentence(404, f"Bambe has nothing at {request.path}.")

    async def _forget(self) -> Response:
        if self._reset is None:
            return _sentence(403, NOT_EPHEMERAL)
        await self._reset()
        return Response(200, [_JSON], b"{}")

    def too_large(self) -> Response:
        """What a caller hears whose request is larger than `MAX_BODY`."""
        return plain_error(None, RequestTooLarge(TOO_LARGE), request_number())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        mounted = self.mount(scope["path"])
        if mounted is not None:
            await mounted(scope, receive, send)
            return
        if scope["type"] != "http":
            await _no_web_socket(receive, send)
            return
        try:
            body = await _body(receive)
        except ClientGone:
            return
        if body is None:
            response = self.too_large()
        else:
            raw = scope.get("raw_path") or scope["path"].encode()
            response = await self.answer(
                Request(
                    scope["method"],
                    raw.decode("latin-1"),
                    scope["query_string"].decode("latin-1"),
                    join_headers(scope["headers"]),
                    body,
                )
            )
        length = (b"content-length", str(len(response.body)).encode())
        headers = [*response.headers, length]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})


NOT_EPHEMERAL = "Only a daemon started with --ephemeral can be reset; this one keeps its state."
BUG = "Bambe failed on this request; the request id finds the reason in the daemon's log"
TOO_LARGE = f"the request is larger than {MAX_BODY} bytes"


def _is_by_link(operation: Operation) -> bool:
    return (operation.service.name, operation.name) in BY_LINK


def _signature(request: Request) -> tuple[Signature | None, Denied | None]:
    """The signature, or why there is none: which service is called decides how that is said."""
    try:
        return find_signature(request), None
    except Denied as denied:
        return None, denied


def _refused(request: Request | None, found: Found | None, error: AwsError, request_id: str) -> Response:
    """The error as the service spells it; where no service is known, or its spelling fails, plainly."""
    if found is not None:
        try:
            return found.service.error(error, request_id)
        except Exception:
            log.exception("the error of request %s cannot be spelled", request_id)
    return plain_error(request, error, request_id)


def _sentence(status: int, message: str) -> Response:
    return Response(status, [_JSON], msgspec.json.encode({"message": message}))


def _is_form(request: Request) -> bool:
    return request.headers.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded")


def _unpacked(request: Request) -> Request:
    """The request with its body decompressed (some SDKs compress large bodies)."""
    if request.headers.get(b"content-encoding") != b"gzip":
        return request
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        body = unpacker.decompress(request.body, MAX_BODY)
    except zlib.error:
        raise SerializationException("the request body is not valid gzip") from None
    if unpacker.unconsumed_tail:
        raise RequestTooLarge(TOO_LARGE)
    if not unpacker.eof:
        raise SerializationException("the request body is gzip that ends too early")
    return request._replace(body=body)


async def _no_web_socket(receive: Receive, send: Send) -> None:
    """Answered before it is opened: 403."""
    await receive()
    await send({"type": "websocket.close"})


async def _body(receive: Receive) -> bytes | None:
    """The whole body, or None when it is larger than allowed; ClientGone when it breaks off."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
