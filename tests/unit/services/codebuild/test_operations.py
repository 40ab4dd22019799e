"""Projects, builds and webhooks, and what is said to bad requests."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from bambe.kernel.resources import Wish
from bambe.services.codebuild import sources
from bambe.services.codebuild.resources import RESOURCES
from tests.unit.services.codebuild.conftest import Workshop


async def refused(code: str, call: Any) -> str:
    with pytest.raises(AwsError) as caught:
        await call
    assert caught.value.wire_code() == code
    return caught.value.message


async def test_projects(workshop: Workshop) -> None:
    api = workshop.aws.codebuild
    await workshop.project()
    answer = await api.batch_get_projects(names=["orders", "x"])
    (found,) = answer["projects"]
    assert found["arn"] == "arn:aws:codebuild:eu-central-1:000000000000:project/orders"
    assert found["timeoutInMinutes"] == 60
    assert answer["projectsNotFound"] == ["x"]
    await api.update_project(name="orders", timeoutInMinutes=10)
    (found,) = (await api.batch_get_projects(names=["orders"]))["projects"]
    assert found["timeoutInMinutes"] == 10
    assert found["source"]["type"] == "GITHUB"
    assert (await api.list_projects())["projects"] == ["orders"]
    await api.delete_project(name="orders")
    assert await refused("ResourceNotFoundException", api.start_build(projectName="orders"))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "!"}, "InvalidInputException"),
        ({"artifacts": {"type": "S3", "location": "b"}}, "NotImplemented"),
        ({"source": {"type": "NO_SOURCE"}}, "InvalidInputException"),
        ({"source": {"type": "GITHUB"}}, "InvalidInputException"),
        ({"timeoutInMinutes": 1}, "InvalidInputException"),
        ({"secondarySources": [{"type": "S3"}]}, "NotImplemented"),
    ],
)
async def test_projects_that_cannot_be(workshop: Workshop, change: dict[str, Any], code: str) -> None:
    assert await refused(code, workshop.project(**change))


async def test_secrets_are_refused_clearly(workshop: Workshop) -> None:
    await workshop.project()
    secret = [{"name": "PASSWORD", "value": "x", "type": "PARAMETER_STORE"}]
    said = await refused("NotImplemented", workshop.build(environmentVariablesOverride=secret))
    assert "PASSWORD" in said


async def test_the_same_token_is_the_same_build(workshop: Workshop) -> None:
    await workshop.project()
    first = await workshop.build(idempotencyToken="a")
    assert await workshop.build(idempotencyToken="a") == first
    second = await workshop.build()
    listed = await workshop.aws.codebuild.list_builds_for_project(projectName="orders")
    assert listed["ids"] == [second, first]
    assert (await workshop.info(second))["buildNumber"] == 2


async def test_retry(workshop: Workshop) -> None:
    workshop.git.push("abc", "x")
    await workshop.project()
    id = await workshop.build()
    assert await refused("InvalidInputException", workshop.aws.codebuild.retry_build(id=id))
    await workshop.aws.codebuild.stop_build(id=id)
    await workshop.advance(0)
    again = (await workshop.aws.codebuild.retry_build(id=id))["build"]
    assert again["buildNumber"] == 2


async def test_webhooks(workshop: Workshop) -> None:
    api = workshop.aws.codebuild
    await workshop.project(folder="services/orders")
    assert await refused("ResourceAlreadyExistsException", api.create_webhook(projectName="orders"))
    for pattern in ("(?=x)", "["):
        bad = [[{"type": "EVENT", "pattern": "PUSH"}, {"type": "FILE_PATH", "pattern": pattern}]]
        call = api.update_webhook(projectName="orders", filterGroups=bad)
        assert await refused("InvalidInputException", call)
    lonely = [[{"type": "FILE_PATH", "pattern": "x"}]]
    call = api.update_webhook(projectName="orders", filterGroups=lonely)
    assert "EVENT" in await refused("InvalidInputException", call)
    await api.update_webhook(projectName="orders", filterGroups=[])
    (found,) = (await api.batch_get_projects(names=["orders"]))["projects"]
    assert "filterGroups" not in found["webhook"]
    await api.delete_webhook(projectName="orders")
    assert await refused("ResourceNotFoundException", api.delete_webhook(projectName="orders"))


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("http://localhost:4566/git/shop.git", "shop"),
        ("http://bambe.internal:4566/git/team/shop", "team/shop"),
        ("http://127.0.0.1:4566/git/shop.git/", "shop"),
        ("http://localhost:9999/git/shop.git", ""),
        ("https://github.com/git/shop.git", ""),
    ],
)
def test_locations(workshop: Workshop, location: str, name: str) -> None:
    assert sources.repository_of({"type": "GITHUB", "location": location}, workshop.site) == name


async def test_cloudformation(workshop: Workshop) -> None:
    (kind,) = RESOURCES
    properties: dict[str, Any] = {
        "Source": {"Type": "GITHUB", "Location": "http://localhost:4566/git/shop.git", "BuildSpec": "b.yml"},
        "Artifacts": {"Type": "NO_ARTIFACTS"},
        "ServiceRole": "build",
        "TimeoutInMinutes": "30",
        "Environment": {
            "Type": "LINUX_CONTAINER",
            "Image": "aws/codebuild/standard:7.0",
            "ComputeType": "BUILD_GENERAL1_SMALL",
            "PrivilegedMode": "true",
            "EnvironmentVariables": [{"Name": "PORT", "Value": "80"}],
        },
        "Triggers": {
            "Webhook": True,
            "FilterGroups": [[{"Type": "EVENT", "Pattern": "PUSH"}, {"Type": "FILE_PATH", "Pattern": "1"}]],
        },
    }
    stack = "arn:aws:cloudformation:eu-central-1:000000000000:stack/shop/1"
    wish = Wish("shop", stack, "Build", "shop-Build-1", "token", properties, {})
    made = await kind.create(workshop.aws, wish)
    assert await kind.create(workshop.aws, wish) == made
    assert made.attributes["Arn"].endswith("project/shop-Build-1")
    (found,) = (await workshop.aws.codebuild.batch_get_projects(names=[made.physical_id]))["projects"]
    assert found["source"]["buildspec"] == "b.yml"
    assert found["timeoutInMinutes"] == 30
    assert found["environment"]["privilegedMode"] is True
    assert found["environment"]["environmentVariables"] == [{"name": "PORT", "value": "80"}]
    assert found["webhook"]["filterGroups"][0][1] == {"type": "FILE_PATH", "pattern": "1"}
    other = Wish("shop", stack, "Build", "shop-Build-1", "another", properties, {})
    assert await refused("ResourceAlreadyExistsException", kind.create(workshop.aws, other))
    assert kind.update is not None
    without = {key: value for key, value in properties.items() if key != "Triggers"}
    changed = Wish("shop", stack, "Build", "shop-Build-1", "later", without, {})
    await kind.update(workshop.aws, changed, made, properties)
    assert await kind.create(workshop.aws, wish)
    await kind.delete(workshop.aws, made, properties)
    await kind.delete(workshop.aws, made, properties)
