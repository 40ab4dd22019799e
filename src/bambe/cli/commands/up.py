"""`bambe up`: make everything true that bambe.yml says; nothing changed, nothing done."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from bambe.cli.bringing_up import BringingUp, Changes
from bambe.cli.expiry import expiring
from bambe.cli.place import DEFAULT_PORT, Local, default_state
from bambe.cli.progress import Progress
from bambe.cli.repository import Repository
from bambe.cli.target import FILE, Target, find_root
from bambe.kernel.clock import monotonic
from bambe.project import EXAMPLE, load


@click.command("up")
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    help="A rehearsal: waits pass this many times faster.  [default: 1, or as before until `bambe down`]",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help=f"The API's port.  [default: {DEFAULT_PORT}, or as before until `bambe down`]",
)
@click.option("--lose-events", is_flag=True, help="Also make changes of topics after which events are gone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object of what changed.")
@click.option("--example", is_flag=True, help="Only print a bambe.yml with every key, annotated.")
def command(scale: float | None, port: int | None, lose_events: bool, as_json: bool, example: bool) -> None:
    """Start the platform if need be and make true what bambe.yml says.

    \b
    A small bambe.yml, at the top of a git repository:
      project: shop
      services:
        orders: {path: services/orders, port: 8080, route: default}

    The folder of each service has a Dockerfile and a buildspec.yml. `bambe up --example` prints a bambe.yml
    with every key there is.
    """
    if example:
        click.echo(EXAMPLE.read_text(), nl=False)
        return
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
    for said in expiring(project):
        progress.say(said)
    repository = Repository(root)
    repository.check()
    changed = repository.uncommitted()
    if FILE in changed:
        progress.say(f"{FILE} is not committed: this goes by the file, what is pushed by the last commit")
    if others := [one for one in changed if one != FILE]:
        progress.say(f"not committed, so not part of this: {', '.join(others[:5])}")
    with progress.step("start the platform"):
        place.start(region=project.region, scale=scale, port=port, say=progress.say)
    target = Target(root, project, place)
    return target, BringingUp(target, progress.say).run(progress.step, may_lose)


def say_what_changed(progress: Progress, target: Target, changes: Changes, seconds: float) -> None:
    """The closing lines of `up`."""
    console = progress.console
    if not changes.any:
        console.print(f"\nNothing changed: everything is as {FILE} says ({seconds:.1f} s).")
    else:
        parts = [f"{len(changes.stacks)} stacks", f"{len(changes.built)} images built"]
        parts += [f"{len(changes.released)} services released"] if changes.released else []
        console.print(f"\n{target.project.project} is up ({', '.join(parts)}; {seconds:.1f} s).")
    console.print(f"  look      curl --cacert {target.here.state}/ca/ca.pem {target.url()}/", soft_wrap=True)
    if (scale := target.scale) != 1:
        console.print(f"  scale     {scale:g}: waits pass so many times faster, until `bambe down`")
    console.print("  status    bambe status")
    console.print("  release   git push bambe, or bambe deploy SERVICE")
    console.print("  any AWS client: eval $(bambe env)")
