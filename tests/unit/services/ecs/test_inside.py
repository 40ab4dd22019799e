"""What a task may ask from within: its metadata and its role's credentials, and nobody else's."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from bambe.services.ecs.inside import Inside
from tests.unit.services.ecs.conftest import NETWORK, Town, task_id

ROLE = "arn:aws:iam::000000000000:role/app"
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
    ' "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]}'
)


@pytest.fixture
def inside(town: Town) -> Inside:
    return Inside(town.store, town.clock, town.aws, "10.200.0.0/16")


async def run(town: Town, **changes: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """A running task and its container's environment."""
    overrides = changes.pop("overrides", {})
    await town.define(**changes)
    ran = await town.aws.ecs.run_task(
        cluster="shop",
        taskDefinition="web",
        launchType="FARGATE",
        networkConfiguration=NETWORK,
        tags=[{"key": "team", "value": "a"}],
        overrides=overrides,
    )
    await town.advance(2)
    answer = await town.aws.ecs.describe_tasks(cluster="shop", tasks=[ran["tasks"][0]["taskArn"]])
    task = dict(answer["tasks"][0])
    return task, dict(town.containers.specs[task_id(task)].containers[0].environment)


async def with_role(town: Town) -> tuple[dict[str, Any], dict[str, str]]:
    await town.aws.iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST)
    return await run(town, taskRoleArn=ROLE)


def address_of(task: dict[str, Any]) -> str:
    return str(task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"])


async def test_a_container_learns_who_it_is(town: Town, inside: Inside) -> None:
    task, environment = await run(town)
    path = urlsplit(environment["ECS_CONTAINER_METADATA_URI_V4"]).path
    status, said = await inside.answer(path, address_of(task))
    assert (status, said["Name"], said["KnownStatus"]) == (200, "web", "RUNNING")
    assert said["ContainerARN"] == task["containers"][0]["containerArn"]
    assert said["Networks"][0]["IPv4Addresses"] == [address_of(task)]
    status, whole = await inside.answer(f"{path}/task", address_of(task))
    assert (status, whole["TaskARN"], whole["Limits"]) == (200, task["taskArn"], {"CPU": 0.25, "Memory": 512})
    assert (whole["Family"], whole["Revision"], whole["Containers"]) == ("web", "2", [said])
    assert "TaskTags" not in whole
    assert (await inside.answer(f"{path}/taskWithTags", address_of(task)))[1]["TaskTags"] == {"team": "a"}


async def test_what_there_is_not(town: Town, inside: Inside) -> None:
    task, environment = await run(town)
    path = urlsplit(environment["ECS_CONTAINER_METADATA_URI_V4"]).path
    for wrong, status in (("/v4/nobody-0", 404), (f"{path}7", 404), (f"{path}/stats", 501), ("/x", 404)):
        assert (await inside.answer(wrong, address_of(task)))[0] == status


async def test_a_role_gives_credentials_that_are_renewed_before_they_end(town: Town, inside: Inside) -> None:
    task, environment = await with_role(town)
    path, address = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"], address_of(task)
    assert environment["AWS_ENDPOINT_URL"] == "http://bambe.internal:4566"
    status, first = await inside.answer(path, address)
    assert (status, first["RoleArn"]) == (200, ROLE)
    assert first["AccessKeyId"].startswith("ASIA")
    assert await inside.answer(path, address) == (200, first)
    await town.clock.advance(31 * 60)
    _, second = await inside.answer(path, address)
    assert second["AccessKeyId"] != first["AccessKeyId"]
    assert second["Expiration"] > first["Expiration"]


async def test_run_task_may_name_another_role(town: Town, inside: Inside) -> None:
    await town.aws.iam.create_role(RoleName="other", AssumeRolePolicyDocument=TRUST)
    other = "arn:aws:iam::000000000000:role/other"
    task, environment = await run(town, taskRoleArn=ROLE, overrides={"taskRoleArn": other})
    path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
    assert (await inside.answer(path, address_of(task)))[1]["RoleArn"] == other


async def test_nobody_gets_the_credentials_of_another(town: Town, inside: Inside) -> None:
    task, environment = await with_role(town)
    path, address = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"], address_of(task)
    refused = {
        "code": "InvalidIdInRequest",
        "message": "CredentialsV2Request: Credentials not found",
        "HTTPErrorCode": 400,
    }
    assert await inside.answer(path, "10.200.0.99") == (400, refused)
    assert await inside.answer(path[:-1] + "x", address) == (400, refused)
    assert await inside.answer(f"/v2/credentials/{task_id(task)}-", address) == (400, refused)
    assert (await inside.answer("/v2/credentials", address))[1]["code"] == "NoIdInRequest"
    await town.aws.ecs.stop_task(cluster="shop", task=task_id(task))
    await town.advance(3)
    assert await inside.answer(path, address) == (400, refused)


async def test_a_role_that_is_not_there_is_said_when_it_is_asked_for(town: Town, inside: Inside) -> None:
    task, environment = await run(town, taskRoleArn=ROLE)
    assert task["lastStatus"] == "RUNNING"
    path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
    status, said = await inside.answer(path, address_of(task))
    assert (status, said["code"]) == (400, "CredentialsUninitialized")
    assert f"ECS was unable to assume the role '{ROLE}'" in said["message"]


async def test_without_a_role_the_environment_leads_nowhere(town: Town) -> None:
    _, environment = await run(town)
    assert not {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_ENDPOINT_URL"} & set(environment)


async def test_what_the_definition_sets_is_left_alone(town: Town) -> None:
    own = [{"name": "AWS_ENDPOINT_URL", "value": "http://elsewhere"}]
    _, environment = await run(town, taskRoleArn=ROLE, container={"environment": own})
    assert environment["AWS_ENDPOINT_URL"] == "http://elsewhere"
