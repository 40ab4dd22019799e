"""What the three kinds of import share: the disk, the file that is written, the list that is printed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import click

from bambe.cli.target import FILE
from bambe.cli.trouble import Trouble
from bambe.importing import Imported, Note, buildspec, text
from bambe.project import BadProject, load, parse

TITLES = {
    "left": "Not carried",
    "changed": "Carried in another form",
    "guessed": "Not said by the source, so made up",
    "missing": "Missing beside bambe.yml",
    "review": "Worth a look",
}
LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Disk:
    """The files below a folder; what is not UTF-8 or very large is not there."""

    root: Path

    def read(self, path: str) -> str | None:
        file = self.root / path
        try:
            return file.read_text() if file.stat().st_size <= LARGEST else None
        except (OSError, UnicodeDecodeError, ValueError):
            return None

    def below(self, folder: str) -> list[str]:
        found = []
        for where, _, names in os.walk(self.root / folder):
            found += [(Path(where) / name).relative_to(self.root).as_posix() for name in names]
        return sorted(found)


def files_of(root: Path) -> Disk:
    """The files of a source."""
    return Disk(root.resolve())


def root_of(root: Path, file: Path) -> str:
    """`file` from `root`."""
    return os.path.relpath(file.resolve(), root)


@dataclass(frozen=True, slots=True)
class Writing:
    """What to write and how; `root` is where paths in bambe.yml begin, and where it goes by default."""

    root: Path
    output: str
    force: bool
    buildspecs: bool
    as_json: bool

    @property
    def file(self) -> Path | None:
        """None is standard output."""
        if self.output == "-":
            return None
        return Path(self.output) if self.output else self.root / FILE


def written(wish: Writing, imported: Imported, source: str) -> None:
    """Write bambe.yml (and buildspecs), and say what it does not have."""
    made = text(imported, source)
    parse(made, FILE)
    file = wish.file
    if file is not None and file.exists() and not wish.force:
        raise Trouble(f"{file} is there: --force writes over it, --output writes another file.")
    if file is not None:
        file.write_text(made)
    specs = _write_buildspecs(wish, imported) if wish.buildspecs else []
    notes = (*imported.notes, *_missing(wish, imported))
    if wish.as_json:
        click.echo(json.dumps(_as_json(wish, imported, notes, specs, made), indent=2))
        return
    if file is None:
        click.echo(made, nl=False)
    said = _list(notes)
    ready = _ready(file, notes)
    click.echo("\n".join([*said, ready] if said else [ready]), err=file is None)


def _write_buildspecs(wish: Writing, imported: Imported) -> list[str]:
    """One for each service that has none; the folders are made where needed."""
    made = []
    for name, build in imported.builds.items():
        path = f"{imported.data['services'][name]['path']}/buildspec.yml"
        file = wish.root / path
        if file.exists():
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(buildspec(build))
        made.append(path)
    return made


def _missing(wish: Writing, imported: Imported) -> list[Note]:
    notes = []
    for name, said in imported.data["services"].items():
        build = imported.builds[name]
        for file, advice in (
            ("Dockerfile", f"write `FROM {build.base}`" if build.base else f"as {build.dockerfile} is"),
            ("buildspec.yml", "--buildspecs writes it"),
        ):
            path = f"{said['path']}/{file}"
            if not (wish.root / path).is_file():
                notes.append(Note("missing", path, 0, "", "is not there, and Bambe needs it", advice, name))
        for folder in said.get("also", ()):
            if not (wish.root / folder).exists():
                notes.append(Note("missing", folder, 0, "", "is not there", "correct `also`", name))
    return notes


def _as_json(
    wish: Writing, imported: Imported, notes: tuple[Note, ...], specs: list[str], made: str
) -> dict[str, object]:
    where = {"text": made} if wish.file is None else {"file": str(wish.file)}
    return {
        **where,
        "services": list(imported.data["services"]),
        "buildspecs": specs,
        "notes": [note.as_json() for note in notes],
    }


def _list(notes: tuple[Note, ...]) -> list[str]:
    lines = []
    for kind, title in TITLES.items():
        of_kind = [note for note in notes if note.kind == kind]
        if of_kind:
            lines += [f"{title}:", *(_line(note) for note in of_kind), ""]
    return lines


def _line(note: Note) -> str:
    advice = f" ({note.advice})" if note.advice else ""
    return f"  {note.place}: {note.says}{advice}"


def _ready(file: Path | None, notes: tuple[Note, ...]) -> str:
    where = f"{file} is written" if file else "bambe.yml is above"
    if any(note.kind == "missing" for note in notes):
        return f"{where}; `bambe up` works once nothing is missing beside it."
    if file is not None:
        try:
            load(file)
        except BadProject as problem:
            return f"{where}, but {problem}"
    return f"{where}: look it over, commit it, and run `bambe up`."
