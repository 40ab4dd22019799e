"""Secrets Manager as the stock clients see it."""

from __future__ import annotations

import json

import pytest

from tests.api.conftest import Edge


def test_secrets_through_boto3(edge: Edge) -> None:
    secrets = edge.aws("secretsmanager")
    made = secrets.create_secret(Name="shop/db", SecretString='{"password": "grün"}')
    got = secrets.get_secret_value(SecretId=made["ARN"])
    assert (json.loads(got["SecretString"]), got["VersionStages"]) == ({"password": "grün"}, ["AWSCURRENT"])
    secrets.put_secret_value(SecretId="shop/db", SecretBinary=b"\x00\xff")
    assert secrets.get_secret_value(SecretId=made["ARN"][:-7])["SecretBinary"] == b"\x00\xff"
    assert len(secrets.describe_secret(SecretId="shop/db")["VersionIdsToStages"]) == 2
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.get_secret_value(SecretId="nowhere")
    with pytest.raises(secrets.exceptions.ResourceExistsException):
        secrets.create_secret(Name="shop/db")
    secrets.tag_resource(SecretId="shop/db", Tags=[{"Key": "team", "Value": "shop"}])
    secrets.untag_resource(SecretId="shop/db", TagKeys=["team"])
    pages = secrets.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": 1})
    assert [s["Name"] for page in pages for s in page["SecretList"]] == ["shop/db"]
    assert len(secrets.get_random_password(PasswordLength=12)["RandomPassword"]) == 12
    secrets.delete_secret(SecretId="shop/db", RecoveryWindowInDays=7)
    secrets.restore_secret(SecretId="shop/db")
    secrets.delete_secret(SecretId="shop/db", ForceDeleteWithoutRecovery=True)


def test_secrets_through_the_cli(edge: Edge) -> None:
    made = edge.cli("secretsmanager", "create-secret", "--name", "a", "--secret-string", "hunter2")
    assert json.loads(made.stdout)["Name"] == "a", made.stderr
    got = edge.cli("secretsmanager", "get-secret-value", "--secret-id", "a", "--query", "SecretString")
    assert json.loads(got.stdout) == "hunter2", got.stderr
