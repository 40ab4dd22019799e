"""Writes the generated pages: docs/services.md from the code, docs/cli.md from the commands' own help,
docs/aws-rights.md from the templates.

`python -m scripts.docs` writes them, `python -m scripts.docs --check` fails when they are out of date.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from bambe.cli import main as cli
from bambe.services import discover
from scripts import rights

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs"
SERVICES = ROOT / "src" / "bambe" / "services"


def services() -> str:
    """One line and one section per service."""
    found = discover()
    lines = [
        "# Services",
        "",
        "Written by `make docs` from the code. An operation that is not listed answers 501 with its name.",
        "",
        "| service | what it is | operations | CloudFormation types |",
        "|---|---|---|---|",
    ]
    for name, service in sorted(found.items()):
        types = ", ".join(f"`{one.name}`" for one in service.resources) or "–"
        what, count = title(service.folder), len(service.operations)
        lines.append(f"| [`{name}`](#{name}) | {what} | {count} | {types} |")
    for name, service in sorted(found.items()):
        operations = ", ".join(f"`{one}`" for one in sorted(map(pascal, service.operations)))
        page = f"../src/bambe/services/{service.folder}/README.md"
        lines += ["", f"## {name}", "", f"[{title(service.folder)}]({page}): {operations}.", ""]
        lines += [differences(service.folder)]
    return "\n".join(lines) + "\n"


def title(folder: str) -> str:
    """A service's AWS name, from the first line of its README."""
    return (SERVICES / folder / "README.md").read_text().splitlines()[0].removeprefix("# ")


def differences(folder: str) -> str:
    """The README's section on what differs from AWS."""
    text = (SERVICES / folder / "README.md").read_text()
    hit = re.search(r"^## What differs from AWS\n+(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return "Differs from AWS:\n\n" + (hit[1].strip() if hit else "nowhere we know of.")


def pascal(operation: str) -> str:
    """create_service -> CreateService, as near as a name without its model can be."""
    return "".join(part.capitalize() for part in operation.split("_"))


def commands() -> str:
    """Every command's help."""
    context = click.Context(cli.bambe, info_name="bambe")
    lines = ["# Commands", "", "Written by `make docs` from the commands' own help.", ""]
    for name in cli.bambe.list_commands(context):
        command = cli.bambe.get_command(context, name)
        if command is None:
            continue
        inner = click.Context(command, info_name=f"bambe {name}", terminal_width=100, max_content_width=100)
        lines += [f"## bambe {name}", "", "```", command.get_help(inner), "```", ""]
    return "\n".join(lines)


def main() -> None:
    """Write the pages, or with --check say which are out of date."""
    pages = {
        PAGES / "services.md": services(),
        PAGES / "cli.md": commands(),
        PAGES / "aws-rights.md": rights.page(),
    }
    stale = [path.name for path, text in pages.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        sys.exit(f"out of date, run `make docs`: {', '.join(stale)}" if stale else 0)
    for path, text in pages.items():
        path.write_text(text)


if __name__ == "__main__":
    main()
