"""Which AWS CLI `bambe aws` runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bambe.cli.commands.aws import version_two
from bambe.cli.trouble import Trouble


def cli(folder: Path, version: str) -> Path:
    folder.mkdir()
    program = folder / "aws"
    program.write_text(f"#!/bin/sh\necho aws-cli/{version} Python/3.11\n")
    program.chmod(0o755)
    return program


def test_a_version_two_is_found_behind_a_version_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside, one = cli(tmp_path / "venv", "2.0.0"), cli(tmp_path / "shims", "1.45.11")
    two = cli(tmp_path / "bin", "2.9.19")
    folders = [beside.parent, tmp_path / "nothing", one.parent, two.parent]
    monkeypatch.setenv("PATH", os.pathsep.join(str(folder) for folder in [*folders, Path("/bin")]))
    assert version_two(beside.parent) == str(two)


def test_without_a_version_two_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = cli(tmp_path / "bin", "1.45.11")
    monkeypatch.setenv("PATH", str(one.parent))
    with pytest.raises(Trouble, match="version 2"):
        version_two(tmp_path / "venv")
