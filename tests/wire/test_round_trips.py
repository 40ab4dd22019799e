"""botocore is the oracle: what its clients send we read, and what we write its clients read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from bambe.wire import Models
from tests.wire.worlds import SERVICES, World, dialects, from_response, operations, oracle, to_request

WORLDS = 2
MODELS = Models(SERVICES)


def plain(value: Any) -> Any:
    """Times in UTC and nothing lazy, so that two sides compare."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return value


def by_service(service: str) -> list[str]:
    return [name for owner, name in operations() if owner == service]


def is_stream(shape: Any) -> bool:
    return shape is not None and shape.event_stream_name is not None


@pytest.mark.parametrize(("service", "protocol"), dialects())
def test_reads_what_clients_send(service: str, protocol: str) -> None:
    model = oracle(service)
    for name in by_service(service):
        described = model.operation_model(name)
        for number in range(WORLDS):
            world = World(f"{service}.{name}.{number}", protocol, answers=False)
            sent = world.value(described.input_shape) if described.input_shape else {}
            found = MODELS.parse(to_request(service, name, sent, protocol), model.signing_name)
            assert found.service == service
            assert MODELS.operation(service, found.operation).name == name
            assert plain(found.parameters) == plain(sent), f"{service}:{name} {number}"


@pytest.mark.parametrize(("service", "protocol"), dialects())
def test_clients_read_what_we_write(service: str, protocol: str) -> None:
    model = oracle(service)
    for name in by_service(service):
        described = model.operation_model(name)
        if is_stream(described.output_shape):
            continue
        operation = MODELS.service(service).speaking(protocol).operations[name]
        for number in range(WORLDS):
            world = World(f"{service}.{name}.{number}", protocol, answers=True)
            answer = world.value(described.output_shape) if described.output_shape else {}
            response = operation.serialize(answer, "id-1")
            read = from_response(service, name, response, protocol)
            metadata = read.pop("ResponseMetadata")
            # botocore looks for no request id in CBOR's empty answers.
            expected = None if not described.output_shape and "cbor" in protocol else "id-1"
            assert metadata.get("RequestId") == expected
            assert plain(read) == plain(answer), f"{service}:{name} {number}"


@pytest.mark.parametrize(("service", "protocol"), dialects())
def test_clients_read_our_errors(service: str, protocol: str) -> None:
    model = oracle(service)
    operation = model.operation_names[0]
    for shape in model.error_shapes:
        error = type(shape.name, (AwsError,), {})("it's <gone> & lost")
        response = MODELS.service(service).speaking(protocol).error(error, "id-1")
        read = from_response(service, operation, response, protocol)
        status = shape.metadata.get("error", {}).get("httpStatusCode")
        assert read["Error"]["Code"] == shape.error_code, shape.name
        assert read["Error"]["Message"] == "it's <gone> & lost"
        assert read["ResponseMetadata"]["RequestId"] == "id-1"
        assert status in (None, response.status)
