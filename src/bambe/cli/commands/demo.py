"""`bambe demo`: the whole release path on this machine, counted."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import click

from bambe.cli.demo.story import Story
from bambe.cli.demo.summary import show, verdict
from bambe.cli.place import DEFAULT_PORT, default_state
from bambe.cli.progress import Progress
from bambe.kernel.clock import monotonic


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave the platform running at the end.")
@click.option("--scale", default=60.0, show_default=True, help="Waits pass this many times faster.")
@click.option(
    "--home", type=click.Path(path_type=Path), help="Where the demo lives (default: beside the state)."
)
def command(keep: bool, scale: float, home: Path | None) -> None:
    """Bring up the shop, release a change, break it, see it found out; count every request."""
    start = monotonic()
    progress = Progress()
    place = (home or default_state().with_name("bambe-demo")).resolve()
    story = Story(place, _free_port(), scale, progress)
    try:
        told = story.run()
    except BaseException:
        if not keep:
            story.end()
        raise
    show(told, progress.console, scale)
    wrong = verdict(told)
    if keep:
        _say_where(story, progress)
    else:
        story.end()
    for sentence in wrong:
        progress.console.print(f"[red]✗[/] {sentence}")
    if not wrong:
        seconds = monotonic() - start
        progress.console.print(f"[green]✓[/] everything held; {seconds:.0f} s in all")
    sys.exit(1 if wrong else 0)


def _say_where(story: Story, progress: Progress) -> None:
    console = progress.console
    console.print("\n[bold]Still running[/]")
    console.print(
        f"  the shop     {story.target.url()}/  (curl --cacert {story.place.state}/ca/ca.pem)", soft_wrap=True
    )
    console.print(
        f"  repository   {story.home}/shop  (edit, commit, git push bambe HEAD:main)", soft_wrap=True
    )
    console.print(
        f"  commands     export BAMBE_STATE={story.place.state}; cd {story.home}/shop; bambe status",
        soft_wrap=True,
    )
    console.print("  end it       bambe down")


def _free_port() -> int:
    for port in (DEFAULT_PORT, 0):
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                door.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(door.getsockname()[1])
    return DEFAULT_PORT
