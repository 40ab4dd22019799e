"""`bambe promote SERVICE`: all traffic to the new version now."""

from __future__ import annotations

import click

from bambe.cli.steering import under_way
from bambe.cli.target import open_target


@click.command("promote")
@click.argument("service")
def command(service: str) -> None:
    """Give the new version all traffic now; once it has all, end the old one now."""
    click.echo(under_way(open_target(), service).promote())
