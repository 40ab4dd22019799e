"""`bambe set-weight SERVICE PERCENT`: the new version's share of the traffic, by hand."""

from __future__ import annotations

import click

from bambe.cli.steering import under_way
from bambe.cli.target import open_target


@click.command("set-weight")
@click.argument("service")
@click.argument("percent", type=click.IntRange(0, 100))
def command(service: str, percent: int) -> None:
    """Give the new version PERCENT of the traffic until the release's next step."""
    click.echo(under_way(open_target(), service).weigh(percent))
