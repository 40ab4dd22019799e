"""`bambe approve SERVICE`: let a release go on that waits for a person."""

from __future__ import annotations

import click

from bambe.cli.steering import under_way
from bambe.cli.target import open_target


@click.command("approve")
@click.argument("service")
def command(service: str) -> None:
    """Let a release go on that waits for approval or was paused."""
    click.echo(under_way(open_target(), service).approve())
