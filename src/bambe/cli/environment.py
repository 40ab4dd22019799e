"""`--on ENVIRONMENT`: which of the project's environments a command speaks to."""

from __future__ import annotations

import os
import re
from typing import Any

import click

from bambe.project.environments import HERE

CHOSEN = "bambe.environment"
VARIABLE = "BAMBE_ON"
HINT = re.compile(r"`bambe ([^`]+)`")


def chosen() -> str:
    """The environment of the command under way: its `--on`, else $BAMBE_ON, else this machine."""
    context = click.get_current_context(silent=True)
    said = context.meta.get(CHOSEN) if context else None
    return str(said if said is not None else os.environ.get(VARIABLE, HERE))


def hinted(text: str) -> str:
    """A text whose commands of Bambe's (in backquotes) name the environment that was chosen."""
    name = chosen()
    if not name:
        return text
    return HINT.sub(lambda hit: hit[0] if "--on" in hit[1] else f"`bambe {hit[1]} --on {name}`", text)


def with_environment(command: click.Command) -> click.Command:
    """`command`, and those below it, with the option `--on`."""
    if isinstance(command, click.Group):
        for below in command.commands.values():
            with_environment(below)
        return command
    if not any(one.name == "on" for one in command.params):
        command.params.append(
            click.Option(
                ["--on"],
                metavar="ENVIRONMENT",
                expose_value=False,
                callback=_remember,
                help="An environment of bambe.yml, or aws.  [default: $BAMBE_ON, or this machine]",
            )
        )
    return command


def _remember(context: click.Context, _: click.Parameter, value: Any) -> None:
    if value is not None:
        context.meta[CHOSEN] = value
        os.environ[VARIABLE] = value  # also for errors, which are told after the context's end
