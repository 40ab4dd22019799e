"""AWS's protocols: each binds an operation to a reader of requests and a writer of responses.

json         X-Amz-Target names the operation, JSON both ways          ecs, ecr, logs, codedeploy, ...
rpc-v2-cbor  the path names the operation, CBOR both ways              cloudwatch, codedeploy, ...
query        a form with Action and Version, XML back                  iam, sts, elbv2, cloudformation
ec2          query with names of its own                               ec2
rest-json    method and path name the operation, JSON both ways        kafka, eks, ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from bambe.kernel.errors import AwsError, NotImplementedByBambe
from bambe.wire.cbor import BadCbor, decode, encode
from bambe.wire.description import Description, OperationDescription, Reference
from bambe.wire.errors import SerializationException
from bambe.wire.faults import Fault, Faults
from bambe.wire.forms import Ec2Reader, FormReader, tree
from bambe.wire.jsons import CborWriter, JsonReader, JsonWriter
from bambe.wire.request import Headers, Request, Response
from bambe.wire.rest import Binding
from bambe.wire.xmls import XmlWriter, escape

Form = dict[str, str]
Parse = Callable[[Request, Form | None], Mapping[str, Any]]
Serialize = Callable[[Mapping[str, Any], str], Response]

encode_json = msgspec.json.Encoder().encode
decode_json = msgspec.json.Decoder().decode


class WireProtocol(Protocol):
    """One way of spelling requests and responses of one service."""

    def parser(self, operation: OperationDescription) -> Parse:
        """What turns a request (and its form, where it has one) into parameters."""
        ...

    def serializer(self, operation: OperationDescription) -> Serialize:
        """What turns an operation's answer and a request id into a response."""
        ...

    def error(self, error: AwsError, request_id: str) -> Response:
        """An error as this protocol spells it."""
        ...


def decode_object(body: bytes) -> Any:
    """A JSON body; nothing at all counts as an empty object."""
    try:
        return decode_json(body) if body else {}
    except (msgspec.DecodeError, RecursionError) as error:
        raise SerializationException(f"The request body is not valid JSON: {error}") from None


def decode_cbor(body: bytes) -> Any:
    """A CBOR body; nothing at all counts as an empty map."""
    try:
        return decode(body) if body else {}
    except BadCbor as error:
        raise SerializationException(f"The request body is not valid CBOR: {error}") from None


def _rpc_parser(
    reader: JsonReader, operation: OperationDescription, decoded: Callable[[bytes], Any]
) -> Parse:
    """The whole input is in the body, as `decoded` reads it."""
    read = reader.reader(operation.input) if operation.input else None

    def parse(request: Request, form: Form | None) -> Any:
        found = decoded(request.body)
        return {} if read is None else read(found)

    return parse


def _rpc_fault(fault: Fault, writer: JsonWriter, was_query: bool) -> dict[str, Any]:
    """The body of an error."""
    write = writer.writer(fault.use) if fault.use else None
    fields = fault.fields if write is None else write(fault.fields)
    return {"__type": _type(fault, was_query), fault.message_name: fault.message, **fields}


class JsonProtocol:
    """AWS JSON 1.0 and 1.1."""

    def __init__(self, description: Description, faults: Faults) -> None:
        self._faults = faults
        self._reader = JsonReader(description.shapes)
        self._writer = JsonWriter(description.shapes)
        self._was_query = description.metadata.aws_query_compatible is not None
        content_type = f"application/x-amz-json-{description.metadata.json_version or '1.1'}"
        self._content_type = (b"content-type", content_type.encode())

    def parser(self, operation: OperationDescription) -> Parse:
        return _rpc_parser(self._reader, operation, decode_object)

    def serializer(self, operation: OperationDescription) -> Serialize:
        write = self._writer.writer(operation.output) if operation.output else None
        content_type = self._content_type
        empty = operation.output is None

        def serialize(result: Mapping[str, Any], request_id: str) -> Response:
            body = b"{}" if empty else encode_json(result if write is None else write(result))
            return Response(200, [content_type, (b"x-amzn-requestid", request_id.encode())], body)

        return serialize

    def error(self, error: AwsError, request_id: str) -> Response:
        fault = self._faults.fault(error)
        said = _rpc_fault(fault, self._writer, self._was_query)
        headers = [self._content_type, (b"x-amzn-requestid", request_id.encode())]
        return Response(fault.status, [*headers, *_as_query(fault, self._was_query)], encode_json(said))


def _type(fault: Fault, was_query: bool) -> str:
    return fault.shape if was_query else fault.code


def _as_query(fault: Fault, was_query: bool) -> Headers:
    """Clients of a service that once spoke query know its errors by the codes they had then."""
    said = f"{fault.code};{fault.sender}".encode()
    return [(b"x-amzn-query-error", said)] if was_query else []


class CborProtocol:
    """Smithy's RPC v2 with CBOR bodies (the specification of "Smithy RPC v2 CBOR")."""

    def __init__(self, description: Description, faults: Faults) -> None:
        self._faults = faults
        self._reader = JsonReader(description.shapes)
        self._writer = CborWriter(description.shapes)
        self._was_query = description.metadata.aws_query_compatible is not None

    def parser(self, operation: OperationDescription) -> Parse:
        return _rpc_parser(self._reader, operation, decode_cbor)

    def serializer(self, operation: OperationDescription) -> Serialize:
        write = self._writer.writer(operation.output) if operation.output else None
        empty = operation.output is None

        def serialize(result: Mapping[str, Any], request_id: str) -> Response:
            body = b"" if empty else encode(result if write is None else write(result))
            return Response(200, self._headers(request_id, not empty), body)

        return serialize

    def error(self, error: AwsError, request_id: str) -> Response:
        fault = self._faults.fault(error)
        said = _rpc_fault(fault, self._writer, self._was_query)
        headers = self._headers(request_id, True)
        return Response(fault.status, [*headers, *_as_query(fault, self._was_query)], encode(said))

    def _headers(self, request_id: str, has_body: bool) -> Headers:
        headers = [(b"smithy-protocol", b"rpc-v2-cbor"), (b"x-amzn-requestid", request_id.encode())]
        return [*headers, (b"content-type", b"application/cbor")] if has_body else headers


class RestJsonProtocol:
    """REST with JSON bodies."""

    def __init__(self, description: Description, faults: Faults) -> None:
        self._description = description
        self._faults = faults
        self._reader = JsonReader(description.shapes)
        self._writer = JsonWriter(description.shapes)
        self._content_type = (b"content-type", b"application/json")

    def parser(self, operation: OperationDescription) -> Parse:
        use = operation.input
        if use is None:
            return lambda request, form: {}
        binding = Binding(self._description.shapes, use, operation.http)
        payload = binding.payload
        read = self._reader.reader(payload or use)

        def parse(request: Request, form: Form | None) -> Any:
            found = binding.read(request)
            if binding.streams:
                found[binding.payload_name] = request.body
                return found
            inside = decode_object(request.body)
            inside = inside if read is None else read(inside)
            if payload is None:
                return {**inside, **found} if isinstance(inside, dict) else inside
            if request.body:
                found[binding.payload_name] = inside
            return found

        return parse

    def serializer(self, operation: OperationDescription) -> Serialize:
        use = operation.output
        status = operation.http.response_code
        if use is None:
            return lambda result, request_id: self._response(status, b"{}", request_id)
        binding = Binding(self._description.shapes, use, operation.http)
        write = self._writer.writer(binding.payload or use)
        located = binding.located

        def serialize(result: Mapping[str, Any], request_id: str) -> Response:
            code, headers = binding.write(result)
            if binding.streams:
                body = _raw(result.get(binding.payload_name, b""))
            elif binding.payload:
                inside = result.get(binding.payload_name, {})
                body = encode_json(inside if write is None else write(inside))
            else:
                inside = {k: v for k, v in result.items() if k not in located}
                body = encode_json(inside if write is None else write(inside))
            answer = self._response(code or status, body, request_id)
            answer.headers.extend(headers)
            return answer

        return serialize

    def error(self, error: AwsError, request_id: str) -> Response:
        fault = self._faults.fault(error)
        write = self._writer.writer(fault.use) if fault.use else None
        fields = fault.fields if write is None else write(fault.fields)
        name = "message"
        if fault.use is not None and fault.message_name in self._description.shapes[fault.use.shape].members:
            member = self._description.shapes[fault.use.shape].members[fault.message_name]
            name = member.location_name or fault.message_name
        body = encode_json({name: fault.message, **fields})
        response = self._response(fault.status, body, request_id)
        response.headers.append((b"x-amzn-errortype", fault.code.encode()))
        return response

    def _response(self, status: int, body: bytes, request_id: str) -> Response:
        return Response(status, [self._content_type, (b"x-amzn-requestid", request_id.encode())], body)


def _raw(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value


class QueryProtocol:
    """A form in, XML out."""

    content_type = (b"content-type", b"text/xml")
    form_reader: type[FormReader] = FormReader

    def __init__(self, description: Description, faults: Faults) -> None:
        self._faults = faults
        self._reader = self.form_reader(description.shapes)
        self._writer = XmlWriter(description.shapes)
        self._namespace = description.metadata.xml_namespace

    def parser(self, operation: OperationDescription) -> Parse:
        if operation.input is None:
            return lambda request, form: {}
        read = self._reader.reader(operation.input)
        return lambda request, form: read(tree(form or {}))

    def serializer(self, operation: OperationDescription) -> Serialize:
        use = operation.output
        wrapper = use.result_wrapper if use else ""
        inside = f"<{wrapper}>" if wrapper else ""
        before = f'<{operation.name}Response xmlns="{self._namespace}">{inside}'
        after = f"</{wrapper}>" if wrapper else ""
        after += "<ResponseMetadata><RequestId>"
        end = f"</RequestId></ResponseMetadata></{operation.name}Response>"
        write = self._writer.content(use) if use else None
        content_type = self.content_type

        def serialize(result: Mapping[str, Any], request_id: str) -> Response:
            out = [before]
            if write is not None:
                write(result, out)
            out += (after, request_id, end)
            headers = [content_type, (b"x-amzn-requestid", request_id.encode())]
            return Response(200, headers, "".join(out).encode())

        return serialize

    def error(self, error: AwsError, request_id: str) -> Response:
        fault = self._faults.fault(error)
        out = [f'<ErrorResponse xmlns="{self._namespace}"><Error><Type>{fault.sender}</Type>']
        out.append(f"<Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message>")
        self._fields(fault.use, fault.fields, out)
        out.append(f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>")
        return self._response(fault.status, "".join(out), request_id)

    def _fields(self, use: Reference | None, fields: dict[str, Any], out: list[str]) -> None:
        if use is not None and fields:
            self._writer.content(use)(fields, out)

    def _response(self, status: int, body: str, request_id: str) -> Response:
        headers = [self.content_type, (b"x-amzn-requestid", request_id.encode())]
        return Response(status, headers, body.encode())


class Ec2Protocol(QueryProtocol):
    """The ec2 variant of query."""

    content_type = (b"content-type", b"text/xml;charset=UTF-8")
    form_reader = Ec2Reader

    def serializer(self, operation: OperationDescription) -> Serialize:
        use = operation.output
        before = f'<{operation.name}Response xmlns="{self._namespace}"><requestId>'
        end = f"</{operation.name}Response>" if use else f"<return>true</return></{operation.name}Response>"
        write = self._writer.content(use) if use else None
        content_type = self.content_type

        def serialize(result: Mapping[str, Any], request_id: str) -> Response:
            out = [before, request_id, "</requestId>"]
            if write is not None:
                write(result, out)
            out.append(end)
            headers = [content_type, (b"x-amzn-requestid", request_id.encode())]
            return Response(200, headers, "".join(out).encode())

        return serialize

    def error(self, error: AwsError, request_id: str) -> Response:
        fault = self._faults.fault(error)
        out = [f"<Response><Errors><Error><Code>{escape(fault.code)}</Code>"]
        out.append(f"<Message>{escape(fault.message)}</Message>")
        self._fields(fault.use, fault.fields, out)
        out.append(f"</Error></Errors><RequestID>{request_id}</RequestID></Response>")
        return self._response(fault.status, "".join(out), request_id)


class UnspokenProtocol(QueryProtocol):
    """One that Bambe cannot read or write (S3's rest-xml): only its errors, in the XML of query."""

    def __init__(self, description: Description, faults: Faults) -> None:
        super().__init__(description, faults)
        about = description.metadata
        self._reason = f"Bambe does not speak {about.protocol}, the protocol of {about.service_full_name}"

    def parser(self, operation: OperationDescription) -> Parse:
        raise NotImplementedByBambe(self._reason)

    def serializer(self, operation: OperationDescription) -> Serialize:
        raise NotImplementedByBambe(self._reason)


PROTOCOLS: dict[str, Callable[[Description, Faults], WireProtocol]] = {
    "json": JsonProtocol,
    "smithy-rpc-v2-cbor": CborProtocol,
    "query": QueryProtocol,
    "ec2": Ec2Protocol,
    "rest-json": RestJsonProtocol,
}
