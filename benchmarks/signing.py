"""The requests that are measured, signed and byte for byte as they go over the wire."""

from __future__ import annotations

from dataclasses import dataclass

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "eu-central-1"
KEY = ("AKIABENCHMARKBENCHMA", "benchmark-benchmark-benchmark-benchmark1")
ECS = "AmazonEC2ContainerServiceV20141113"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
JSON = "application/x-amz-json-1.1"


@dataclass(frozen=True)
class Operation:
    """One request to repeat."""

    title: str
    service: str
    headers: dict[str, str]
    body: str


WHO_AM_I = Operation(
    "STS GetCallerIdentity", "sts", {"Content-Type": FORM}, "Action=GetCallerIdentity&Version=2011-06-15"
)
LIST = Operation(
    "ECS ListServices (10)",
    "ecs",
    {"Content-Type": JSON, "X-Amz-Target": f"{ECS}.ListServices"},
    '{"cluster": "bench"}',
)
DESCRIBE = Operation(
    "ECS DescribeServices (1)",
    "ecs",
    {"Content-Type": JSON, "X-Amz-Target": f"{ECS}.DescribeServices"},
    '{"cluster": "bench", "services": ["service-3"]}',
)


def signed(operation: Operation, port: int, key: tuple[str, str] = KEY) -> bytes:
    """The request to a server on `port`, signed now (a signature holds for fifteen minutes)."""
    url = f"http://127.0.0.1:{port}/"
    headers = {**operation.headers, "User-Agent": "bench"}
    request = AWSRequest("POST", url, headers=headers, data=operation.body.encode())
    SigV4Auth(Credentials(*key), operation.service, REGION).add_auth(request)
    sent = {
        **dict(request.headers.items()),
        "Host": f"127.0.0.1:{port}",
        "Content-Length": str(len(operation.body)),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"POST / HTTP/1.1\r\n{lines}\r\n{operation.body}".encode()
