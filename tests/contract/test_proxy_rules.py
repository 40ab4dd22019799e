"""How Envoy treats requests by rule, header and certificate, beside what ALB documents."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bambe.engines.proxy.envoy import EnvoyProxy
from bambe.engines.proxy.port import (
    Certificate,
    Condition,
    FixedResponse,
    Forward,
    Listener,
    LoadBalancer,
    Redirect,
    Rule,
    Target,
    TargetGroup,
    World,
)
from tests.support.backend import Backend, Client, ask

HOST, PORT = "127.0.22.1", 18221


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[EnvoyProxy]:
    made = EnvoyProxy(tmp_path)
    await made.start()
    yield made
    await made.remove_everything()


@pytest.fixture
async def backend() -> AsyncIterator[Backend]:
    made = await Backend("one").start()
    yield made
    made.kill()


def world(
    *rules: Rule, groups: tuple[TargetGroup, ...] = (), certificates: tuple[Certificate, ...] = ()
) -> World:
    default = Rule("default", (), FixedResponse(404, body="default"))
    protocol = "HTTPS" if certificates else "HTTP"
    listener = Listener("listener", PORT, protocol, (*rules, default), certificates)
    return World((LoadBalancer("balancer", "shop", (HOST,), (listener,)),), groups)


def when(field: str, *values: str, key: str = "") -> Rule:
    return Rule("rule", (Condition(field, values, key),), FixedResponse(200, body="rule"))


def to(backend: Backend, **options: int) -> tuple[Rule, TargetGroup]:
    group = TargetGroup("a", "a", targets=(Target("127.0.0.1", backend.port),), **options)
    return Rule("all", (), Forward({"a": 1})), group


CASES = [
    (when("path-pattern", "/orders*"), "/orders", {}, True),
    (when("path-pattern", "/orders*"), "/orders/7?x=1", {}, True),
    (when("path-pattern", "/orders*"), "/Orders", {}, False),
    (when("path-pattern", "/a?c", "/x"), "/abc", {}, True),
    (when("path-pattern", "/a?c", "/x"), "/ac?c", {}, False),
    (when("path-pattern", "/x"), "/x?q", {}, True),
    (when("host-header", "*.Shop.test"), "/", {"host": "API.shop.TEST:18221"}, True),
    (when("host-header", "*.shop.test"), "/", {"host": "shop.test"}, False),
    (when("http-header", "*Chrome*", key="User-Agent"), "/", {"more": "user-agent: my chrome 9\r\n"}, True),
    (when("http-header", "*Chrome*", key="User-Agent"), "/", {}, False),
    (when("http-request-method", "POST", "PUT"), "/", {"method": "POST"}, True),
    (when("http-request-method", "GET"), "/", {"method": "HEAD"}, False),
    (when("query-string", "v?", key="version"), "/?a=b&Version=V1", {}, True),
    (when("query-string", "v?", key="version"), "/?aversion=v1", {}, False),
    (when("query-string", "on"), "/?x=off&y=on", {}, True),
    (when("query-string", "on"), "/?x=one", {}, False),
    (when("source-ip", "10.0.0.0/8", "127.0.0.0/8"), "/", {}, True),
    (when("source-ip", "10.0.0.0/8"), "/", {}, False),
]


async def test_conditions_match_as_alb_documents(proxy: EnvoyProxy) -> None:
    wrong = []
    for rule, path, options, expected in CASES:
        await proxy.apply(world(rule))
        if ((await ask(HOST, PORT, path, **options)).status == 200) != expected:
            wrong.append((rule.conditions, path, options))
    assert wrong == []


async def test_the_first_rule_whose_conditions_all_match_acts(proxy: EnvoyProxy) -> None:
    both = (Condition("path-pattern", ("/a*",)), Condition("http-request-method", ("GET",)))
    first = Rule("1", both, FixedResponse(201, body="first"))
    second = Rule("2", both[:1], FixedResponse(202, body="second"))
    await proxy.apply(world(first, second))
    assert [(await ask(HOST, PORT, "/a", method=m)).status for m in ("GET", "POST")] == [201, 202]
    assert (await ask(HOST, PORT, "/b")).body == "default"


@pytest.mark.parametrize(
    ("action", "location"),
    [
        (Redirect(301, "HTTPS", port="443"), "https://shop.test:443/old/7?x=y"),
        (Redirect(302, host="other.test"), "http://other.test/old/7?x=y"),
        (Redirect(302, path="/new"), "http://shop.test/new?x=y"),
        (Redirect(302, path="/new/#{path}", query=""), "http://shop.test/new/old/7"),
        (Redirect(302, path="/new", query="a=b"), "http://shop.test/new?a=b"),
        (Redirect(302, query=""), "http://shop.test/old/7"),
    ],
)
async def test_redirects(proxy: EnvoyProxy, action: Redirect, location: str) -> None:
    await proxy.apply(world(Rule("all", (), action)))
    reply = await ask(HOST, PORT, "/old/7?x=y")
    assert reply.status == action.status
    assert f"location: {location}\r\n" in reply.head


async def test_fixed_responses_have_their_content_type(proxy: EnvoyProxy) -> None:
    await proxy.apply(world(Rule("all", (), FixedResponse(503, "text/html", "<h1>soon</h1>"))))
    reply = await ask(HOST, PORT)
    assert (reply.status, reply.body) == (503, "<h1>soon</h1>")
    assert "content-type: text/html\r\n" in reply.head


async def test_targets_learn_who_asked_and_how(proxy: EnvoyProxy, backend: Backend) -> None:
    rule, group = to(backend)
    await proxy.apply(world(rule, groups=(group,)))
    more = "x-forwarded-for: 203.0.113.9\r\nx-forwarded-proto: https\r\nx-envoy-retry-on: 5xx\r\n"
    await ask(HOST, PORT, "/a//b/../c?d", host="a.test", more=more)
    lines = backend.heads[-1].splitlines()
    assert lines[0] == "GET /a//b/../c?d HTTP/1.1"
    assert {"host: a.test", "x-forwarded-for: 203.0.113.9,127.0.0.1", "x-forwarded-proto: http"} <= set(lines)
    assert f"x-forwarded-port: {PORT}" in lines
    assert "x-envoy" not in backend.heads[-1]


async def test_websockets_pass(proxy: EnvoyProxy, backend: Backend) -> None:
    rule, group = to(backend)
    await proxy.apply(world(rule, groups=(group,)))
    reader, writer = await asyncio.open_connection(HOST, PORT)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(5) == b"hello"
    writer.close()
    await writer.wait_closed()


async def test_the_sticky_cookie_keeps_its_target(proxy: EnvoyProxy, backend: Backend) -> None:
    other = await Backend("two").start()
    targets = tuple(Target("127.0.0.1", b.port) for b in (backend, other))
    group = TargetGroup("a", "a", targets=targets, stickiness=60)
    await proxy.apply(world(Rule("all", (), Forward({"a": 1})), groups=(group,)))
    first = await ask(HOST, PORT)
    (cookie,) = (line for line in first.head.splitlines() if line.startswith("set-cookie: "))
    assert cookie.startswith("set-cookie: AWSALB=")
    more = f"cookie: {cookie.removeprefix('set-cookie: ').partition(';')[0]}\r\n"
    assert {(await ask(HOST, PORT, more=more)).body for _ in range(20)} == {first.body}
    assert {(await ask(HOST, PORT)).body for _ in range(20)} == {"one", "two"}
    other.kill()


async def test_the_group_cookie_keeps_its_group(proxy: EnvoyProxy, backend: Backend) -> None:
    other = await Backend("two").start()
    groups = tuple(
        TargetGroup(b.name, b.name, targets=(Target("127.0.0.1", b.port),)) for b in (backend, other)
    )
    forward = Forward({"one": 1, "two": 1}, stickiness=60)
    await proxy.apply(world(Rule("all", (), forward), groups=groups))
    replies = [await ask(HOST, PORT) for _ in range(30)]
    assert {reply.body for reply in replies} == {"one", "two"}
    for first in replies[:4]:
        (cookie,) = (line for line in first.head.splitlines() if line.startswith("set-cookie: AWSALBTG="))
        more = f"cookie: {cookie.removeprefix('set-cookie: ').partition(';')[0]}\r\n"
        assert {(await ask(HOST, PORT, more=more)).body for _ in range(10)} == {first.body}
    other.kill()


def certificate(id: str, *names: str) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Certificate(id, made.public_bytes(serialization.Encoding.PEM).decode(), pem.decode())


def presented(name: str) -> tuple[str, str | None]:
    """The common name of the certificate that the proxy shows for this SNI, and the protocol chosen."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection((HOST, PORT)) as raw, context.wrap_socket(raw, server_hostname=name) as tls:
        shown = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
        return str(shown.subject.rfc4514_string()), tls.selected_alpn_protocol()


async def test_certificates_are_chosen_by_name_and_renewed_in_place(
    proxy: EnvoyProxy, backend: Backend, tmp_path: Path
) -> None:
    rule, group = to(backend)
    first, second = certificate("1", "shop.test"), certificate("2", "*.other.test", "other.test")
    await proxy.apply(world(rule, groups=(group,), certificates=(first, second)))
    for name, shown in (("shop.test", "shop.test"), ("a.other.test", "*.other.test"), ("x", "shop.test")):
        assert await asyncio.to_thread(presented, name) == (f"CN={shown}", "h2")
    context = ssl.create_default_context(cadata=first.chain)
    client = Client(HOST, PORT, context, "shop.test")
    assert (await client.ask()).body == "one"
    assert "x-forwarded-proto: https" in backend.heads[-1]
    renewed = certificate("1", "shop.test", "new.test")
    await proxy.apply(world(rule, groups=(group,), certificates=(renewed, second)))
    assert (await client.ask()).body == "one"
    await client.close()
    context = ssl.create_default_context(cadata=renewed.chain)
    for _ in range(100):
        client = Client(HOST, PORT, context, "new.test")
        try:
            assert (await client.ask()).status == 200
            break
        except ssl.SSLError:
            await asyncio.sleep(0.01)
    await client.close()
    modes = {file.stat().st_mode & 0o777 for file in (tmp_path / "envoy/secrets").iterdir()}
    assert modes == {0o600}
