"""`bambe aws ...`: the stock AWS CLI against the platform."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from bambe.cli.environment import chosen
from bambe.cli.place import Local, default_state
from bambe.cli.target import open_target
from bambe.cli.trouble import Trouble

VERSION_2_ONLY = {("logs", "tail")}


@click.command("aws", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Run the stock AWS CLI against the platform: bambe aws ecs list-clusters"""
    place = open_target().place if chosen() else Local(default_state())
    found = {**os.environ, **place.environment()}
    program = stock_aws(arguments)
    # Versions before 2.13 do not read AWS_ENDPOINT_URL.
    endpoint = ["--endpoint-url", place.endpoint] if isinstance(place, Local) else []
    os.execve(program, [program, *endpoint, *arguments], found)


def stock_aws(arguments: Sequence[str] = ()) -> str:
    """The AWS CLI installed beside Bambe (version 1, which PyPI has), else the one on the PATH.

    What only version 2 can do is left to a version 2 on the PATH.
    """
    beside = Path(sys.executable).parent / "aws"
    if tuple(arguments[:2]) in VERSION_2_ONLY:
        return version_two(beside.parent)
    found = str(beside) if beside.exists() else shutil.which("aws")
    if found is None:
        raise Trouble("the AWS CLI is not installed: pip install awscli.")
    return found


def version_two(besides: Path) -> str:
    """The first AWS CLI of version 2 on the PATH, the folder `besides` left out."""
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        program = shutil.which("aws", path=folder)
        if folder != str(besides) and program is not None and _is_version_two(program):
            return program
    raise Trouble(
        "only the AWS CLI of version 2 has this command, and it is not on the PATH: install it"
        " (https://aws.amazon.com/cli/), or use `bambe logs SERVICE --follow`."
    )


def _is_version_two(program: str) -> bool:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return (said.stdout + said.stderr).startswith("aws-cli/2")
