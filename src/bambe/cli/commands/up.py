"""`bambe up`: make everything true that bambe.yml says; nothing changed, nothing done."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from bambe.cli.account import Account
from bambe.cli.bringing_up import BringingUp, Changes
from bambe.cli.environment import chosen, hinted
from bambe.cli.expiry import expiring
from bambe.cli.grounds import ground_of
from bambe.cli.numbers import counted
from bambe.cli.place import DEFAULT_PORT, Local, default_state
from bambe.cli.progress import Progress
from bambe.cli.repository import Repository
from bambe.cli.target import FILE, Target, find_root, open_target
from bambe.kernel.clock import monotonic
from bambe.project import EXAMPLE, Project, load


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
@click.option(
    "--yes", is_flag=True, help="Also delete what bambe.yml has no more; on AWS, replace and interrupt."
)
@click.option(
    "--build-here", is_flag=True, help="On AWS: build first images with Docker here, and push them."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object of what changed.")
@click.option("--example", is_flag=True, help="Only print a bambe.yml with every key, annotated.")
def command(
    scale: float | None,
    port: int | None,
    lose_events: bool,
    yes: bool,
    build_here: bool,
    as_json: bool,
    example: bool,
) -> None:
    """Make true what bambe.yml says: here, starting the platform if need be, or on AWS.

    \b
    A small bambe.yml, at the top of a git repository:
      project: shop
      services:
        orders: {path: services/orders, port: 8080, route: default}

    The folder of each service has a Dockerfile and a buildspec.yml. `bambe up --example` prints a bambe.yml
    with every key there is; `bambe plan` shows what an `up` would do.
    """
    if example:
        click.echo(EXAMPLE.read_text(), nl=False)
        return
    progress, start = Progress(quiet=as_json), monotonic()
    if chosen():
        if scale or port:
            raise click.UsageError("--scale and --port are of this machine's platform: leave them out.")
        target, changes = up_there(progress, build_here, lose_events, yes)
    else:
        if build_here:
            raise click.UsageError("--build-here goes with --on: here every image is built on this machine.")
        place = Local(default_state())
        target, changes = up(progress, place, scale=scale, port=port, may_lose=lose_events, yes=yes)
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
    yes: bool = False,
) -> tuple[Target, Changes]:
    """Check the project, start the platform, bring everything up."""
    root = root or find_root()
    project = load(root / FILE).here()
    tell_of_files(progress, root, project)
    with progress.step("start the platform"):
        place.start(region=project.region, scale=scale, port=port, say=progress.say)
    target = Target(root, project, place)
    return target, BringingUp(target, progress.say).run(progress.step, may_lose, yes)


def up_there(
    progress: Progress, build_here: bool = False, may_lose: bool = False, yes: bool = False
) -> tuple[Target, Changes]:
    """Check the project and the account that was chosen, and bring everything up there."""
    target = open_target()
    tell_of_files(progress, target.root, target.project)
    work = BringingUp(target, progress.say, ground_of(target, build_here))
    return target, work.run(progress.step, may_lose, yes)


def tell_of_files(progress: Progress, root: Path, project: Project) -> None:
    """Tell of what ends soon, and of what is not committed; Trouble without a commit."""
    for said in expiring(project):
        progress.say(said)
    repository = Repository(root)
    repository.check()
    changed = repository.uncommitted()
    if FILE in changed:
        progress.say(f"{FILE} is not committed: this goes by the file, builds by the last commit")
    if others := [one for one in changed if one != FILE]:
        progress.say(f"not committed, so not part of this: {', '.join(others[:5])}")


def say_what_changed(progress: Progress, target: Target, changes: Changes, seconds: float) -> None:
    """The closing lines of `up`."""
    console = progress.console
    for service in changes.later:
        again = hinted("`bambe up`")
        console.print(f"\n{service} waits for its release to end: run {again} again then.", markup=False)
    if not changes.any and not changes.later:
        console.print(f"\nNothing changed: everything is as {FILE} says ({seconds:.1f} s).")
    elif changes.any:
        parts = [counted(len(changes.stacks), "stack"), f"{counted(len(changes.built), 'image')} built"]
        parts += [f"{counted(len(changes.released), 'service')} released"] if changes.released else []
        console.print(f"\n{target.project.project} is up ({', '.join(parts)}; {seconds:.1f} s).")
    for name, line in closing_there(target) if isinstance(target.place, Account) else closing_here(target):
        console.print(f"  {name:<9} {line}", markup=False, soft_wrap=True)


def closing_here(target: Target) -> list[tuple[str, str]]:
    """What to do next on this machine."""
    said = [("look", f"curl --cacert {target.here.state}/ca/ca.pem {target.url()}/")]
    if (scale := target.scale) != 1:
        said.append(("scale", f"{scale:g}: waits pass so many times faster, until `bambe down`"))
    said += [("status", "bambe status"), ("release", "git push bambe, or bambe deploy SERVICE")]
    return [*said, ("any AWS client:", "eval $(bambe env)")]


def closing_there(target: Target) -> list[tuple[str, str]]:
    """What to do next in an account."""
    on, balancer = f"--on {target.place.name}", target.balancer()  # type: ignore[union-attr]
    said = []
    if balancer is not None:
        name = target.project.certificate_name
        said = [
            ("look", f"https://{name}/, once its DNS record is there: {name} CNAME {balancer['DNSName']}")
        ]
    release = f"push to {target.project.branch}, or bambe deploy SERVICE {on}"
    return [*said, ("status", f"bambe status {on}"), ("release", release), ("plan", f"bambe plan {on}")]
