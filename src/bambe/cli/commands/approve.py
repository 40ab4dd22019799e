"""`bambe approve SERVICE`: let a release go on that waits for a person."""

from __future__ import annotations

import click

from bambe.cli.native import native_release
from bambe.cli.steering import under_way
from bambe.cli.target import open_target


@click.command("approve")
@click.argument("service")
def command(service: str) -> None:
    """Let a release go on that waits for approval or was paused."""
    target = open_target()
    found = native_release(target, service) if target.is_by_ecs(service) else under_way(target, service)
    click.echo(found.approve())
