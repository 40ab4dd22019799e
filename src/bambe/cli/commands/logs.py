"""`bambe logs SERVICE`: what its tasks, or its builds, print."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import click

from bambe.cli.target import Target, open_target
from bambe.cli.trouble import Trouble


@click.command("logs")
@click.argument("service")
@click.option("--build", "of_build", is_flag=True, help="The builds' output instead of the tasks'.")
@click.option("--follow", "-f", is_flag=True, help="Go on as more comes.")
@click.option("--lines", "-n", default=100, show_default=True, help="How many of the last lines.")
def command(service: str, of_build: bool, follow: bool, lines: int) -> None:
    """Print the last lines of a service's tasks or builds."""
    target = open_target()
    for line in tail(target, target.log_group(service, of_build), lines, follow):
        click.echo(line)


def tail(target: Target, group: str, lines: int, follow: bool) -> Iterator[str]:
    """The last `lines` events of a log group, then what comes if `follow`."""
    logs = target.client("logs")
    events = _events(logs, group, 0)[-lines:]
    seen = {event["eventId"] for event in events}
    yield from map(_line, events)
    since = events[-1]["timestamp"] if events else 0
    while follow:
        time.sleep(0.5)  # noqa: TID251 - the pace at which a person's terminal asks
        fresh = [event for event in _events(logs, group, since) if event["eventId"] not in seen]
        seen.update(event["eventId"] for event in fresh)
        yield from map(_line, fresh)
        since = fresh[-1]["timestamp"] if fresh else since


def _events(logs: Any, group: str, since: int) -> list[dict[str, Any]]:
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, **({"startTime": since} if since else {})
    )
    try:
        return [event for page in pages for event in page["events"]]
    except logs.exceptions.ResourceNotFoundException:
        raise Trouble(f"there is no log group {group} (any more): `bambe up` makes it.") from None


def _line(event: dict[str, Any]) -> str:
    who = event["logStreamName"].rsplit("/", 1)[-1][:8]
    return f"{who}  {event['message'].rstrip()}"
