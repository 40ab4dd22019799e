"""`bambe down`: remove everything that `bambe up` made on this machine, or what costs money in an account."""

from __future__ import annotations

import click

from bambe.cli.account import Account
from bambe.cli.environment import chosen
from bambe.cli.lone_tasks import stop_lone_tasks
from bambe.cli.pace import pace_of
from bambe.cli.place import Local, default_state
from bambe.cli.progress import Progress
from bambe.cli.stacks import Stacks
from bambe.cli.taking_down import TakingDown
from bambe.cli.target import Target, open_target
from bambe.cli.telling import forget_brokers
from bambe.cli.trouble import Trouble


@click.command("down")
@click.option("--yes", is_flag=True, help="On AWS: do it; otherwise it is only said what would be done.")
@click.option("--delete-data", is_flag=True, help="On AWS: also delete images, logs and events.")
def command(yes: bool, delete_data: bool) -> None:
    """Remove every stack, container, network and process; repositories and images are kept.

    On AWS the project is put to rest: tasks, load balancer, pipelines and gateways go; images, logs and the
    Kafka cluster with its events stay until --delete-data.
    """
    if chosen():
        down_there(open_target(), Progress(), yes, delete_data)
        return
    if delete_data:
        raise click.UsageError("--delete-data goes with --on: here the state directory holds the data.")
    down(Local(default_state()), Progress())


def down(place: Local, progress: Progress) -> None:
    """Delete the stacks while the platform runs, then end it."""
    if not (place.state / "instance").exists():
        progress.console.print(f"Nothing to remove: no platform was started in {place.state}.")
        return
    if place.running():
        with progress.step("delete the stacks"):
            there = Stacks(place.client("cloudformation"))
            stop_lone_tasks(place.client("ecs"), progress.say)
            names = list(there.all())
            there.delete_in_order(names)
            forget_brokers(place.client("ssm"), names)
    with progress.step("end the platform"):
        place.end()
    progress.console.print("\nNothing of the platform is left running. `bambe up` starts again.")


def down_there(target: Target, progress: Progress, yes: bool, data_too: bool) -> None:
    """Put the project to rest, or remove it with its data; without a yes, only say so."""
    assert isinstance(target.place, Account)
    cloudformation = target.client("cloudformation")
    there = Stacks(cloudformation, pace_of(cloudformation))
    work = TakingDown(target, there, progress.say)
    steps = [one for group in work.steps(data_too) for one in group]
    on = f"--on {target.place.name}"
    if not steps:
        progress.console.print(f"Nothing to remove: {target.project.project} is not there ({on}).")
        return
    for one in steps:
        progress.console.print(f"  {one.line}", markup=False, soft_wrap=True)
    if not yes:
        options = f"{on} --delete-data" if data_too else on
        raise Trouble(f"that is what would be done, and nothing was: `bambe down {options} --yes` does it.")
    with progress.step("delete everything" if data_too else "put the project to rest"):
        work.run(data_too)
    left = [] if data_too else [one.name for one in steps if one.template is not None]
    said = f"; {len(left)} stacks keep data, and --delete-data deletes them" if left else ""
    progress.console.print(f"\n{target.project.project} runs no more on {target.place.name}{said}.")
