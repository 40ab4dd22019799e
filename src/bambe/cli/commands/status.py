"""`bambe status`: what runs, which version gets how much traffic, and what happens next."""

from __future__ import annotations

import json

import click
from rich.table import Table

from bambe.cli.look import Look
from bambe.cli.ringing import ringing
from bambe.cli.target import open_target
from bambe.cli.terminal import console


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> None:
    """Show what runs, its versions, traffic and releases."""
    target = open_target()
    looks = target.looker().services()
    rings = ringing(target.client("cloudwatch"), target.project)
    if as_json:
        data = {
            "project": target.project.project,
            "url": target.url(),
            "services": [x.as_json() for x in looks],
            "alarms": rings,
        }
        click.echo(json.dumps(data, indent=2))
        return
    out = console()
    out.print(f"[bold]{target.project.project}[/]  {target.url()}\n")
    out.print(table(looks))
    for look in looks:
        for line, style in lines(look):
            out.print(f"  {look.service}: {line}", style=style, markup=False, soft_wrap=True)
    for name, why in rings.items():
        out.print(f"  alarm {name}: {why}", style="red", markup=False, soft_wrap=True)


def lines(look: Look) -> list[tuple[str, str]]:
    """What is to be said of a service beside its versions, each with a style."""
    found = [(note, "bold") for note in look.notes]
    found += [(why, "red") for why in look.hindrances]
    found += [(f"{one} waits for its turn", "dim") for one in look.queued]
    found += [(look.ended, "")] if look.ended else []
    found += [(look.build, "")] if look.build else []
    quiet = look.steady or look.release or look.hindrances
    return found if quiet or not look.event else [*found, (look.event, "dim")]


def table(looks: list[Look]) -> Table:
    """One line per version."""
    made = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("service", "version", "role", "tasks", "traffic", "release"):
        made.add_column(name, justify="right" if name in ("tasks", "traffic") else "left")
    for look in looks:
        for number, version in enumerate(look.versions):
            first = number == 0
            release = f"{look.release} {look.release_says}" if look.release else "steady"
            made.add_row(
                look.service if first else "", version.tag, version.role.lower(),
                f"{version.running}/{version.desired}", share(version.weight), release if first else "",
            )  # fmt: skip
    return made


def share(weight: float | None) -> str:
    """Percent of the traffic."""
    return "" if weight is None else f"{weight:.0f} %"
