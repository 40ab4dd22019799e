"""CodeBuild as the stock clients see it."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.api.conftest import Edge

SPEC = "version: 0.2\nphases:\n  build:\n    commands:\n      - make\n"


def create(edge: Edge) -> None:
    edge.aws("codebuild").create_project(
        name="orders",
        source={"type": "GITHUB", "location": "http://localhost:4566/git/shop.git", "buildspec": SPEC},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole="arn:aws:iam::000000000000:role/build",
    )


def test_projects_builds_and_webhooks(edge: Edge) -> None:
    create(edge)
    client = edge.aws("codebuild")
    groups = [[{"type": "EVENT", "pattern": "PUSH"}, {"type": "FILE_PATH", "pattern": "^services/orders/"}]]
    client.create_webhook(projectName="orders", filterGroups=groups)
    (project,) = client.batch_get_projects(names=["orders"])["projects"]
    assert project["webhook"]["filterGroups"] == groups
    build = client.start_build(projectName="orders", sourceVersion="main")["build"]
    assert build["id"].startswith("orders:")
    assert build["currentPhase"] == "QUEUED"
    assert build["buildStatus"] == "IN_PROGRESS"
    assert build["logs"]["groupName"] == "/aws/codebuild/orders"
    client.stop_build(id=build["id"])
    assert client.list_builds_for_project(projectName="orders")["ids"] == [build["id"]]
    assert client.batch_get_builds(ids=[build["id"], "orders:x"])["buildsNotFound"] == ["orders:x"]


def test_the_command_line(edge: Edge) -> None:
    create(edge)
    said = edge.cli("codebuild", "start-build", "--project-name", "orders")
    assert said.returncode == 0, said.stderr
    id = json.loads(said.stdout)["build"]["id"]
    said = edge.cli("codebuild", "batch-get-builds", "--ids", id)
    (build,) = json.loads(said.stdout)["builds"]
    assert build["phases"][0]["phaseType"] == "SUBMITTED"


def test_errors_have_awss_codes(edge: Edge) -> None:
    client = edge.aws("codebuild")
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="Project cannot be found"):
        client.start_build(projectName="x")
    create(edge)
    with pytest.raises(ClientError, match="ResourceAlreadyExistsException"):
        create(edge)
    with pytest.raises(client.exceptions.InvalidInputException, match="EVENT"):
        client.create_webhook(projectName="orders", filterGroups=[[{"type": "FILE_PATH", "pattern": "x"}]])
