"""Requests that nobody in their senses sends: each is refused in AWS's words, and none costs much."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest

from bambe.kernel.errors import AwsError
from bambe.wire import Models, Request
from bambe.wire.errors import MalformedInput
from bambe.wire.forms import SCALAR_READERS
from bambe.wire.timestamps import from_text

MODELS = Models(["cloudwatch", "ecr", "ecs", "elbv2", "iam", "kms"])
FORM = {b"content-type": b"application/x-www-form-urlencoded"}


def form(action: str, version: str, text: str) -> Request:
    return Request("POST", "/", "", FORM, f"Action={action}&Version={version}&{text}".encode())


def jsons(target: str, body: bytes) -> Request:
    headers = {b"x-amz-target": target.encode(), b"content-type": b"application/x-amz-json-1.1"}
    return Request("POST", "/", "", headers, body)


@pytest.mark.parametrize("number", ["\N{SUPERSCRIPT TWO}", "9" * 5000])
def test_lists_are_numbered_by_numbers(number: str) -> None:
    text = f"RoleName=r&Tags.member.{quote(number)}.Key=a&Tags.member.1.Key=b&Tags.member.1.Value=c"
    found = MODELS.parse(form("TagRole", "2010-05-08", text), "iam")
    assert found.parameters["Tags"] == [{"Key": "b", "Value": "c"}]


def test_bytes_that_are_no_base64() -> None:
    with pytest.raises(MalformedInput, match="base64"):
        SCALAR_READERS["blob"]("\N{SNOWMAN}")
    body = '{"layerPartBlob": "\N{SNOWMAN}"}'.encode()
    found = MODELS.parse(jsons("AmazonEC2ContainerRegistry_V20150921.UploadLayerPart", body), "ecr")
    assert found.parameters["layerPartBlob"] == "\N{SNOWMAN}"


def test_json_that_is_nested_too_deeply() -> None:
    with pytest.raises(AwsError) as caught:
        MODELS.parse(jsons("AmazonEC2ContainerServiceV20141113.ListClusters", b"[" * 100_000), "ecs")
    assert caught.value.wire_code() == "SerializationException"


@pytest.mark.parametrize("text", ["9" * 30, "-1e300", "inf", "Mon, 01 Jan 99999999999 00:00:00 GMT"])
def test_moments_outside_of_all_dates_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_text(text)


def test_what_names_no_service_rightly_is_not_remembered() -> None:
    models = Models(["ecs", "iam"])
    for number in range(50):
        models.find(jsons(f"Ecs{number}.ListClusters", b"{}"), "ecs")
        models.find(form("ListRoles", f"2010-{number}", ""), "iam")
    assert len(models._finder._targets) == 0
    assert len(models._finder._actions) == 0
    models.find(jsons("AmazonEC2ContainerServiceV20141113.ListClusters", b"{}"), "ecs")
    models.find(form("ListRoles", "2010-05-08", ""), "iam")
    assert (len(models._finder._targets), len(models._finder._actions)) == (1, 1)


def test_a_text_that_is_far_too_long_costs_nothing() -> None:
    began = time.perf_counter()
    with pytest.raises(AwsError, match="length less than or equal to 256"):
        MODELS.validate("ecr", "create_repository", {"repositoryName": "a_" * 4_000_000 + "!"})
    assert time.perf_counter() - began < 0.3
