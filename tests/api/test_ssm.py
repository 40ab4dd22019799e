"""Parameter Store as the stock clients see it."""

from __future__ import annotations

import json

import pytest

from tests.api.conftest import Edge


def test_parameters_through_boto3(edge: Edge) -> None:
    ssm = edge.aws("ssm")
    ssm.put_parameter(Name="/shop/db/user", Value="ann", Type="String")
    ssm.put_parameter(Name="/shop/db/password", Value="grün", Type="SecureString")
    got = ssm.get_parameter(Name="/shop/db/password", WithDecryption=True)["Parameter"]
    assert (got["Value"], got["Version"], got["LastModifiedDate"].year) == ("grün", 1, 2026)
    pages = ssm.get_paginator("get_parameters_by_path").paginate(
        Path="/shop", Recursive=True, WithDecryption=True, PaginationConfig={"PageSize": 1}
    )
    assert [p["Value"] for page in pages for p in page["Parameters"]] == ["grün", "ann"]
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name="/nowhere")
    with pytest.raises(ssm.exceptions.ParameterAlreadyExists):
        ssm.put_parameter(Name="/shop/db/user", Value="bob", Type="String")
    tags = ssm.add_tags_to_resource(
        ResourceType="Parameter", ResourceId="/shop/db/user", Tags=[{"Key": "team", "Value": "shop"}]
    )
    assert tags["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert ssm.describe_parameters()["Parameters"][0]["Name"] == "/shop/db/password"
    assert len(ssm.get_parameter_history(Name="/shop/db/user")["Parameters"]) == 1
    assert ssm.delete_parameters(Names=["/shop/db/user", "/x"])["InvalidParameters"] == ["/x"]


def test_parameters_through_the_cli(edge: Edge) -> None:
    put = edge.cli("ssm", "put-parameter", "--name", "/a", "--type", "SecureString", "--value", "hunter2")
    assert json.loads(put.stdout) == {"Version": 1, "Tier": "Standard"}, put.stderr
    got = edge.cli("ssm", "get-parameter", "--name", "/a", "--with-decryption", "--query", "Parameter.Value")
    assert json.loads(got.stdout) == "hunter2", got.stderr
