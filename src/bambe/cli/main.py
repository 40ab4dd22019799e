"""`bambe`: one command per module of `cli/commands`, found by its name."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Any

import click

from bambe import __version__
from bambe.cli import commands
from bambe.cli.environment import hinted, with_environment
from bambe.cli.trouble import sentence
from bambe.kernel.errors import BambeError

HERE_ONLY = ("daemon", "demo", "doctor", "import")
"""Commands that are about this machine, and the one that asks where itself."""


class Verbs(click.Group):
    """Loads a command's module when it is used, so that `bambe env` stays quick."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(_verb(module.name) for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        modules = (module.name for module in pkgutil.iter_modules(commands.__path__))
        named = next(module for module in modules if _verb(module) == name)
        module = importlib.import_module(f"{commands.__name__}.{named}")
        command: click.Command = module.command
        return command if name in HERE_ONLY else with_environment(command)

    def resolve_command(self, context: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(context, args)
        except click.UsageError:
            raise click.UsageError(f"bambe has no command {args[0]!r}; `bambe --help` lists them.") from None


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bambe")
def bambe() -> None:
    """Push a commit; get a safe blue/green release."""


def main() -> None:
    """The console script: errors become one sentence on stderr and exit status 1 (usage: 2)."""
    try:
        bambe(prog_name="bambe", standalone_mode=False)
    except click.ClickException as error:
        print(f"bambe: {error.format_message()}", file=sys.stderr)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        print("bambe: interrupted", file=sys.stderr)
        sys.exit(130)
    except BambeError as error:
        print(f"bambe: {hinted(str(error))}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        said = sentence(error)
        if said is None:
            raise
        print(f"bambe: {hinted(said)}", file=sys.stderr)
        sys.exit(1)


def _verb(module: str) -> str:
    """The verb of a module; one that is a word of Python's has an underscore after it."""
    return module.rstrip("_").replace("_", "-")


if __name__ == "__main__":
    main()
