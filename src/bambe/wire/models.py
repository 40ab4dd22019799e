"""Everything about how AWS spells things, loaded service by service when first needed."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

from bambe.kernel.errors import AwsError, UnknownOperationException
from bambe.wire.identify import Finder, Found
from bambe.wire.request import Incoming, Request, Response
from bambe.wire.service import Operation, WireService


class Models:
    """botocore's models, put to work on the server's side.

    `services` are those the house serves, by botocore's names; naming them saves looking through
    all of AWS when a request comes in. `operations` are those of a service that will be called: the rest can
    only be told from each other then, which takes less memory.
    """

    def __init__(
        self, services: Iterable[str] = (), operations: Callable[[str], Container[str]] | None = None
    ) -> None:
        self._operations = operations
        self._services: dict[str, WireService] = {}
        self._finder = Finder(services, self.service)

    def service(self, name: str) -> WireService:
        """One service; `UnknownOperationException` when AWS has none of that name."""
        found = self._services.get(name)
        if found is None:
            try:
                found = self._services[name] = WireService(name, has=self._has(name))
            except KeyError:
                raise UnknownOperationException(f"AWS has no service {name!r}") from None
        return found

    def _has(self, service: str) -> Callable[[str], bool] | None:
        return None if self._operations is None else self._operations(service).__contains__

    def operation(self, service: str, operation: str) -> Operation:
        """One operation, by botocore's snake case name."""
        found = self.service(service)
        try:
            return found.by_snake[operation]
        except KeyError:
            raise UnknownOperationException(f"{service} has no operation {operation}") from None

    def validate(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters as an operation gets them; the service's own error for what its model forbids."""
        return self.operation(service, operation).validate(parameters)

    def find(self, request: Request, signs_as: str = "") -> Found:
        """Which operation a request means, without looking at its parameters."""
        return self._finder.find(request, signs_as)

    def parse(self, request: Request, signs_as: str = "") -> Incoming:
        """A request as (service, operation, parameters); `signs_as` is its credential scope's service."""
        found = self.find(request, signs_as)
        if found.operation is None:
            raise found.refused or UnknownOperationException()
        parameters = found.operation.parse(request, found.form)
        return Incoming(found.service.name, found.operation.snake, parameters)

    def serialize(self, service: str, operation: str, result: Mapping[str, Any], request_id: str) -> Response:
        """An operation's answer as its clients read it."""
        return self.operation(service, operation).serialize(result, request_id)

    def serialize_error(self, service: str, error: AwsError, request_id: str) -> Response:
        """An error as the service's clients read it; status and code are the model's, if it has the shape."""
        return self.service(service).error(error, request_id)
