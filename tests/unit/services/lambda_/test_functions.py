"""Functions and invocations with fake containers: what a caller sees, and what a container is given."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bambe.engines.containers.port import TaskSpec
from bambe.kernel.errors import AwsError
from bambe.services.lambda_.launch import OUR_IMAGE
from tests.support.house import House

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
ROLE = "arn:aws:iam::000000000000:role/smoke"


def zipped(text: str = "def handler(event, context):\n    return event\n") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("index.py", text)
    return out.getvalue()


def function(**more: Any) -> dict[str, Any]:
    return {
        "FunctionName": "smoke",
        "Runtime": "python3.11",
        "Handler": "index.handler",
        "Role": ROLE,
        "Code": {"ZipFile": zipped()},
        **more,
    }


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    await made.start()
    made.containers.images = {OUR_IMAGE}
    await made.aws.iam.create_role(RoleName="smoke", AssumeRolePolicyDocument=TRUST)
    yield made
    await made.stop()


async def refused(call: Any) -> str:
    with pytest.raises(AwsError) as caught:
        await call
    return caught.value.wire_code()


def started(house: House) -> TaskSpec:
    (spec,) = house.containers.specs.values()
    return spec  # type: ignore[no-any-return]


def answer(house: House, payload: str, error: str = "") -> dict[str, Any]:
    """Do what the function in the container would; the event it was given."""
    spec = started(house)
    mounts = {mount.target: Path(mount.source) for mount in spec.containers[-1].mounts}
    folder = mounts["/invocation"]
    result = {"payload": payload, "error": error, "log": base64.b64encode(b"hello").decode()}
    (folder / "result.json").write_text(json.dumps(result))
    return dict(json.loads((folder / "event.json").read_text()))


async def test_a_function_is_what_was_asked_for(house: House) -> None:
    made = await house.aws.lambda_.create_function(**function(Timeout=7, Tags={"a": "b"}))
    found = await house.aws.lambda_.get_function(FunctionName=made["FunctionArn"])
    assert found["Configuration"]["State"] == "Active"
    assert found["Configuration"]["Timeout"] == 7
    assert found["Tags"] == {"a": "b"}
    assert [one["FunctionName"] for one in (await house.aws.lambda_.list_functions())["Functions"]] == [
        "smoke"
    ]
    changed = await house.aws.lambda_.update_function_configuration(FunctionName="smoke", MemorySize=256)
    assert (changed["MemorySize"], changed["Timeout"]) == (256, 7)
    assert changed["RevisionId"] != made["RevisionId"]
    code = await house.aws.lambda_.update_function_code(FunctionName="smoke", ZipFile=zipped("x = 1\n"))
    assert code["CodeSha256"] != made["CodeSha256"]
    await house.aws.lambda_.delete_function(FunctionName="smoke")
    missing = house.aws.lambda_.get_function(FunctionName="smoke")
    assert await refused(missing) == "ResourceNotFoundException"


async def test_wrong_functions_are_refused(house: House) -> None:
    create = house.aws.lambda_.create_function
    await create(**function())
    assert await refused(create(**function())) == "ResourceConflictException"
    bad_zip = create(**function(FunctionName="other", Code={"ZipFile": b"no zip"}))
    assert await refused(bad_zip) == "InvalidParameterValueException"
    for more in (
        {"Runtime": "nodejs22.x"},
        {"Code": {"S3Bucket": "bucket", "S3Key": "key"}},
        {"Layers": ["arn:aws:lambda:eu-central-1:000000000000:layer:x:1"]},
    ):
        assert await refused(create(**function(FunctionName="other", **more))) == "NotImplemented"
    assert await refused(house.aws.lambda_.invoke(FunctionName="nosuch")) == "ResourceNotFoundException"
    no_json = house.aws.lambda_.invoke(FunctionName="smoke", Payload=b"{")
    assert await refused(no_json) == "InvalidRequestContentException"


async def test_a_caller_gets_the_functions_answer(house: House) -> None:
    await house.aws.lambda_.create_function(
        **function(Environment={"Variables": {"COLOUR": "green"}}, MemorySize=256)
    )
    call = asyncio.ensure_future(
        house.aws.lambda_.invoke(FunctionName="smoke", Payload=b'{"n": 1}', LogType="Tail")
    )
    await asyncio.sleep(0)
    await house.advance(0.2, 0.1)
    spec = started(house)
    (container,) = spec.containers
    assert container.memory == 256
    assert container.environment["COLOUR"] == "green"
    assert container.environment["AWS_ENDPOINT_URL"] == "http://bambe.internal:4566"
    assert container.environment["AWS_SESSION_TOKEN"]
    assert container.log_group == "/aws/lambda/smoke"
    event = answer(house, '{"n": 1}')
    assert base64.b64decode(event["payload"]) == b'{"n": 1}'
    await house.advance(0.3, 0.1)
    got = await call
    assert (got["StatusCode"], got["Payload"]) == (200, b'{"n": 1}')
    assert base64.b64decode(got["LogResult"]) == b"hello"
    await house.advance(10)
    assert house.containers.specs == {}


async def test_a_function_that_takes_too_long_is_ended(house: House) -> None:
    await house.aws.lambda_.create_function(**function(Timeout=2))
    call = asyncio.ensure_future(house.aws.lambda_.invoke(FunctionName="smoke"))
    await asyncio.sleep(0)
    await house.advance(3, 0.1)
    got = await call
    assert got["FunctionError"] == "Unhandled"
    assert "Task timed out after 2.00 seconds" in json.loads(got["Payload"])["errorMessage"]


async def test_an_event_that_fails_is_tried_three_times(house: House) -> None:
    await house.aws.lambda_.create_function(**function(Timeout=1))
    assert (await house.aws.lambda_.invoke(FunctionName="smoke", InvocationType="Event"))["StatusCode"] == 202
    seen = set()
    for _ in range(480):
        await house.advance(0.5, 0.5)
        seen |= set(house.containers.specs)
    assert len(seen) == 3


async def test_an_accepted_event_outlives_the_daemon(house: House) -> None:
    await house.aws.lambda_.create_function(**function(Timeout=60))
    await house.aws.lambda_.invoke(FunctionName="smoke", InvocationType="Event", Payload=b"{}")
    await house.advance(0.2, 0.1)
    before = set(house.containers.specs)
    house.restart()
    await house.advance(1)
    assert set(house.containers.specs) == before
    answer(house, "null")
    await house.advance(10)
    assert house.containers.specs == {}
