"""IAM as stock clients see it: decoded documents, errors, pages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.conftest import Edge

DOCUMENT: dict[str, Any] = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*"}]}
TEXT = json.dumps(DOCUMENT)


@pytest.fixture
def iam(edge: Edge) -> Any:
    """A client, with the role `build`."""
    client = edge.aws("iam")
    client.create_role(RoleName="build", AssumeRolePolicyDocument=TEXT, Tags=[{"Key": "a", "Value": "b"}])
    return client


def test_documents_come_back_decoded(iam: Any) -> None:
    role = iam.get_role(RoleName="build")["Role"]
    assert role["AssumeRolePolicyDocument"] == DOCUMENT
    assert role["Tags"] == [{"Key": "a", "Value": "b"}]
    iam.put_role_policy(RoleName="build", PolicyName="p", PolicyDocument=TEXT)
    assert iam.get_role_policy(RoleName="build", PolicyName="p")["PolicyDocument"] == DOCUMENT


def test_the_cli_shows_the_role(edge: Edge, iam: Any) -> None:
    ran = edge.cli("iam", "get-role", "--role-name", "build", "--query", "Role.Arn", "--output", "text")
    assert ran.stdout.strip() == "arn:aws:iam::000000000000:role/build", ran.stderr


def test_pages_of_roles(iam: Any) -> None:
    for number in range(4):
        iam.create_role(RoleName=f"r{number}", AssumeRolePolicyDocument=TEXT)
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2})
    names = [[role["RoleName"] for role in page["Roles"]] for page in pages]
    assert names == [["build", "r0"], ["r1", "r2"], ["r3"]]


def test_errors_have_aws_codes_and_status(iam: Any) -> None:
    with pytest.raises(iam.exceptions.NoSuchEntityException) as missing:
        iam.get_role(RoleName="nobody")
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException) as taken:
        iam.create_role(RoleName="build", AssumeRolePolicyDocument=TEXT)
    assert taken.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.put_role_policy(RoleName="build", PolicyName="p", PolicyDocument="{")
    with pytest.raises(ClientError) as unknown:
        iam.create_group(GroupName="g")
    assert unknown.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
