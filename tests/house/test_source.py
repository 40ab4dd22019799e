"""The source itself: who imports whom, and that every module says what it is for."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import bambe

ROOT = Path(bambe.__file__).parent
REPOSITORY = ROOT.parent.parent
FORBIDDEN_NAMES = re.compile(r"(^|_)(helpers?|utils?|managers?|misc)(_|$)")


SENTENCE = re.compile(r"\w.*[.:;!?)`]$", re.DOTALL)


def opening(module: Path) -> str:
    """The first paragraph of a module's docstring."""
    return (ast.get_docstring(ast.parse(module.read_text())) or "").split("\n\n")[0].strip()


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def test_rooms_import_as_agreed() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_begins_with_a_sentence() -> None:
    public = [m for m in modules() if not m.name.startswith("_") or m.name == "__init__.py"]
    assert [str(m.relative_to(ROOT)) for m in public if not SENTENCE.search(opening(m))] == []


def test_no_module_is_named_after_nothing() -> None:
    assert [str(m.relative_to(ROOT)) for m in modules() if FORBIDDEN_NAMES.search(m.stem)] == []
