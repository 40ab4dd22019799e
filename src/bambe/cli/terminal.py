"""What commands print on: a person's terminal, or a pipe, in which a row is a line."""

from __future__ import annotations

from rich.console import Console

ONE_LINE = 10_000
"""Columns where there is no terminal: nothing is that long, so nothing is wrapped."""


def console(quiet: bool = False) -> Console:
    """A console that wraps at the terminal's width, and nowhere without a terminal."""
    made = Console(highlight=False, quiet=quiet)
    if not made.is_terminal:
        made.width = ONE_LINE
    return made
