"""ECR as the stock clients see it."""

from __future__ import annotations

import base64
import json

import pytest

from tests.api.conftest import Edge


def test_repositories(edge: Edge) -> None:
    client = edge.aws("ecr")
    made = client.create_repository(repositoryName="shop", tags=[{"Key": "a", "Value": "1"}])["repository"]
    assert made["repositoryUri"] == "localhost:4566/shop"
    assert client.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"] == [
        {"Key": "a", "Value": "1"}
    ]
    with pytest.raises(
        client.exceptions.RepositoryAlreadyExistsException, match="already exists in the registry"
    ):
        client.create_repository(repositoryName="shop")
    assert client.list_images(repositoryName="shop")["imageIds"] == []
    client.delete_repository(repositoryName="shop")
    with pytest.raises(client.exceptions.RepositoryNotFoundException, match="does not exist in the registry"):
        client.describe_repositories(repositoryNames=["shop"])


def test_a_token(edge: Edge) -> None:
    (data,) = edge.aws("ecr").get_authorization_token()["authorizationData"]
    assert base64.b64decode(data["authorizationToken"]).startswith(b"AWS:")
    assert data["expiresAt"].tzinfo is not None


def test_the_command_line(edge: Edge) -> None:
    said = edge.cli("ecr", "create-repository", "--repository-name", "shop")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["repository"]["repositoryName"] == "shop"
    said = edge.cli("ecr", "get-login-password")
    assert said.returncode == 0, said.stderr
    assert len(said.stdout.strip()) > 40
    said = edge.cli("ecr", "describe-images", "--repository-name", "other")
    assert "RepositoryNotFoundException" in said.stderr
