"""`bambe stop SERVICE`: end a release and leave everything as it is."""

from __future__ import annotations

import click

from bambe.cli.native import native_release
from bambe.cli.steering import under_way
from bambe.cli.target import open_target


@click.command("stop")
@click.argument("service")
def command(service: str) -> None:
    """End a release under way without going back: traffic and versions stay as they are."""
    target = open_target()
    found = native_release(target, service) if target.is_by_ecs(service) else under_way(target, service)
    click.echo(found.stop())
