"""`bambe watch [SERVICE]`: releases under way, live."""

from __future__ import annotations

import re
import time

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bambe.cli.look import Look
from bambe.cli.target import Target, open_target
from bambe.cli.terminal import console
from bambe.cli.watching import Scene, scene, waits
from bambe.kernel.clock import SystemClock

PACE = 0.5
COUNTDOWN = re.compile(r" \(in \d+:\d\d\)")


@click.command("watch")
@click.argument("service", required=False)
def command(service: str | None) -> None:
    """Show releases under way as they go: phase, weights, health, errors and what happens next.

    With SERVICE it waits for what is being built or queued, and ends when that service's release has ended;
    without, it goes on until Ctrl-C.
    """
    target = open_target()
    if service is not None:
        target.is_by_ecs(service)  # says so when there is no such service
    out = console()
    show = _live if out.is_terminal else _lines
    try:
        show(Watch(target, service), out)
    except KeyboardInterrupt:
        return


class Watch:
    """What is looked at again and again: one service, or all."""

    def __init__(self, target: Target, service: str | None) -> None:
        self.service = service
        self.scenes: list[Scene] = []
        self.waits: list[str] = []
        self._target = target
        self._scale = target.scale
        self._looks: list[Look] = []
        self._seen: dict[str, str] = {}
        self._is_ending = False  # a release was over a moment after it had been looked at

    def look(self) -> None:
        """See what there is now."""
        looker = self._target.looker()
        self._looks = [looker.service(self.service)] if self.service else looker.services()
        now = SystemClock().now()
        self.scenes, self.waits, self._is_ending = [], [], False
        for look in self._looks:
            shown = scene(self._target, look, self._scale, now)
            if shown is not None:
                self.scenes.append(shown)
                self._seen[look.service] = shown.deployment
                continue
            seen = self._seen.get(look.service, "")
            self._is_ending |= bool(seen) and look.release == seen
            self.waits += [f"{look.service}: {line}" for line in waits(look, seen)]

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to come of the one service."""
        return not (self.service is None or self.scenes or self.waits or self._is_ending)

    @property
    def end(self) -> list[str]:
        """How it ended, in sentences."""
        lines = [look.ended for look in self._looks if look.ended]
        lines += [look.build for look in self._looks if look.build and not look.is_building]
        done = self._seen.get(self.service or "")
        lines = lines or ([f"{done} is done"] if done else [])
        return [f"{self.service}: {line}" for line in (*lines, "no release under way")]


def _live(watch: Watch, out: Console) -> None:
    with Live(console=out, auto_refresh=False) as live:
        while True:
            watch.look()
            live.update(view(watch), refresh=True)
            if watch.is_over:
                return
            time.sleep(PACE)  # noqa: TID251 - the pace of a person's terminal


def _lines(watch: Watch, out: Console) -> None:
    """Where there is no terminal: a line whenever something has changed."""
    said: dict[str, list[str]] = {}
    while True:
        watch.look()
        now = {one.deployment: [sentence(one), *_hindered(one)] for one in watch.scenes}
        now |= {line: [line] for line in watch.waits}
        for name, lines in now.items():
            for line in lines:
                if line not in said.get(name, ()):
                    out.print(line, markup=False, soft_wrap=True)
        said = now
        if watch.is_over:
            for line in watch.end:
                out.print(line, markup=False, soft_wrap=True)
            return
        time.sleep(PACE)  # noqa: TID251 - the pace of a person's terminal


def sentence(shown: Scene) -> str:
    """A release in one line, without what changes all the time."""
    shares = ", ".join(f"{side.name} {side.weight:.0f} %" for side in shown.sides)
    health = "".join(f"; {one.healthy} of {one.targets} {one.name} healthy" for one in shown.sides[-1:])
    verdict = shown.verdict.partition(":")[0]
    judged = f"; {verdict}" if verdict else ""
    following = COUNTDOWN.sub("", shown.next)
    return f"{shown.service}: {shown.deployment} {shown.says} ({shares}{health}{judged}); next: {following}"


def _hindered(shown: Scene) -> list[str]:
    return [f"{shown.service}: {why}" for why in shown.hindrances]


def view(watch: Watch) -> Group:
    """All releases under way, and what is to come."""
    parts = [part for one in watch.scenes for part in _view(one)]
    parts += [Text(line) for line in (watch.end if watch.is_over else watch.waits)]
    return Group(*(parts or [Text("There is no release under way.", style="dim")]))


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
    parts += [Text(why, style="red") for why in shown.hindrances]
    if shown.queued:
        parts.append(Text(f"queued: {', '.join(shown.queued)}", style="dim"))
    return [*parts, Text("")]
