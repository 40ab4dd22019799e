"""`bambe watch [SERVICE]`: releases under way, live."""

from __future__ import annotations

import time

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bambe.cli.target import Target, open_target
from bambe.cli.terminal import console
from bambe.cli.watching import Scene, scene
from bambe.kernel.clock import SystemClock

PACE = 0.5


@click.command("watch")
@click.argument("service", required=False)
def command(service: str | None) -> None:
    """Show releases under way as they go: phase, weights, health, errors and what happens next.

    With SERVICE it ends when that service's release has ended; without, it goes on until Ctrl-C.
    """
    target = open_target()
    if service is not None:
        target.is_by_ecs(service)  # says so when there is no such service
    out = console()
    show = _live if out.is_terminal else _lines
    try:
        show(target, service, out)
    except KeyboardInterrupt:
        return


def _scenes(target: Target, service: str | None) -> list[Scene]:
    scale = float((target.place.health() or {}).get("scale", 1))
    names = [service] if service else list(target.project.services)
    now = SystemClock().now()
    found = [scene(target, name, scale, now) for name in names if not target.project.is_rolling(name)]
    return [one for one in found if one is not None]


def _live(target: Target, service: str | None, out: Console) -> None:
    with Live(console=out, auto_refresh=False) as live:
        while True:
            scenes = _scenes(target, service)
            live.update(view(scenes, service), refresh=True)
            if service is not None and not scenes:
                return
            time.sleep(PACE)  # noqa: TID251 - the pace of a person's terminal


def _lines(target: Target, service: str | None, out: Console) -> None:
    """Where there is no terminal: a line whenever something has changed."""
    said: dict[str, str] = {}
    while True:
        scenes = _scenes(target, service)
        for one in scenes:
            line = sentence(one)
            if said.get(one.deployment) != line:
                said[one.deployment] = line
                out.print(line, markup=False, soft_wrap=True)
        if service is not None and not scenes:
            out.print(f"{service}: no release under way")
            return
        time.sleep(PACE)  # noqa: TID251 - the pace of a person's terminal


def sentence(shown: Scene) -> str:
    """A release in one line."""
    shares = ", ".join(f"{side.name} {side.weight:.0f} %" for side in shown.sides)
    verdict = shown.verdict.partition(":")[0]
    judged = f"; {verdict}" if verdict else ""
    return f"{shown.service}: {shown.deployment} {shown.says} ({shares}{judged})"


def view(scenes: list[Scene], service: str | None) -> Group:
    """All releases under way."""
    if not scenes:
        whose = f"{service} has" if service else "There is"
        return Group(Text(f"{whose} no release under way.", style="dim"))
    return Group(*(part for one in scenes for part in _view(one)))


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _view(shown: Scene) -> list[Text | Table]:
    made = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("", "version", "traffic", "", "tasks", "healthy", "requests", "5xx", "dropped"):
        made.add_column(name, justify="left" if name in ("", "version") else "right")
    for side in shown.sides:
        bar = "█" * round(side.weight / 5)
        bad = "red" if side.errors or side.dropped else ""
        made.add_row(
            side.name,
            side.version,
            f"{side.weight:.0f} %",
            Text(f"{bar:<20}", style="blue" if side.name == "old" else "green"),
            f"{side.running}/{side.desired}",
            f"{side.healthy}/{side.targets}",
            _count(side.requests),
            Text(_count(side.errors), style=bad),
            Text(_count(side.dropped), style=bad),
        )
    parts: list[Text | Table] = [
        Text.assemble((shown.service, "bold"), f"  {shown.deployment}  {shown.says}"),
        made,
        Text(f"next: {shown.next}"),
    ]
    if shown.verdict:
        parts.append(Text(f"judged {shown.verdict}", style="red" if shown.verdict[:5] == "worse" else "dim"))
    if shown.queued:
        parts.append(Text(f"queued: {', '.join(shown.queued)}", style="dim"))
    return [*parts, Text("")]
