"""Signatures that botocore makes hold; anything changed afterwards does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from bambe.edge.errors import Denied, Reason
from bambe.edge.sigv4 import SKEW, check_signature, check_time, find_signature
from bambe.wire import Request

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
PATHS = st.lists(st.sampled_from(["v1", "a b", "x%2Fy", "ü", "~-_.", "arn:aws:x", "+", "*"]), max_size=4)
PAIRS = st.lists(
    st.tuples(st.sampled_from(["a", "B", "key", "k%20y"]), st.sampled_from(["", "1", "%2F", "x-y~"]))
)
BODIES = st.one_of(st.just(b""), st.binary(max_size=50))


def signed(
    method: str, url: str, body: bytes, signer: type[SigV4Auth] = SigV4Auth, **headers: str
) -> Request:
    request = AWSRequest(method, url, headers=headers, data=body)
    signer(Credentials("AKID", SECRET), "ecs", "eu-central-1").add_auth(request)
    parts = urlsplit(request.url)
    found = {name.lower().encode(): str(value).strip().encode() for name, value in request.headers.items()}
    found.setdefault(b"host", parts.netloc.encode())
    return Request(method, parts.path or "/", parts.query, found, body)


def check(request: Request, secret: str = SECRET) -> None:
    check_signature(request, find_signature(request), secret)


@given(path=PATHS, pairs=PAIRS, body=BODIES, spaces=st.sampled_from(["x", "a  b", " c "]))
@settings(max_examples=200, deadline=None)
def test_what_botocore_signs_holds(
    path: list[str], pairs: list[tuple[str, str]], body: bytes, spaces: str
) -> None:

    query = "&".join(f"{name}={value}" for name, value in pairs)
    url = "http://localhost:4566/" + "/".join(quote(part, safe="%") for part in path)
    request = signed("POST", f"{url}?{query}" if query else url, body, X_Thing=spaces)
    check(request)
    with pytest.raises(Denied):
        check(request, SECRET + "x")
    with pytest.raises(Denied):
        check(request._replace(body=body + b"!"))
    with pytest.raises(Denied):
        check(request._replace(path=request.path + "x"))


def test_a_presigned_url_holds_until_it_expires() -> None:
    request = signed("GET", "http://localhost:4566/?Action=X", b"", SigV4QueryAuth)
    signature = find_signature(request)
    check_signature(request, signature, SECRET)
    now = datetime.now(UTC)
    check_time(signature, now + timedelta(seconds=3500))
    with pytest.raises(Denied) as caught:
        check_time(signature, now + timedelta(seconds=3700))
    assert caught.value.reason is Reason.SKEWED


def test_a_declared_hash_is_the_bodys_unless_it_says_unsigned() -> None:
    wrong = {"X-Amz-Content-SHA256": "0" * 64}
    with pytest.raises(Denied):
        check(signed("POST", "http://h/", b"body", **wrong))
    unsigned = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    request = signed("POST", "http://h/", b"body", **unsigned)
    check(request)
    check(request._replace(body=b"another"))


@pytest.mark.parametrize("minutes", [-15, 15])
def test_a_quarter_of_an_hour_is_forgiven(minutes: int) -> None:
    signature = find_signature(signed("POST", "http://h/", b""))
    moment = datetime.strptime(signature.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    check_time(signature, moment + timedelta(minutes=minutes))
    with pytest.raises(Denied) as caught:
        check_time(signature, moment + timedelta(minutes=minutes, seconds=1 if minutes > 0 else -1))
    assert caught.value.reason is Reason.SKEWED
    assert timedelta(minutes=15) == SKEW


def test_a_scope_of_another_day_is_refused() -> None:
    signature = find_signature(signed("POST", "http://h/", b""))
    moment = datetime.strptime(signature.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    other = signature._replace(scope=signature.scope._replace(date="20200101"))
    with pytest.raises(Denied, match="Date in Credential scope does not match"):
        check_time(other, moment)


@pytest.mark.parametrize(
    "header",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request",
        "AWS4-HMAC-SHA256 Credential=AKID/20260101/r/s/aws4_request, SignedHeaders=host, Signature=",
        "AWS4-HMAC-SHA256 Credential=AKID/s/aws4_request, SignedHeaders=host, Signature=00",
        "Basic dXNlcjpwYXNz",
        "Bearer x",
        "",
    ],
)
def test_half_a_header_is_called_incomplete(header: str) -> None:
    headers = {b"authorization": header.encode(), b"x-amz-date": b"20260101T000000Z", b"host": b"h"}
    with pytest.raises(Denied) as caught:
        find_signature(Request("POST", "/", "", headers, b""))
    assert caught.value.reason is Reason.INCOMPLETE


def test_a_header_that_was_signed_must_be_there() -> None:
    request = signed("POST", "http://h/", b"", **{"X-Thing": "1"})
    headers = {name: value for name, value in request.headers.items() if name != b"x-thing"}
    with pytest.raises(Denied):
        check(request._replace(headers=headers))


def test_the_host_must_be_signed() -> None:
    header = (
        b"AWS4-HMAC-SHA256 Credential=AKID/20260101/r/s/aws4_request, SignedHeaders=x-amz-date, Signature=00"
    )
    headers = {b"authorization": header, b"x-amz-date": b"20260101T000000Z"}
    with pytest.raises(Denied, match="must be a 'SignedHeader'"):
        find_signature(Request("POST", "/", "", headers, b""))


@pytest.mark.parametrize("life", ["\N{SUPERSCRIPT TWO}", "9" * 5000, "-1", ""])
def test_a_life_that_is_no_number(life: str) -> None:
    given = "X-Amz-Credential=a/20260101/r/ecs/aws4_request&X-Amz-Signature=b&X-Amz-SignedHeaders=host"
    query = (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&{given}&X-Amz-Date=20260101T000000Z&X-Amz-Expires={quote(life)}"
    )
    with pytest.raises(Denied, match="between 1 and 604800"):
        find_signature(Request("GET", "/", query, {}, b""))


def test_a_date_outside_of_all_dates() -> None:
    request = signed("GET", "https://localhost/", b"")
    request.headers[b"x-amz-date"] = b"9" * 30  # type: ignore[index]
    with pytest.raises(Denied):
        check_time(find_signature(request), datetime.now(UTC))
