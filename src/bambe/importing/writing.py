"""An imported bambe.yml as text, with comments where something of the source is not in it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

import yaml

from bambe.importing.account import Note
from bambe.importing.draft import Imported

WIDTH = 108
COMMENTED = ("left", "guessed", "changed")
SAYS = {
    "left": "not carried",
    "guessed": "made up",
    "changed": "changed",
    "missing": "missing",
    "review": "look",
}


class _Dumper(yaml.SafeDumper):
    """Lists are indented below their key, as in the example."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def text(imported: Imported, source: str) -> str:
    """The file: a line on where it comes from, the project, each service below what is said of it."""
    names = set(imported.data["services"])
    head = [note for note in imported.notes if note.service not in names]
    lines = [f"# Made by `bambe import` from {_one_line(source)}.", *_comments(head), ""]
    for key, value in imported.data.items():
        if key != "services":
            lines.append(_yaml({key: value}))
    lines.append("\nservices:")
    for number, (name, said) in enumerate(imported.data["services"].items()):
        lines += [""] if number else []
        notes = [note for note in imported.notes if note.service == name]
        lines += [f"  {line}" for line in _comments(notes, WIDTH - 2)]
        lines.append(textwrap.indent(_yaml({name: said}), "  "))
    return "\n".join(lines) + "\n"


def _comments(notes: Iterable[Note], width: int = WIDTH) -> list[str]:
    lines: list[str] = []
    for note in notes:
        if note.kind in COMMENTED:
            said = _one_line(f"{SAYS[note.kind]}: {note.place}: {note.says}")
            lines += textwrap.wrap(said, width, initial_indent="# ", subsequent_indent="#   ",
                                   break_long_words=False, break_on_hyphens=False)  # fmt: skip
    return lines


def _one_line(said: str) -> str:
    """Without what would end a comment or is no character of YAML."""
    return "".join(letter if letter.isprintable() else " " for letter in said)


def _yaml(data: Any) -> str:
    dumped = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    return dumped.rstrip("\n")
