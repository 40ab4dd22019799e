"""Which names a repository may have, and where it lies."""

from __future__ import annotations

import re
from pathlib import Path

from bambe.kernel.errors import Refused

SUFFIX = ".git"
SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def is_name(name: str) -> bool:
    """Segments of letters, digits, `.`, `_` and `-`; none begins with `.` or `-`, none ends in `.git`."""
    return len(name) <= 250 and all(
        SEGMENT.fullmatch(segment) and not segment.endswith(SUFFIX) for segment in name.split("/")
    )


def place(root: Path, name: str) -> Path:
    """The directory of the bare repository `name`."""
    if not is_name(name):
        raise Refused(f"{name!r} is no name for a repository: use letters, digits, '.', '_' and '-'.")
    return root / f"{name}{SUFFIX}"


def names_below(root: Path) -> list[str]:
    """The names of all repositories."""
    found: list[str] = []
    waiting = [root]
    while waiting:
        directory = waiting.pop()
        for entry in directory.iterdir() if directory.is_dir() else ():
            if entry.name.startswith(".") or not entry.is_dir():
                continue
            if entry.name.endswith(SUFFIX):
                found.append(str(entry.relative_to(root)).removesuffix(SUFFIX))
            else:
                waiting.append(entry)
    return sorted(found)
