"""`bambe daemon`: the platform in the foreground, durable or as a test double."""

from __future__ import annotations

import os
import sys

import click


@click.command("daemon", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Run the platform in the foreground (bambe daemon --help lists the options)."""
    os.execv(sys.executable, [sys.executable, "-m", "bambe.daemon", *arguments])
