"""Who is calling, and credentials that run out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bambe.kernel.call import Caller
from bambe.kernel.errors import AwsError
from bambe.services.sts.sessions import find_session
from tests.support.house import ACCOUNT, REGION, House

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]})
ROLE = f"arn:aws:iam::{ACCOUNT}:role/build"


async def assumed(house: House, **words: Any) -> Any:
    await house.aws.iam.create_role(RoleName="build", AssumeRolePolicyDocument=TRUST)
    return await house.aws.sts.assume_role(RoleArn=ROLE, RoleSessionName="me", **words)


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose store refuses everything: it was never opened."""
    made = House(tmp_path)
    yield made
    await made.stop()


async def test_the_callers_identity_needs_no_store(closed: House) -> None:
    answer = await closed.aws.sts.get_caller_identity()
    assert answer == {"UserId": ACCOUNT, "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"}


async def test_a_role_is_assumed_for_an_hour(house: House) -> None:
    answer = await assumed(house)
    given = answer["Credentials"]
    session = await find_session(house.store, given["AccessKeyId"])
    assert session is not None
    assert session.secret_key == given["SecretAccessKey"]
    assert session.session_token == given["SessionToken"]
    assert session.expiration == house.clock.now() + timedelta(hours=1)
    assert session.principal == answer["AssumedRoleUser"]["Arn"]
    assert session.principal == f"arn:aws:sts::{ACCOUNT}:assumed-role/build/me"
    assert session.account == ACCOUNT


async def test_an_assumed_role_is_who_calls(house: House) -> None:
    answer = await assumed(house)
    caller = Caller(ACCOUNT, REGION, answer["AssumedRoleUser"]["Arn"])
    who = await house.dispatcher.aws(caller).sts.get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/build/me"


async def test_sessions_that_have_run_out_are_forgotten(house: House) -> None:
    old = (await assumed(house, DurationSeconds=900))["Credentials"]["AccessKeyId"]
    assert await find_session(house.store, old) is not None
    await house.clock.advance(901)
    await house.aws.sts.get_session_token()
    assert await find_session(house.store, old) is None


async def test_only_temporary_keys_are_looked_for(closed: House) -> None:
    assert await find_session(closed.store, "AKIAIOSFODNN7EXAMPLE") is None


REFUSED = [
    (f"arn:aws:iam::{ACCOUNT}:role/nobody", "AccessDenied", "is not authorized to perform: sts:AssumeRole"),
    ("not an arn but long enough", "ValidationError", "is invalid"),
    ("arn:aws:s3:::a-bucket-of-mine", "ValidationError", "is invalid"),
]


@pytest.mark.parametrize(("role", "code", "says"), REFUSED)
async def test_what_is_no_role_cannot_be_assumed(house: House, role: str, code: str, says: str) -> None:
    with pytest.raises(AwsError, match=says) as caught:
        await house.aws.sts.assume_role(RoleArn=role, RoleSessionName="me")
    assert caught.value.wire_code() == code
