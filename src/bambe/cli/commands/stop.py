"""`bambe stop SERVICE`: end a release and leave everything as it is."""

from __future__ import annotations

import click

from bambe.cli.steering import under_way
from bambe.cli.target import open_target


@click.command("stop")
@click.argument("service")
def command(service: str) -> None:
    """End a release under way without going back: traffic and versions stay as they are."""
    click.echo(under_way(open_target(), service).stop())
