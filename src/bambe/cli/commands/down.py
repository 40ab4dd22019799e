"""`bambe down`: remove everything that `bambe up` made on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from bambe.cli.lone_tasks import stop_lone_tasks
from bambe.cli.place import Local, default_state
from bambe.cli.progress import Progress
from bambe.cli.stacks import Stacks
from bambe.synth.events import AUTHORITY, SERVERS, parameter
from bambe.synth.names import Names


@click.command("down")
def command() -> None:
    """Remove every stack, container, network and process; repositories and images are kept."""
    down(Local(default_state()), Progress())


def down(place: Local, progress: Progress) -> None:
    """Delete the stacks while the platform runs, then end it."""
    if not (place.state / "instance").exists():
        progress.console.print(f"Nothing to remove: no platform was started in {place.state}.")
        return
    if place.running():
        with progress.step("delete the stacks"):
            cloudformation = place.client("cloudformation")
            pages = cloudformation.get_paginator("describe_stacks").paginate()
            stop_lone_tasks(place.client("ecs"), progress.say)
            names = [stack["StackName"] for page in pages for stack in page["Stacks"]]
            Stacks(cloudformation).delete_in_order(names)
            forget_brokers(place.client("ssm"), names)
    with progress.step("end the platform"):
        place.end()
    progress.console.print("\nNothing of the platform is left running. `bambe up` starts again.")


def forget_brokers(ssm: Any, stacks: Iterable[str]) -> None:
    """Delete what `bambe up` told tasks of the clusters of these stacks; a person's own parameters stay."""
    for stack in stacks:
        names = Names(stack.removesuffix("-events"))
        if stack == names.events_stack:
            ssm.delete_parameters(Names=[parameter(names, what) for what in (*SERVERS.values(), AUTHORITY)])
