"""ExecuteCommand: what it checks, in AWS's words, and what it leaves for the door."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.kernel.errors import AwsError
from bambe.services.ecs.session import Session
from bambe.services.ecs.sessions import Sessions
from bambe.services.ecs.tables import SESSIONS
from tests.unit.services.ecs.conftest import NETWORK, Town, task_id

NOT_ENABLED = "execute command was not enabled when the task was run"


async def running(town: Town, **changes: Any) -> str:
    """The ARN of a task that runs."""
    said = {"enableExecuteCommand": True, "networkConfiguration": NETWORK, "launchType": "FARGATE"}
    answer = await town.aws.ecs.run_task(cluster="shop", taskDefinition="web", **{**said, **changes})
    await town.settle()
    return str(answer["tasks"][0]["taskArn"])


async def execute(town: Town, task: str, **changes: Any) -> dict[str, Any]:
    said = {"cluster": "shop", "task": task, "interactive": True, "command": "/bin/sh"}
    return dict(await town.aws.ecs.execute_command(**{**said, **changes}))


async def refused(town: Town, task: str, **changes: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        await execute(town, task, **changes)
    return caught.value.wire_code(), caught.value.message


async def sessions(town: Town) -> list[Session]:
    return await town.store.read(lambda tx: SESSIONS.list(tx))


async def test_the_answer_names_task_container_and_session(town: Town) -> None:
    task = await running(town)
    answer = await execute(town, task)
    session = answer.pop("session")
    shown = (await town.tasks())[0]
    assert answer == {
        "clusterArn": "arn:aws:ecs:eu-central-1:000000000000:cluster/shop",
        "containerArn": shown["containers"][0]["containerArn"],
        "containerName": "web",
        "interactive": True,
        "taskArn": task,
    }
    assert session["streamUrl"].startswith(f"ws://localhost:4566/_bambe/sessions/{session['sessionId']}")
    assert session["tokenValue"] not in str(await sessions(town))


async def test_tasks_show_their_agent(town: Town) -> None:
    await running(town)
    shown = (await town.tasks())[0]
    assert shown["enableExecuteCommand"] is True
    (agent,) = shown["containers"][0]["managedAgents"]
    assert (agent["name"], agent["lastStatus"]) == ("ExecuteCommandAgent", "RUNNING")
    assert agent["lastStartedAt"] == town.clock.now()


async def test_what_is_refused(town: Town) -> None:
    task = await running(town)
    assert await refused(town, task, cluster="nowhere") == ("ClusterNotFoundException", "Cluster not found.")
    wrong = {
        "Interactive is the only mode supported currently.": {"interactive": False},
        "The container db was not found in the task.": {"container": "db"},
        "The command cannot be read": {"command": "echo 'half"},
        "Command cannot be empty.": {"command": " "},
    }
    for words, changes in wrong.items():
        code, message = await refused(town, task, **changes)
        assert (code, words in message) == ("InvalidParameterException", True), message
    assert (await refused(town, "0" * 32))[1] == "The referenced task was not found."
    assert await sessions(town) == []


async def test_tasks_without_it_and_stopped_ones_have_no_agent(town: Town) -> None:
    without = await running(town, enableExecuteCommand=False)
    assert NOT_ENABLED in (await refused(town, without))[1]
    assert "managedAgents" not in (await town.tasks())[0]["containers"][0]
    stopped = await running(town)
    await town.aws.ecs.stop_task(cluster="shop", task=stopped)
    assert NOT_ENABLED in (await refused(town, stopped))[1]


async def test_a_container_that_does_not_run_yet_is_not_connected(town: Town) -> None:
    town.parts["containers"].running = False
    task = await running(town)
    code, message = await refused(town, task)
    assert code == "TargetNotConnectedException"
    assert message == "The execute command failed due to an internal error. Try again later."


async def test_tasks_of_several_containers_need_a_name(town: Town) -> None:
    containers = [{"name": name, "image": f"localhost:4566/{name}:1"} for name in ("web", "side")]
    await town.aws.ecs.register_task_definition(
        family="web",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=containers,
    )
    task = await running(town)
    assert "Container name is required" in (await refused(town, task))[1]
    assert (await execute(town, task, container="side"))["containerName"] == "side"


async def test_services_hand_it_to_their_tasks(town: Town) -> None:
    await town.serve(enableExecuteCommand=True, desiredCount=1)
    await town.settle()
    (task,) = await town.tasks()
    assert (await execute(town, task_id(task)))["taskArn"] == task["taskArn"]


async def test_a_session_begins_its_command_once(town: Town) -> None:
    task = await running(town)
    session = (await execute(town, task, command="sh -c 'echo two words'"))["session"]
    door = Sessions(town.store, town.clock, town.parts["containers"])
    assert await door.claim(session["sessionId"], "wrong") is None
    begin = await door.claim(session["sessionId"], session["tokenValue"])
    assert begin is not None
    assert await (await begin()).read() == b"two words\r\n"
    assert await door.claim(session["sessionId"], session["tokenValue"]) is None


async def test_sessions_that_nobody_opens_are_forgotten(town: Town) -> None:
    task = await running(town)
    session = (await execute(town, task))["session"]
    await town.clock.advance(301)
    door = Sessions(town.store, town.clock, town.parts["containers"])
    assert await door.claim(session["sessionId"], session["tokenValue"]) is None
    await execute(town, task)
    assert len(await sessions(town)) == 1
