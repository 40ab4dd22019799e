"""Which service and operation a request means.

    X-Amz-Target: AmazonEC2ContainerServiceV20141113.ListServices     the prefix names the service
    Action=CreateRule&Version=2015-12-01                              credential scope and version do
    POST /service/GraniteServiceVersion20100801/operation/ListMetrics  the path names both (RPC v2)
    POST /v1/clusters                                                 credential scope and path do

What came decides the protocol of the answer too: a service may speak several.

The service name in a credential scope is not botocore's (`elasticloadbalancing` signs both elb and
elbv2). The services Bambe has are looked at first; only for the rest of AWS, which is answered with
501 by name, are all 400 models glanced at, once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import product
from typing import NamedTuple

from bambe.kernel.errors import AwsError, NotImplementedByBambe
from bambe.wire.description import Metadata, every_service, metadata
from bambe.wire.errors import UnknownService
from bambe.wire.forms import fields
from bambe.wire.request import Request
from bambe.wire.service import Operation, WireService

Load = Callable[[str], WireService]
CBOR = b"rpc-v2-cbor"
RPC = re.compile(r"(?:/.*)?/service/(?P<prefix>[^/]+)/operation/(?P<operation>[^/]+)/?")


class Found(NamedTuple):
    """What a request means: a service, and an operation or the reason why there is none."""

    service: WireService
    operation: Operation | None
    form: dict[str, str] | None
    refused: AwsError | None = None


class Finder:
    """Finds the service and operation of requests."""

    def __init__(self, served: Iterable[str], load: Load) -> None:
        self._served = sorted(served)
        self._load = load
        self._targets: dict[bytes, Found] = {}
        self._actions: dict[tuple[str, str, str], Operation] = {}

    def find(self, request: Request, signs_as: str = "") -> Found:
        """`signs_as` is the service of the credential scope, empty for unsigned requests."""
        target = request.headers.get(b"x-amz-target")
        if target is not None:
            return self._targets.get(target) or self._by_target(target, signs_as)
        content_type = request.headers.get(b"content-type", b"")
        if content_type.startswith(b"application/x-www-form-urlencoded"):
            return self._by_form(fields(request.body), signs_as)
        if "Action=" in request.query:
            return self._by_form(fields(request.query.encode()), signs_as)
        called = RPC.fullmatch(request.path) if request.headers.get(b"smithy-protocol") == CBOR else None
        if called:
            return self._by_rpc(request, called["prefix"], called["operation"], signs_as)
        return self._by_path(request, signs_as)

    def _by_rpc(self, request: Request, prefix: str, name: str, signs_as: str) -> Found:
        service = self._one(lambda m: m.target_prefix == prefix, signs_as).speaking(f"smithy-{CBOR.decode()}")
        if not service.protocol_name.endswith(CBOR.decode()):
            return Found(service, None, None, _no_path(service, request))
        operation = service.operations.get(name)
        return Found(service, operation, None, None if operation else service.unknown(name))

    def _by_target(self, target: bytes, signs_as: str) -> Found:
        prefix, _, name = target.decode("latin-1").rpartition(".")
        service = self._one(lambda m: m.target_prefix == prefix, signs_as).speaking("json")
        operation = service.operations.get(name)
        if operation is None:
            return Found(service, None, None, service.unknown(name))
        found = Found(service, operation, None)
        if metadata(service.name).target_prefix == prefix:
            self._targets[target] = found
        return found

    def _by_form(self, form: dict[str, str], signs_as: str) -> Found:
        action, version = form.get("Action", ""), form.get("Version", "")
        known = self._actions.get((action, version, signs_as))
        if known is not None:
            return Found(known.service, known, form)
        service = self._one(lambda m: m.api_version == version, signs_as, action).speaking("query")
        operation = service.operations.get(action)
        if operation is None:
            return Found(service, None, form, service.unknown(action))
        about = metadata(service.name)
        if about.api_version == version and about.signs_as == signs_as:
            self._actions[action, version, signs_as] = operation
        return Found(service, operation, form)

    def _by_path(self, request: Request, signs_as: str) -> Found:
        if not signs_as:
            raise UnknownService("nothing in the request says which AWS service it is for")
        service = self._one(lambda m: m.protocol.startswith("rest"), signs_as)
        described = (
            service.routes.find(request.method, request.path, request.query) if _is_rest(service) else None
        )
        if described is None:
            return Found(service, None, None, _no_path(service, request))
        return Found(service, service.operations[described.name], None)

    def _one(self, fits: Callable[[Metadata], bool], signs_as: str, action: str = "") -> WireService:
        """The service that signs so and fits; else one that only fits, else one that only signs so."""

        def signs(m: Metadata) -> bool:
            return m.signs_as == signs_as

        def both(m: Metadata) -> bool:
            return signs(m) and fits(m)

        order = (both, signs, fits) if signs_as and action else (both, fits, signs)
        same_name = [signs_as] if signs_as in every_service() else []  # most services sign as they are called
        for wanted, names in product(order, (same_name, self._served, self._others)):
            candidates = [name for name in names if wanted(metadata(name))]
            if candidates:
                return self._best(candidates, action)
        raise UnknownService(
            f"AWS has no service {signs_as!r}" if signs_as else "the request names no service"
        )

    def _best(self, candidates: list[str], action: str) -> WireService:
        services = (self._load(name) for name in candidates)
        return next((s for s in services if action in s.operations), None) or self._load(candidates[0])

    @cached_property
    def _others(self) -> list[str]:
        return sorted(name for name in every_service() if name not in self._served)


def _no_path(service: WireService, request: Request) -> AwsError:
    if b"smithy-protocol" in request.headers:
        spoken = request.headers[b"smithy-protocol"].decode("latin-1")
        return NotImplementedByBambe(
            f"Bambe does not speak {spoken}, only {service.protocol_name}, with {service.name}"
        )
    return service.unknown(f"{request.method} {request.path}")


def _is_rest(service: WireService) -> bool:
    return service.protocol_name.startswith("rest")
