"""What every client meets first: signatures, unknown operations, the daemon's own paths."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.auth
import pytest
from botocore.exceptions import ClientError

from bambe.edge.server import AddressTaken, Server
from bambe.wire.service import WireService
from tests.api.conftest import Edge

CALLS = {
    "sts": "get_caller_identity",
    "ec2": "describe_vpcs",
    "ecs": "list_clusters",
    "elbv2": "describe_load_balancers",
}


def fails(client: Any, operation: str, **parameters: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**parameters)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["RequestId"]
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


def raw(
    edge: Edge, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=10)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, sent)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("ecs", "InvalidSignatureException", 400),
        ("sts", "SignatureDoesNotMatch", 403),
        ("ec2", "AuthFailure", 401),
    ],
)
def test_a_wrong_secret_is_refused_as_aws_does(edge: Edge, service: str, code: str, status: int) -> None:
    client = edge.aws(service, aws_secret_access_key="x" * 40)
    assert fails(client, CALLS[service])[:2] == (code, status)


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("ecs", "UnrecognizedClientException", 400),
        ("elbv2", "InvalidClientTokenId", 403),
        ("ec2", "AuthFailure", 401),
    ],
)
def test_an_unknown_key_is_refused_as_aws_does(edge: Edge, service: str, code: str, status: int) -> None:
    client = edge.aws(service, aws_access_key_id="AKIANOBODYKNOWSTHIS0")
    assert fails(client, CALLS[service])[:2] == (code, status)


def test_a_token_nobody_gave_out_is_refused(edge: Edge) -> None:
    client = edge.aws("sts", aws_session_token="made up")
    assert fails(client, "get_caller_identity")[0] == "InvalidClientTokenId"


@pytest.mark.parametrize(("minutes", "words"), [(-16, "Signature expired"), (16, "not yet current")])
def test_a_clock_that_is_off_is_noticed(
    edge: Edge, monkeypatch: pytest.MonkeyPatch, minutes: int, words: str
) -> None:
    off = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *a, **k: off.replace(tzinfo=None))
    code, status, message = fails(edge.aws("ecs"), "list_clusters")
    assert (code, status) == ("InvalidSignatureException", 400)
    assert words in message


def test_no_credentials_at_all(edge: Edge) -> None:
    target = "AmazonEC2ContainerServiceV20141113.ListClusters"
    status, headers, body = raw(
        edge, "POST", "/", b"{}", X_Amz_Target=target, Content_Type="application/x-amz-json-1.1"
    )
    assert status == 400
    assert json.loads(body)["__type"] == "MissingAuthenticationTokenException"
    assert headers["x-amzn-requestid"]
    form = b"Action=GetCallerIdentity&Version=2011-06-15"
    status, _, body = raw(edge, "POST", "/", form, Content_Type="application/x-www-form-urlencoded")
    assert status == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in body


def test_half_a_signature(edge: Edge) -> None:
    target = "AmazonEC2ContainerServiceV20141113.ListClusters"
    status, _, body = raw(
        edge, "POST", "/", b"{}", X_Amz_Target=target, Authorization="AWS4-HMAC-SHA256 Foo=1"
    )
    said = json.loads(body)
    assert (status, said["__type"]) == (400, "IncompleteSignatureException")
    assert "requires 'Credential' parameter" in said["message"]


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("ecs", "list_daemon_task_definitions", {}),
        ("iam", "list_virtual_mfa_devices", {}),
        ("ec2", "describe_hosts", {}),
        ("dynamodb", "list_tables", {}),
        ("eks", "list_clusters", {}),
        ("sqs", "list_queues", {}),
        ("s3", "list_buckets", {}),
        ("s3", "get_object", {"Bucket": "shop", "Key": "a/b"}),
        ("s3", "get_object_tagging", {"Bucket": "shop", "Key": "a/b"}),
        ("s3", "list_objects_v2", {"Bucket": "shop"}),
        ("lambda", "get_provisioned_concurrency_config", {"FunctionName": "f", "Qualifier": "1"}),
        ("lambda", "list_provisioned_concurrency_configs", {"FunctionName": "f"}),
        ("route53", "list_hosted_zones", {}),
    ],
)
def test_what_is_not_there_says_so_by_name(
    edge: Edge, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    client = edge.aws(service)
    code, status, message = fails(client, operation, **parameters)
    assert (code, status) == ("NotImplemented", 501)
    assert f"{service}:{client.meta.method_to_api_mapping[operation]} " in message


def test_an_action_aws_does_not_have(edge: Edge) -> None:
    client = edge.aws("sts")
    client.meta.events.register("before-call", lambda params, **_: params["body"].update(Action="MakeTea"))
    assert fails(client, "get_caller_identity") == (
        "InvalidAction",
        400,
        "The action MakeTea is not valid for this web service.",
    )


def test_presigned_urls_hold_for_their_time(edge: Edge) -> None:
    url = edge.aws("iam").generate_presigned_url("list_virtual_mfa_devices", ExpiresIn=60, HttpMethod="GET")
    parts = urlsplit(url)
    status, _, body = raw(edge, "GET", f"{parts.path}?{parts.query}")
    assert (status, b"NotImplemented" in body) == (501, True)  # let in, and then not implemented
    status, _, body = raw(edge, "GET", f"{parts.path}?{parts.query}0")
    assert (status, b"SignatureDoesNotMatch" in body) == (403, True)


def test_the_host_prefix_does_not_matter(edge: Edge) -> None:
    client = edge.aws("servicediscovery")

    def prefixed(request: Any, **_: Any) -> None:
        request.headers["Host"] = f"data-localhost:{edge.port}"

    client.meta.events.register("before-sign", prefixed)
    code, _, message = fails(client, "discover_instances", NamespaceName="nobody", ServiceName="nothing")
    assert code not in ("InvalidSignatureException", "UnrecognizedClientException"), message


def test_the_daemon_says_how_it_is(edge: Edge) -> None:
    status, _, body = raw(edge, "GET", "/_bambe/health")
    assert (status, json.loads(body)) == (200, {"ready": True})
    edge.ready = False
    assert raw(edge, "GET", "/_bambe/health")[0] == 503


def test_another_address_can_be_added_while_serving(edge: Edge) -> None:
    port = edge.run(edge.server.add("127.0.0.2", 0))
    connection = http.client.HTTPConnection("127.0.0.2", port, timeout=10)
    connection.request("GET", "/_bambe/health")
    assert connection.getresponse().status == 200
    connection.close()
    assert edge.run(edge.server.add("127.0.0.2", port)) == port
    with pytest.raises(AddressTaken, match=f"127.0.0.1:{edge.port}: Address already in use"):
        edge.run(Server().bind("127.0.0.1", edge.port))


class AnsweredBy:
    """A dispatcher with one answer to everything."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def require(self, service: str, operation: str) -> None:
        pass

    async def __call__(self, *call: Any, **more: Any) -> Any:
        return await self._answer(*call, **more)


def test_stopping_lets_a_request_finish(edge: Edge) -> None:
    gate = threading.Event()

    async def slow(caller: Any, *rest: Any, **more: Any) -> Any:
        gate.set()
        await asyncio.sleep(0.3)
        return {"clusterArns": ["finished"]}

    edge.app._dispatcher = AnsweredBy(slow)
    answers: list[Any] = []
    asking = threading.Thread(target=lambda: answers.append(edge.aws("ecs").list_clusters()))
    asking.start()
    gate.wait(10)
    edge.run(edge.server.stop())
    asking.join(10)
    assert answers[0]["clusterArns"] == ["finished"]


def test_a_bug_is_an_internal_failure_with_a_trace(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(caller: Any, *rest: Any, **more: Any) -> Any:
        raise KeyError("a bug")

    edge.app._dispatcher = type(
        "Broken", (), {"require": lambda *_: None, "__call__": staticmethod(broken)}
    )()
    code, status, _ = fails(edge.aws("ecs"), "list_clusters")
    assert (code, status) == ("InternalFailure", 500)
    assert "KeyError: 'a bug'" in caplog.text


def test_an_error_that_cannot_be_spelled_is_said_plainly(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("a bug")

    monkeypatch.setattr(WireService, "error", broken)
    client = edge.aws("iam", aws_secret_access_key="x" * 40)
    assert fails(client, "list_roles")[:2] == ("SignatureDoesNotMatch", 403)


def test_reset_is_for_ephemeral_daemons(edge: Edge) -> None:
    assert raw(edge, "POST", "/_bambe/reset")[0] == 200
    assert edge.resets == 1
    edge.app._reset = None
    status, _, body = raw(edge, "POST", "/_bambe/reset")
    assert status == 403
    assert "--ephemeral" in json.loads(body)["message"]


def test_mounts_get_their_requests_whole(edge: Edge) -> None:
    assert raw(edge, "PUT", "/echo/a%20b", b"x" * 200_000)[2] == b"/echo/a b " + b"x" * 200_000
    assert raw(edge, "GET", "/echoes")[0] != 200


def test_pipelined_requests_are_answered_in_order(edge: Edge) -> None:
    health = b"GET /_bambe/health HTTP/1.1\r\nHost: x\r\n\r\n"
    mounted = b"GET /echo/%d HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /_bambe/none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", edge.port), timeout=10) as connection:
        connection.sendall(health + mounted % 1 + health + mounted % 2 + last)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    places = [answer.find(word) for word in (b'"ready"', b"/echo/1", b"/echo/2", b"nothing at")]
    assert places == sorted(places)
    assert answer.count(b"HTTP/1.1 200") == 4


def test_a_chunked_body_is_one_body(edge: Edge) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=10)
    chunks = (part for part in (b"Action=GetCallerIdentity", b"&Version=2011-06-15"))
    connection.request(
        "POST", "/", chunks, {"Content-Type": "application/x-www-form-urlencoded"}, encode_chunked=True
    )
    assert b"MissingAuthenticationToken" in connection.getresponse().read()
    connection.close()


def test_garbage_does_not_stop_the_server(edge: Edge) -> None:
    with socket.create_connection(("127.0.0.1", edge.port), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01 not http at all\r\n\r\n")
        assert b"400" in connection.recv(1024)
    assert raw(edge, "GET", "/_bambe/health")[0] == 200


def test_any_credentials_take_the_account_from_the_key(tmp_path: Path) -> None:
    edge = Edge(tmp_path, any_credentials=True)
    try:
        client = edge.aws("iam", aws_access_key_id="123456789012", aws_secret_access_key="anything")
        assert fails(client, "list_virtual_mfa_devices")[0] == "NotImplemented"
    finally:
        edge.stop()


def test_the_stock_cli_is_understood(edge: Edge) -> None:
    done = edge.cli("ecs", "list-clusters")
    assert (done.returncode, done.stdout.strip()) == (0, '{\n    "clusterArns": []\n}')
    done = edge.cli("iam", "list-virtual-mfa-devices")
    assert done.returncode != 0
    assert "(NotImplemented)" in done.stderr
