"""`bambe events`: the project's Kafka topics, who reads them and how far, and the events themselves."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime

import click
from rich.table import Table

from bambe.cli.cluster import cluster_of
from bambe.cli.events import Event, Lag, Reader, TopicLook
from bambe.cli.target import open_target
from bambe.cli.terminal import console
from bambe.cli.trouble import Trouble
from bambe.kernel.clock import SystemClock


@click.group("events")
def command() -> None:
    """Look at the project's events: topics, consumers and their lag, the events themselves."""


@command.command("topics")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def topics(as_json: bool) -> None:
    """List the topics, with who writes and who reads them.

    Events are those that a reader gets. Of a topic with many, "≤" tells how many offsets there are: also the
    ends of transactions have one, and what compaction has taken away.
    """
    found = _reader().topics()
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], indent=2))
        return
    _print(_topics(found) if found else "The cluster has no topics.")


@command.command("lag")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def lag(as_json: bool) -> None:
    """Show how far each consumer group is behind, by topic and by the version that reads."""
    found = _reader().lag()
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], indent=2))
        return
    _print(_lags(found) if found else "Nobody has read any topic yet.")


@command.command("tail")
@click.argument("topic")
@click.option("--from-beginning", is_flag=True, help="Begin with the oldest event that is kept.")
@click.option("-n", "number", type=click.IntRange(min=1), help="End after so many events.")
@click.option("--no-follow", is_flag=True, help="End at the newest event.")
@click.option("--json", "as_json", is_flag=True, help="Print each event as one line of JSON.")
def tail(topic: str, from_beginning: bool, number: int | None, no_follow: bool, as_json: bool) -> None:
    """Print the events of TOPIC as they come, until Ctrl-C."""
    reader = _reader()
    try:
        for count, event in enumerate(reader.tail(topic, from_beginning, not no_follow), 1):
            click.echo(json.dumps(event.as_json()) if as_json else line(event, SystemClock().now()))
            if count == number:
                return
    except KeyboardInterrupt:
        return


@command.command("produce")
@click.argument("topic")
@click.argument("value", required=False)
@click.option("--key", default="", help="The event's key.")
def produce(topic: str, value: str | None, key: str) -> None:
    """Write VALUE to TOPIC; without VALUE, every line of standard input."""
    given = [os.fsencode(value)] if value is not None else sys.stdin.buffer
    lines = [line.rstrip(b"\n") for line in given]
    if not lines:
        raise Trouble("there is nothing to write: give a VALUE, or lines on standard input.")
    where = _reader().produce(topic, key, lines)
    click.echo(f"{topic}: {len(lines)} written, the last one at {where}.")


def _reader() -> Reader:
    target = open_target()
    return Reader(target, cluster_of(target))


def _print(shown: Table | str) -> None:
    console().print(shown)


def _topics(found: list[TopicLook]) -> Table:
    made = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("topic", "partitions", "copies", "kept", "events", "written by", "read by"):
        is_number = name in ("partitions", "copies", "events")
        made.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for one in found:
        events = f"{one.events:,}" if one.exact else f"≤ {one.events:,}"
        numbers = (f"{one.partitions}", f"{one.replication}", one.kept, events)
        made.add_row(one.topic, *numbers, ", ".join(one.producers), ", ".join(one.consumers))
    return made


def _lags(found: list[Lag]) -> Table:
    made = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("group", "topic", "read by", "partitions", "behind"):
        made.add_column(name, justify="right" if name in ("partitions", "behind") else "left")
    for one in found:
        style = "yellow" if one.behind else ""
        made.add_row(
            one.group, one.topic, one.version or "[dim]nobody[/]", f"{one.partitions}", f"{one.behind:,}",
            style=style,
        )  # fmt: skip
    return made


def line(event: Event, now: datetime) -> str:
    """An event for a person, whose time has a date where that is not today's."""
    at = event.at.astimezone()
    day = "" if at.date() == now.astimezone().date() else f"{at:%Y-%m-%d} "
    key = f" {event.key}" if event.key else ""
    return day + f"{at:%H:%M:%S.%f}"[:12] + f" {event.partition}:{event.offset}{key}  {event.value}"
