"""Secrets of a task: looked up at its start, in its containers' variables, and nowhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bambe.services.ecs.tables import TASKS
from tests.unit.services.ecs.conftest import NETWORK, Town, task_id
from tests.unit.services.ecs.test_operations import refused

SSM = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): "  # noqa: E501
ASM = SSM.replace("secrets from ssm", "secret from asm")


async def run(town: Town, *sources: str) -> dict[str, Any]:
    """A task whose secrets S0, S1... come from `sources`, as it is shown once it had time to start."""
    await town.define(
        container={"secrets": [{"name": f"S{n}", "valueFrom": s} for n, s in enumerate(sources)]}
    )
    ran = await town.aws.ecs.run_task(
        cluster="shop", taskDefinition="web", launchType="FARGATE", networkConfiguration=NETWORK
    )
    await town.advance(2)
    answer = await town.aws.ecs.describe_tasks(cluster="shop", tasks=[ran["tasks"][0]["taskArn"]])
    return dict(answer["tasks"][0])


async def secrets_of(town: Town, task: dict[str, Any]) -> list[str]:
    (container,) = town.containers.specs[task_id(task)].containers
    assert "hunter2" not in repr(container)
    return list(container.secrets.values())


async def put(town: Town, value: Any = "hunter2") -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    made = await town.aws.secretsmanager.create_secret(Name="shop/db", SecretString=text)
    return str(made["ARN"])


async def test_parameters_by_name_and_arn(town: Town) -> None:
    await town.aws.ssm.put_parameter(Name="/shop/db", Value="hunter2", Type="SecureString")
    await town.aws.ssm.put_parameter(Name="plain", Value="two", Type="String")
    arn = "arn:aws:ssm:eu-central-1:000000000000:parameter/shop/db"
    task = await run(town, "/shop/db", arn, "plain")
    assert task["lastStatus"] == "RUNNING"
    assert await secrets_of(town, task) == ["hunter2", "hunter2", "two"]


async def test_a_parameter_of_another_region_is_looked_up_there(town: Town) -> None:
    there = town.aws.within("000000000000", "us-east-1")
    await there.ssm.put_parameter(Name="/x", Value="far", Type="String")
    task = await run(town, "arn:aws:ssm:us-east-1:000000000000:parameter/x")
    assert await secrets_of(town, task) == ["far"]


async def test_secrets_whole_and_by_key_stage_and_version(town: Town) -> None:
    arn = await put(town, {"password": "old", "port": 5432})
    first = (await town.aws.secretsmanager.get_secret_value(SecretId=arn))["VersionId"]
    await town.aws.secretsmanager.put_secret_value(
        SecretId=arn, SecretString='{"password": "hunter2", "port": 1}'
    )
    task = await run(
        town,
        arn,
        arn[:-7],
        f"{arn}:password::",
        f"{arn}:port:AWSPREVIOUS:",
        f"{arn}:password::{first}",
    )
    whole = '{"password": "hunter2", "port": 1}'
    assert await secrets_of(town, task) == [whole, whole, "hunter2", "5432", "old"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("/nowhere", SSM + "invalid ssm parameters: /nowhere"),
        ("/shop/db", SSM + "invalid ssm parameters: /shop/db"),
        (
            "arn:aws:secretsmanager:eu-central-1:000000000000:secret:nowhere-abcdef",
            ASM + "failed to fetch secret arn:aws:secretsmanager:eu-central-1:000000000000:secret:"
            "nowhere-abcdef from secrets manager: ResourceNotFoundException: "
            "Secrets Manager can't find the specified secret.",
        ),
        ("SECRET:user::", ASM + "retrieved secret from Secrets Manager did not contain json key user"),
        ("SECRET::AWSPENDING:", "can't find the specified secret value for staging label: AWSPENDING"),
        ("PLAIN:user::", "is not JSON"),
        ("BINARY", "is binary"),
        ("arn:aws:ssm:eu-central-1:111111111111:parameter/x", "AccessDeniedException"),
    ],
)
async def test_what_cannot_be_had_fails_the_task_in_awss_words(town: Town, source: str, words: str) -> None:
    create = town.aws.secretsmanager.create_secret
    for name, value in (("SECRET", '{"password": "hunter2"}'), ("PLAIN", "hunter2")):
        source = source.replace(name, (await create(Name=name, SecretString=value))["ARN"])
    source = source.replace("BINARY", (await create(Name="BINARY", SecretBinary=b"hunter2"))["ARN"])
    task = await run(town, source)
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "TaskFailedToStart")
    assert words in task["stoppedReason"]
    assert "hunter2" not in task["stoppedReason"]
    assert town.containers.started == []


async def test_all_missing_parameters_are_told_together(town: Town) -> None:
    task = await run(town, "/a", "/b", "/a")
    assert task["stoppedReason"] == SSM + "invalid ssm parameters: /a, /b"


async def test_a_value_is_in_no_row_and_no_answer(town: Town) -> None:
    task = await run(town, await put(town))
    assert await secrets_of(town, task) == ["hunter2"]
    rows = await town.store.read(
        lambda tx: tx.execute(f"SELECT CAST(body AS TEXT) FROM {TASKS.name}").fetchall()
    )
    definition = await town.aws.ecs.describe_task_definition(taskDefinition="web")
    assert "hunter2" not in str([rows, task, definition])


async def test_a_service_takes_new_values_with_new_tasks(town: Town) -> None:
    arn = await put(town, "one")
    await town.define(container={"secrets": [{"name": "S", "valueFrom": arn}]})
    await town.serve(desiredCount=1)
    await town.advance(2)
    await town.aws.secretsmanager.put_secret_value(SecretId=arn, SecretString="two")
    (task,) = await town.tasks()
    assert await secrets_of(town, task) == ["one"]
    town.containers.exit(task_id(task))
    await town.advance(2)
    (task,) = await town.tasks()
    assert await secrets_of(town, task) == ["two"]


@pytest.mark.parametrize(
    ("container", "changes", "words"),
    [
        (
            {"secrets": [{"name": "A", "valueFrom": "/a"}], "environment": [{"name": "A", "value": "1"}]},
            {},
            "The secret name must be unique and not shared with any new or existing environment variables"
            " set on the container, such as 'A'.",
        ),
        (
            {"secrets": [{"name": "A", "valueFrom": "/a"}]},
            {"executionRoleArn": None},
            "When you are specifying container secrets, you must also specify a value for"
            " 'executionRoleArn'.",
        ),
        *(
            (
                {"secrets": [{"name": "A", "valueFrom": source}]},
                {},
                "The Systems Manager parameter name specified for secret A is invalid.",
            )
            for source in ("a b", "name:key::", "arn:aws:s3:::bucket/key")
        ),
    ],
)
async def test_what_a_definition_may_not_say(
    town: Town, container: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    wanted = {
        "family": "bad",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": "arn:aws:iam::000000000000:role/execution",
        "containerDefinitions": [{"name": "a", "image": "x", **container}],
        **changes,
    }
    said = {name: value for name, value in wanted.items() if value is not None}
    assert await refused(town.aws.ecs.register_task_definition(**said)) == ("ClientException", words)
