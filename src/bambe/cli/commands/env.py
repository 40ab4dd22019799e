"""`eval $(bambe env)`: point AWS clients of this shell at the platform."""

from __future__ import annotations

import json
import shlex

import click

from bambe.cli.environment import chosen
from bambe.cli.place import Local, default_state
from bambe.cli.target import open_target


@click.command("env")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> None:
    """Print the variables that point AWS clients here: eval $(bambe env)"""
    place = open_target().place if chosen() else Local(default_state())
    environment = place.environment()
    if as_json:
        click.echo(json.dumps(environment, indent=2))
        return
    for name, value in environment.items():
        click.echo(f"export {name}={shlex.quote(value)}")
