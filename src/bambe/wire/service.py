"""One service as the wire sees it: its operations, compiled when they are first used, and its errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from uuid import uuid4

from botocore import xform_name

from bambe.kernel.errors import AwsError, CommonError, UnknownOperationException
from bambe.wire import errors
from bambe.wire.checks import Check, Checks
from bambe.wire.description import Description, OperationDescription, description, part_of
from bambe.wire.faults import Faults
from bambe.wire.protocols import PROTOCOLS, Parse, Serialize, UnspokenProtocol, WireProtocol
from bambe.wire.request import Response
from bambe.wire.rest import Routes


class Operation:
    """One operation; reader, writer and check are compiled on first use and kept."""

    def __init__(self, service: WireService, described: OperationDescription) -> None:
        self.service = service
        self.described = described
        self.name = described.name
        self.snake = xform_name(described.name)

    @property
    def is_unsigned(self) -> bool:
        """Whether AWS takes this operation without a signature (AssumeRoleWithWebIdentity)."""
        return self.described.authtype == "none" or "smithy.api#noAuth" in self.described.auth

    @cached_property
    def parse(self) -> Parse:
        """(request, its form) -> parameters."""
        return self.service.protocol.parser(self.described)

    @cached_property
    def serialize(self) -> Serialize:
        """(answer, request id) -> response."""
        return self.service.protocol.serializer(self.described)

    @cached_property
    def validate(self) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
        """The parameters with idempotency tokens filled in; an AwsError for what the model forbids."""
        use = self.described.input
        if use is None:
            return self._refuse_any
        check = self.service.checks.check(use)
        members = self.service.description.shapes[use.shape].members
        tokens = tuple(name for name, member in members.items() if member.idempotency_token)
        return lambda parameters: self._checked(check, tokens, parameters)

    def _checked(
        self, check: Check, tokens: tuple[str, ...], parameters: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        problems: list[str] = []
        check(parameters, None, problems)
        if problems:
            raise self.service.invalid(problems, self.described, parameters)
        if tokens or None in parameters.values():
            given = {name: value for name, value in parameters.items() if value is not None}
            fresh = {name: str(uuid4()) for name in tokens if name not in given}
            return {**given, **fresh}
        return parameters

    def _refuse_any(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        if parameters:
            raise self.service.invalid([f"Unknown parameter '{next(iter(parameters))}'"], self.described, {})
        return parameters


def _described(name: str, has: Callable[[str], bool] | None) -> Description:
    if has is None:
        return description(name)
    return part_of(name, lambda operation: has(xform_name(operation)))


class WireService:
    """One service: `operations` by wire name, `by_snake` by botocore's Python name.

    `has` says which operations, by Python names, are ever to be read and written; without it all are. It
    speaks `protocol_name`; `speaking` answers the same service in another of its protocols.
    """

    def __init__(
        self,
        name: str,
        origin: WireService | None = None,
        protocol: str = "",
        has: Callable[[str], bool] | None = None,
    ) -> None:
        self.name = name
        self.description: Description = origin.description if origin else _described(name, has)
        self.protocol_name = protocol or _spoken(self.description)
        self.faults: Faults = origin.faults if origin else Faults(self.description)
        self.checks: Checks = origin.checks if origin else Checks(self.description.shapes)
        self._spoken: dict[str, WireService] = origin._spoken if origin else {self.protocol_name: self}
        self.operations = {d.name: Operation(self, d) for d in self.description.operations.values()}
        self.by_snake = {operation.snake: operation for operation in self.operations.values()}

    def speaking(self, protocol: str) -> WireService:
        """This service in `protocol`; as it is where it has no such protocol."""
        if protocol not in self.description.metadata.protocols:
            return self
        if protocol not in self._spoken:
            self._spoken[protocol] = WireService(self.name, self, protocol)
        return self._spoken[protocol]

    @cached_property
    def protocol(self) -> WireProtocol:
        """How this service is spelled."""
        make = PROTOCOLS.get(self.protocol_name, UnspokenProtocol)
        return make(self.description, self.faults)

    @cached_property
    def routes(self) -> Routes:
        """The paths of a REST service."""
        return Routes(self.description.operations.values())

    def error(self, error: AwsError, request_id: str) -> Response:
        """An error as this service's clients read it."""
        return self.protocol.error(error, request_id)

    def unknown(self, action: str) -> AwsError:
        """What the service says of an operation it does not have."""
        if self.protocol_name in ("query", "ec2"):
            return errors.InvalidAction(f"The action {action} is not valid for this web service.")
        return UnknownOperationException(f"{self.name} has no operation {action}")

    def invalid(
        self, problems: list[str], operation: OperationDescription, parameters: Mapping[str, Any]
    ) -> AwsError:
        """What the service says of parameters that break its model."""
        absent = self._absent(operation, parameters)
        if absent and self.name == "ec2":
            return errors.MissingParameter(f"The request must contain the parameter {absent}")
        required = f"{absent[:1].upper()}{absent[1:]}RequiredException"
        if absent and required in self.description.shapes:  # CodeDeploy has one such error per member
            shape: type[AwsError] = type(required, (CommonError,), {})
            return shape(f"{absent} is required")
        return errors.invalid(self.name, self.protocol_name, problems)

    def _absent(self, operation: OperationDescription, parameters: Mapping[str, Any]) -> str:
        if operation.input is None:
            return ""
        required = self.description.shapes[operation.input.shape].required
        return next((name for name in required if parameters.get(name) is None), "")


def _spoken(description: Description) -> str:
    """The protocol its clients choose: botocore prefers json to the newer ones a service may also speak."""
    metadata = description.metadata
    return "json" if "json" in metadata.protocols else metadata.protocol
