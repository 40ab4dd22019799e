"""`bambe set-weight SERVICE PERCENT`: the new version's share of the traffic, by hand."""

from __future__ import annotations

import re

import click

from bambe.cli.steering import under_way
from bambe.cli.target import open_target


@click.command("set-weight", context_settings={"ignore_unknown_options": True})
@click.argument("service")
@click.argument("percent")
def command(service: str, percent: str) -> None:
    """Give the new version PERCENT of the traffic until the release's next step."""
    share = whole_percent(percent)
    click.echo(under_way(open_target(), service).weigh(share))


def whole_percent(text: str) -> int:
    """A share of the traffic as the load balancer takes it."""
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII) or int(text) > 100:
        raise click.UsageError(f"the share is a whole number from 0 to 100, not {text!r}.")
    return int(text)
