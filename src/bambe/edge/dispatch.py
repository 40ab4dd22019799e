"""From a call to its operation: one way in, for HTTP requests and for calls between services."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from bambe.kernel.call import MAX_DEPTH, Answer, Aws, Call, Caller, Site, Store
from bambe.kernel.clock import Clock
from bambe.kernel.errors import NotImplementedByBambe, ThrottlingException
from bambe.kernel.ids import uuid_id
from bambe.services import Registry

audit = logging.getLogger("bambe.audit")


class Named(Protocol):
    """An operation as AWS names it."""

    @property
    def name(self) -> str: ...


class Models(Protocol):
    """What the dispatcher asks of wire."""

    def validate(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters as an operation gets them; an AwsError for what the model forbids.

        `UnknownOperationException` where the service's model has no such operation.
        """
        ...

    def operation(self, service: str, operation: str) -> Named:
        """An operation of AWS's; `UnknownOperationException`."""
        ...


class Dispatcher:
    """Finds the operation, checks the parameters against AWS's model, calls it."""

    def __init__(self, registry: Registry, models: Models, store: Store, clock: Clock, site: Site) -> None:
        self._registry = registry
        self._models = models
        self._store = store
        self._clock = clock
        self._site = site

    def aws(self, caller: Caller) -> Aws:
        """The API as `caller` sees it, for loops and tests."""
        return Aws(self._dispatch, caller)

    async def __call__(
        self,
        caller: Caller,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        depth: int = 0,
        request_id: str = "",
    ) -> Answer:
        """Answer one call; `operation` in botocore's snake case."""
        if depth > MAX_DEPTH:
            raise ThrottlingException(
                f"{self._name(service, operation)} was called through more than {MAX_DEPTH} calls"
            )
        handler = self._handler(service, operation)
        request = self._models.validate(service, operation, parameters)
        call = Call(
            caller=caller,
            request_id=request_id or uuid_id(),
            store=self._store,
            clock=self._clock,
            aws=Aws(self._dispatch, caller, depth + 1),
            site=self._site,
        )
        audit.debug("%s %s %s:%s", call.request_id, caller.principal, service, operation)
        answer: Answer = await handler(call, request)
        return answer

    def require(self, service: str, operation: str) -> None:
        """`NotImplementedByBambe` unless there is such an operation here."""
        self._handler(service, operation)

    async def _dispatch(
        self, caller: Caller, service: str, operation: str, parameters: Mapping[str, Any], depth: int
    ) -> Answer:
        return await self(caller, service, operation, parameters, depth=depth)

    def _handler(self, service: str, operation: str) -> Any:
        known = self._registry.get(service)
        handler = known.operations.get(operation) if known else None
        if handler is None:
            raise NotImplementedByBambe(f"{self._name(service, operation)} is not implemented by Bambe")
        return handler

    def _name(self, service: str, operation: str) -> str:
        """`application-autoscaling:PutScalingPolicy`; UnknownOperationException for what AWS has not."""
        return f"{service}:{self._models.operation(service, operation).name}"
