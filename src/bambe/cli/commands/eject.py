"""`bambe eject`: the project's stacks and releases as files for the plain AWS CLI."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from bambe.cli.environment import VARIABLE
from bambe.cli.expiry import expiring
from bambe.cli.target import FILE, find_root
from bambe.cli.trouble import Trouble
from bambe.project import load
from bambe.project.environments import AWS
from bambe.synth.ejected import FOLDERS, ejected, hindrances

INTO = "ejected"
SOURCED = "lib.sh"


@click.command("eject")
@click.option(
    "--on",
    metavar="ENVIRONMENT",
    envvar=VARIABLE,
    default=AWS,
    help="An environment of bambe.yml.  [default: $BAMBE_ON, or aws]",
)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"The folder to write.  [default: {INTO}, beside bambe.yml]",
)
@click.option("--force", is_flag=True, help="Write although the folder has other content.")
def command(on: str, into: Path | None, force: bool) -> None:
    """Write templates, task definitions, AppSpecs and scripts that need the AWS CLI alone, and no Bambe."""
    root = find_root()
    project = load(root / FILE, on)
    for said in expiring(project):
        click.echo(said, err=True)
    if problems := hindrances(project):
        raise Trouble("; ".join(problems) + ".")
    there = project.environments.get(on)
    folder, files = into or root / INTO, ejected(project, there.account if there else "")
    click.echo(f"{folder} {write(folder, files, force)}: README.md there says how to go on.")


def write(folder: Path, files: Mapping[str, str], force: bool) -> str:
    """Make the folder have these files, and say what that was; Trouble where it has other content, unless
    `force`. Then a person's own files stay, and those of services that are no more go."""
    found = {one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()}
    other = sorted(one for one in found if one not in files or _read(folder / one) != files[one])
    if other and not force:
        raise Trouble(
            f"{folder} has other content ({', '.join(other[:3])}): --into names another folder,"
            " --force writes over it."
        )
    if not other and found == set(files):
        return "is as it was"
    for one in other if SOURCED in found else ():
        if one not in files and one.partition("/")[0] in FOLDERS and one.endswith(".json"):
            (folder / one).unlink()
    for path, text in files.items():
        _write(folder / path, text)
    return f"is written ({len(files)} files)"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    if file.suffix == ".sh" and file.name != SOURCED:
        file.chmod(0o755)


def _read(file: Path) -> str | None:
    """None for what is no text."""
    try:
        return file.read_text()
    except UnicodeDecodeError:
        return None
