"""ExecuteCommand: it writes a session, which the door at /_bambe/sessions serves."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.ids import hex_id
from bambe.services.ecs import lookup, shapes
from bambe.services.ecs.errors import InvalidParameterException, TargetNotConnectedException
from bambe.services.ecs.model import Container, Task
from bambe.services.ecs.names import cluster_arn, task_arn
from bambe.services.ecs.session import OPENED_WITHIN, PATH, Session, token_digest
from bambe.services.ecs.tables import SESSIONS

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import ExecuteCommandRequestTypeDef

NOT_ENABLED = (
    "The execute command failed because execute command was not enabled when the task was run or the execute"
    " command agent isn’t running. Wait and try again or run a new task with execute command enabled and try"
    " again."
)


async def execute_command(call: Call, request: ExecuteCommandRequestTypeDef) -> Answer:
    if not request["interactive"]:
        raise InvalidParameterException("Interactive is the only mode supported currently.")
    command = _words(request["command"])
    session_id, token = f"ecs-execute-command-{hex_id(17)}", hex_id(64)
    now = call.clock.now()

    def begin(tx: Tx) -> tuple[Task, Container]:
        of = lookup.cluster(tx, call, request.get("cluster"))
        task = lookup.find_task(tx, of, request["task"])
        if task is None:
            raise InvalidParameterException("The referenced task was not found.")
        container = _container(task, request.get("container"))
        for row in SESSIONS.list(tx, account=call.account, region=call.region):
            if row.expires_at <= now:
                SESSIONS.delete(tx, *SESSIONS.key_of(row))
        session = Session(
            account=call.account,
            region=call.region,
            id=session_id,
            task=task.id,
            container=container.name,
            command=command,
            token_digest=token_digest(token),
            expires_at=now + OPENED_WITHIN,
        )
        SESSIONS.insert(tx, session)
        return task, container

    task, container = await call.store.write(begin)
    stream = f"ws{call.site.endpoint.removeprefix('http')}{PATH}/{session_id}?role=publish_subscribe"
    return {
        "clusterArn": cluster_arn(task),
        "containerArn": shapes.container_arn(task, container.name),
        "containerName": container.name,
        "interactive": True,
        "session": {"sessionId": session_id, "streamUrl": stream, "tokenValue": token},
        "taskArn": task_arn(task),
    }


def _words(command: str) -> list[str]:
    """The command as its words: AWS's agent starts it in a container without a shell around it."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InvalidParameterException(f"The command cannot be read: {error}.") from None
    if not words:
        raise InvalidParameterException("Command cannot be empty.")
    return words


def _container(task: Task, said: str | None) -> Container:
    """The container to run in, whose agent must be there."""
    if not task.execute_command or not task.is_live:
        raise InvalidParameterException(NOT_ENABLED)
    if not said and len(task.containers) > 1:
        raise InvalidParameterException("Container name is required for a task with multiple containers.")
    found = next((c for c in task.containers if said in (None, "", c.name)), None)
    if found is None:
        raise InvalidParameterException(f"The container {said} was not found in the task.")
    if found.status != "RUNNING":
        raise TargetNotConnectedException
    return found
