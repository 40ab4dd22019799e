"""Random parameters and answers for any shape of any service, and botocore as the other side of the wire."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize

from bambe.wire import Request, Response

SERVICES = (
    "acm",
    "cloudformation",
    "cloudwatch",
    "codebuild",
    "codedeploy",
    "ec2",
    "ecr",
    "ecs",
    "elbv2",
    "iam",
    "kafka",
    "logs",
    "servicediscovery",
    "sts",
)
SPOKEN = ("json", "query", "ec2", "rest-json", "smithy-rpc-v2-cbor")
TEXT = [
    "a",
    "ü & <b> 'q' \"d\"",
    "x" * 20,
    "a.b/c:d",
    "  spaced  ",
    "line\nbreak",
    "100%+?=",
    "日本語",
    "\r\n",
]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_loader = botocore.loaders.Loader()


@cache
def oracle(service: str) -> botocore.model.ServiceModel:
    """botocore's own view of a service."""
    return botocore.model.ServiceModel(_loader.load_service_model(service, "service-2"), service)


def dialects() -> list[tuple[str, str]]:
    """Every service with each protocol its clients may choose."""
    return [
        (service, protocol)
        for service in SERVICES
        for protocol in oracle(service).metadata.get("protocols", [oracle(service).protocol])
        if protocol in SPOKEN
    ]


def operations() -> list[tuple[str, str]]:
    """Every operation of every service, by wire name."""
    return [(service, name) for service in SERVICES for name in oracle(service).operation_names]


class World:
    """Makes values; the same seed makes the same ones."""

    def __init__(self, seed: str, protocol: str, answers: bool) -> None:
        self._random = random.Random(seed)
        self._protocol = protocol
        self._answers = answers

    def value(self, shape: Any, depth: int = 0) -> Any:
        """Something that fits `shape`."""
        if getattr(shape, "is_document_type", False):
            return {"any": ["thing", 1, None, {"x": True}]}
        make = getattr(self, "_" + shape.type_name, None)
        return make(shape, depth) if make else self._number(shape)

    def _structure(self, shape: Any, depth: int) -> dict[str, Any]:
        names = [n for n, m in shape.members.items() if not m.serialization.get("eventstream")]
        if self._protocol == "query" and not self._answers:  # a form cannot carry what has no members
            names = [
                n for n in names if shape.members[n].type_name != "structure" or shape.members[n].members
            ]
        if shape.is_tagged_union:
            chosen = [self._random.choice(names)]
        else:
            keep = 0.75 if depth < 2 else 0.3 if depth < 4 else 0.0
            needed = set(shape.metadata.get("required", ()))
            located = {n for n in names if shape.members[n].serialization.get("location") == "uri"}
            chosen = [n for n in names if n in needed | located or self._random.random() < keep]
        if not chosen and names and self._protocol in ("query", "ec2") and not self._answers and depth:
            chosen = [self._random.choice(names)]  # a form cannot carry an empty structure
        return {name: self.value(shape.members[name], depth + 1) for name in chosen}

    def _list(self, shape: Any, depth: int) -> list[Any]:
        least = 0 if self._protocol != "ec2" or self._answers else 1
        if self._answers and shape.serialization.get("flattened"):
            least = 1
        if shape.serialization.get("location"):
            least = 1
        count = self._random.randint(least, 2 if depth < 4 else max(least, 0))
        return [self.value(shape.member, depth + 1) for _ in range(count)]

    def _map(self, shape: Any, depth: int) -> dict[str, Any]:
        least = 1 if self._protocol == "query" and not self._answers else 0
        keys = shape.key.metadata.get("enum") or ["k.1", "key & co", "ключ"]
        count = self._random.randint(least, 2)
        return {
            key: self.value(shape.value, depth + 1)
            for key in self._random.sample(keys, min(count, len(keys)))
        }

    def _string(self, shape: Any, depth: int) -> str:
        if shape.metadata.get("enum"):
            return str(self._random.choice(shape.metadata["enum"]))
        if shape.serialization.get("location") in ("header", "uri", "querystring"):
            return "a-b c" if shape.serialization["location"] != "header" else "plain"
        return self._random.choice(TEXT)

    def _boolean(self, shape: Any, depth: int) -> bool:
        return self._random.random() < 0.5

    def _timestamp(self, shape: Any, depth: int) -> datetime:
        moment = _EPOCH + timedelta(seconds=self._random.randint(0, 2**31))
        if shape.serialization.get("timestampFormat") == "rfc822" or shape.serialization.get("location"):
            return moment
        return moment + timedelta(milliseconds=self._random.choice([0, 0, 120, 999]))

    def _blob(self, shape: Any, depth: int) -> bytes:
        return self._random.choice([b"x", b"\x00\xff\xfe", b"plain text"])

    def _float(self, shape: Any, depth: int) -> float:
        return self._random.choice([0.0, 1.5, -2.25, 1e10])

    _double = _float

    def _number(self, shape: Any) -> int:
        return self._random.choice([0, 1, 7, 2**31 - 1])


def to_request(service: str, operation: str, parameters: dict[str, Any], protocol: str) -> Request:
    """The request that botocore sends for `parameters`."""
    model = oracle(service)
    serializer = botocore.serialize.create_serializer(protocol, include_validation=False)
    made = serializer.serialize_to_request(parameters, model.operation_model(operation))
    body = made["body"]
    if isinstance(body, dict):
        body = urlencode(body)
    query = made["query_string"]
    return Request(
        method=made["method"],
        path=made["url_path"],
        query=query if isinstance(query, str) else urlencode(query, doseq=True),
        headers={k.lower().encode(): str(v).encode() for k, v in made["headers"].items()},
        body=body.encode() if isinstance(body, str) else body,
    )


def from_response(service: str, operation: str, response: Response, protocol: str) -> dict[str, Any]:
    """What botocore's parser hands to the caller, with the metadata."""
    model = oracle(service)
    parser = botocore.parsers.create_parser(protocol)
    raw = {
        "status_code": response.status,
        "headers": {k.decode().lower(): v.decode() for k, v in response.headers},
        "body": response.body,
        "context": {"operation_name": operation},
    }
    shape = model.operation_model(operation).output_shape if response.status < 300 else None
    return dict(parser.parse(raw, shape))
