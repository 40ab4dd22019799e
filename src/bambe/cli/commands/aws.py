"""`bambe aws ...`: the stock AWS CLI against the platform."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from bambe.cli.place import Local, default_state
from bambe.cli.trouble import Trouble


@click.command("aws", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Run the stock AWS CLI against the platform: bambe aws ecs list-clusters"""
    program = stock_aws()
    os.execve(program, [program, *arguments], {**os.environ, **Local(default_state()).environment()})


def stock_aws() -> str:
    """The AWS CLI installed beside Bambe, else the one on the PATH."""
    beside = Path(sys.executable).parent / "aws"
    found = str(beside) if beside.exists() else shutil.which("aws")
    if found is None:
        raise Trouble("the AWS CLI is not installed: pip install awscli.")
    return found
