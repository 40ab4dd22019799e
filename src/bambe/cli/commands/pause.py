"""`bambe pause SERVICE`: keep a release at its present step."""

from __future__ import annotations

import click

from bambe.cli.steering import under_way
from bambe.cli.target import open_target


@click.command("pause")
@click.argument("service")
def command(service: str) -> None:
    """Keep a release at its present step until it is approved, promoted or rolled back."""
    click.echo(under_way(open_target(), service).pause())
