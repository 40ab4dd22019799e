"""`bambe exec SERVICE -- COMMAND`: run a command in a container of a service."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Mapping
from typing import Any

import click

from bambe.cli.target import Target, open_target
from bambe.cli.trouble import Trouble


@click.command("exec")
@click.argument("service")
@click.argument("words", metavar="[-- COMMAND...]", nargs=-1, type=click.UNPROCESSED)
@click.option("--task", "task", help="The task's id, or how it begins (default: the newest).")
@click.option("--container", help="The container's name (default: the service's).")
def command(service: str, words: tuple[str, ...], task: str | None, container: str | None) -> None:
    """Run a command in a container of SERVICE, by default a shell; needs `exec: true` in bambe.yml."""
    target = open_target()
    answer = target.client("ecs").execute_command(
        cluster=target.cluster,
        task=_task(target, service, task or ""),
        container=container or service,
        interactive=True,
        command=shlex.join(words or ("sh",)),
    )
    ended = asyncio.run(_hold(answer["session"]))
    if ended.trouble:
        raise Trouble(ended.trouble)
    sys.exit(ended.exit_code or 0)


async def _hold(session: Mapping[str, str]) -> Any:
    from bambe.cli.keyboard import Keyboard
    from bambe.cli.session import hold

    with Keyboard() as person:
        return await hold(session, person)


def _task(target: Target, service: str, wanted: str) -> str:
    """The newest running task of the service whose id begins as `wanted`, in which commands may be run."""
    target.check(service)
    ecs = target.client("ecs")
    arns = ecs.list_tasks(cluster=target.cluster, serviceName=service)["taskArns"]
    tasks = ecs.describe_tasks(cluster=target.cluster, tasks=arns)["tasks"] if arns else []
    running = [
        one
        for one in tasks
        if one["lastStatus"] == "RUNNING" and one["taskArn"].rsplit("/", 1)[-1].startswith(wanted)
    ]
    if not running:
        raise Trouble(f"{service} has no running task{f' {wanted}' if wanted else ''}: see `bambe status`.")
    able = [one for one in running if one["enableExecuteCommand"]]
    if not able:
        raise Trouble(
            f"{service} takes no commands: set `exec: true` for it in bambe.yml, run `bambe up`, and let"
            " its tasks be replaced."
        )
    return str(max(able, key=lambda one: one["startedAt"])["taskArn"])
