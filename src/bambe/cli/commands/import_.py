"""`bambe import`: a bambe.yml from Copilot, Compose files or a running cluster."""

from __future__ import annotations

from pathlib import Path

import click

from bambe.cli.account import of_profile
from bambe.cli.importing import Writing, files_of, root_of, written
from bambe.cli.place import Local, default_state
from bambe.cli.running import Survey
from bambe.cli.trouble import Trouble
from bambe.importing import DEFAULTS, from_cluster, from_compose, from_copilot

OVERRIDES = tuple(name.replace(".y", ".override.y") for name in DEFAULTS)


@click.group("import")
def command() -> None:
    """Make a bambe.yml from what another tool wrote, or from what runs; say what it could not carry."""


def _writes(function: click.decorators.FC) -> click.decorators.FC:
    """The options of all three."""
    options = (
        click.option(
            "--json", "as_json", is_flag=True, help="Print what could not be carried as one JSON object."
        ),
        click.option(
            "--buildspecs", is_flag=True, help="Write a buildspec.yml for each service that has none."
        ),
        click.option("--force", is_flag=True, help="Write over a file that is there."),
        click.option("-o", "--output", default="", help="The file to write; - is standard output."),
    )
    for option in options:
        function = option(function)
    return function


@command.command("copilot")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
@click.option("--env", "environment", default="", help="The environment whose overrides hold.")
@_writes
def copilot(
    folder: Path, environment: str, output: str, force: bool, buildspecs: bool, as_json: bool
) -> None:
    """Import the Copilot application in FOLDER (by default here), which has `copilot/` in it."""
    root = folder.parent if folder.name == "copilot" and (folder / ".workspace").exists() else folder
    imported = from_copilot(files_of(root), environment)
    where = f" for the environment {environment}" if environment else ""
    written(Writing(root, output, force, buildspecs, as_json), imported, f"the Copilot application{where}")


@command.command("compose")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", "profiles", multiple=True, help="Import services of this profile too.")
@_writes
def compose(
    files: tuple[Path, ...],
    profiles: tuple[str, ...],
    output: str,
    force: bool,
    buildspecs: bool,
    as_json: bool,
) -> None:
    """Import Compose FILES, later ones laid on earlier ones. By default the files that Compose takes."""
    chosen = files or _found(Path())
    root = chosen[0].resolve().parent
    names = [root_of(root, one) for one in chosen]
    imported = from_compose(files_of(root), names, root.name, profiles)
    written(Writing(root, output, force, buildspecs, as_json), imported, ", ".join(names))


@command.command("cluster")
@click.argument("cluster")
@click.option(
    "--on",
    "where",
    type=click.Choice(["here", "aws"]),
    default="here",
    help="This machine's platform, or AWS.",
)
@click.option("--profile", default="", help="On AWS: the profile of the AWS CLI to use.")
@click.option("--region", default="", help="The region that the cluster is in.")
@_writes
def cluster(
    cluster: str,
    where: str,
    profile: str,
    region: str,
    output: str,
    force: bool,
    buildspecs: bool,
    as_json: bool,
) -> None:
    """Import a running ECS CLUSTER: its services and what they hang on, read through the AWS API."""
    place = of_profile(profile, region) if where == "aws" else _here()
    chosen = region or place.region
    running = Survey(lambda service: place.client(service, chosen), cluster, chosen).read()
    source = f"the ECS cluster {running.name} in {chosen}"
    written(Writing(Path(), output, force, buildspecs, as_json), from_cluster(running), source)


def _here() -> Local:
    place = Local(default_state())
    if not place.running():
        raise Trouble("the platform does not run: start it with `bambe up`, or import --on aws.")
    return place


def _found(folder: Path) -> tuple[Path, ...]:
    """The files that Compose takes when none is named: the first of its names, and its override."""
    for names in (DEFAULTS, OVERRIDES):
        hits = [folder / name for name in names if (folder / name).is_file()]
        if names is DEFAULTS and not hits:
            raise Trouble(f"there is no {', '.join(DEFAULTS)} here: name the file.")
        if names is DEFAULTS:
            first = hits[0]
        else:
            return (first, *hits[:1])
    return (first,)
