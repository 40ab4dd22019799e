"""STS as stock clients see it; what it hands out is taken by the endpoint."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.api.conftest import Edge
from tests.support.house import ACCOUNT

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]})


def test_the_cli_knows_who_it_is(edge: Edge) -> None:
    ran = edge.cli("sts", "get-caller-identity")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"


def test_temporary_credentials_have_the_members_a_client_needs(edge: Edge) -> None:
    edge.aws("iam").create_role(RoleName="build", AssumeRolePolicyDocument=TRUST)
    arn = f"arn:aws:iam::{ACCOUNT}:role/build"
    answer = edge.aws("sts").assume_role(RoleArn=arn, RoleSessionName="me", DurationSeconds=900)
    given: dict[str, Any] = answer["Credentials"]
    assert given["AccessKeyId"].startswith("ASIA")
    assert given["Expiration"].tzinfo is not None
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":me")


def test_a_wrong_duration_is_refused_by_the_model(edge: Edge) -> None:
    client = edge.aws("sts", config=Config(parameter_validation=False))
    with pytest.raises(ClientError) as caught:
        client.assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/build", RoleSessionName="me", DurationSeconds=1
        )
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_a_role_nobody_made_is_denied(edge: Edge) -> None:
    ran = edge.cli(
        "sts", "assume-role", "--role-arn", f"arn:aws:iam::{ACCOUNT}:role/none", "--role-session-name", "me"
    )
    assert ran.returncode != 0
    assert "(AccessDenied) when calling the AssumeRole operation" in ran.stderr
