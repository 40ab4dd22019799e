"""`bambe up`: make everything true that bambe.yml says; nothing changed, nothing done."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path

import click

from bambe.cli.bringing_up import BringingUp, Changes
from bambe.cli.images import ensure_base_images
from bambe.cli.place import DEFAULT_PORT, Local, default_state
from bambe.cli.progress import Progress
from bambe.cli.repository import Repository
from bambe.cli.target import FILE, Target, find_root
from bambe.kernel.clock import monotonic
from bambe.project import load


@click.command("up")
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    help="A rehearsal: waits pass this many times faster.  [default: 1, or as it last ran]",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help=f"The API's port.  [default: {DEFAULT_PORT}, or as it last ran]",
)
@click.option("--lose-events", is_flag=True, help="Also make changes of topics after which events are gone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object of what changed.")
def command(scale: float | None, port: int | None, lose_events: bool, as_json: bool) -> None:
    """Start the platform if need be and make true what bambe.yml says."""
    progress = Progress(quiet=as_json)
    start = monotonic()
    place = Local(default_state())
    target, changes = up(progress, place, scale=scale, port=port, may_lose=lose_events)
    if as_json:
        click.echo(json.dumps({**asdict(changes), "url": target.url()}, indent=2))
        return
    say_what_changed(progress, target, changes, monotonic() - start)


def up(
    progress: Progress,
    place: Local,
    *,
    scale: float | None = None,
    port: int | None = None,
    root: Path | None = None,
    may_lose: bool = False,
) -> tuple[Target, Changes]:
    """Check the project, start the platform, bring everything up."""
    root = root or find_root()
    project = load(root / FILE).here()
    repository = Repository(root)
    repository.check()
    if changed := repository.uncommitted():
        progress.say(f"not committed, so not part of this: {', '.join(changed[:5])}")
    with progress.step("start the platform"):
        place.start(region=project.region, scale=scale, port=port, say=progress.say)
    target = Target(root, project, place)
    with progress.step("base images"):
        folders = [root / service.path for service in project.services.values()]
        asyncio.run(ensure_base_images(folders, progress.say))
    work = BringingUp(target, progress.say)
    with progress.step("push the repository"):
        work.push()
    with progress.step("what the services share"):
        work.shared()
    if project.events is not None:
        with progress.step("events"):
            work.events(may_lose)
    with progress.step("builders"):
        work.builders()
    with progress.step("images"):
        work.first_builds()
    with progress.step("services"):
        work.services()
        work.changed_services()
    return target, work.changes


def say_what_changed(progress: Progress, target: Target, changes: Changes, seconds: float) -> None:
    """The closing lines of `up`."""
    console = progress.console
    if not changes.any:
        console.print(f"\nNothing changed: everything is as {FILE} says ({seconds:.1f} s).")
    else:
        parts = [f"{len(changes.stacks)} stacks", f"{len(changes.built)} images built"]
        parts += [f"{len(changes.released)} services released"] if changes.released else []
        console.print(f"\n{target.project.project} is up ({', '.join(parts)}; {seconds:.1f} s).")
    console.print(f"  look      curl --cacert {target.place.state}/ca/ca.pem {target.url()}/", soft_wrap=True)
    console.print("  status    bambe status")
    console.print("  release   git push bambe, or bambe deploy SERVICE")
    console.print("  any AWS client: eval $(bambe env)")
