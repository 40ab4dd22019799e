"""`bambe eject` at the terminal: what is written where, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from bambe.cli.commands.eject import command
from bambe.cli.main import bambe
from bambe.cli.trouble import Trouble
from bambe.project import parse
from bambe.synth.ejected import ejected

FILE = """\
project: shop
source: {repository: "https://github.com/acme/shop"}
environments:
  live: {account: "111111111111", region: us-east-1, change: {services: {jobs: {release: rolling}}}}
services:
  jobs: {path: jobs, port: 8080, route: "/jobs*"}
  web: {path: web, port: 8080, route: default}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, in whose folder the terminal is; there is no platform, and no credentials."""
    for path in ("jobs/Dockerfile", "jobs/buildspec.yml", "web/Dockerfile", "web/buildspec.yml"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("")
    (tmp_path / "bambe.yml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str, **variables: str) -> str:
    return CliRunner().invoke(command, list(words), env=variables, catch_exceptions=False).output


def refused(words: Sequence[str], says: str) -> None:
    with pytest.raises(Trouble, match=says):
        run(*words)


def content(folder: Path) -> dict[str, str]:
    return {one.relative_to(folder).as_posix(): one.read_text() for one in folder.rglob("*") if one.is_file()}


def test_the_command_is_found_by_its_name() -> None:
    shown = CliRunner().invoke(bambe, ["eject", "--help"])
    assert shown.exit_code == 0
    assert shown.output.count("--on") == 1


def test_the_files_are_written_beside_bambe_yml(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "web")
    assert "ejected is written" in run()
    assert content(root / "ejected") == ejected(parse(FILE))
    runs = {one.name: os.access(one, os.X_OK) for one in (root / "ejected").glob("*.sh")}
    assert runs == {"deploy.sh": True, "down.sh": True, "lib.sh": False, "release.sh": True}


def test_a_second_time_changes_nothing(root: Path) -> None:
    run("--into", "aws")
    before = {one: one.stat().st_mtime_ns for one in (root / "aws").rglob("*")}
    assert "aws is as it was" in run("--into", "aws")
    assert {one: one.stat().st_mtime_ns for one in (root / "aws").rglob("*")} == before


@pytest.mark.parametrize("by", ["option", "variable"])
def test_an_environment_is_written_as_it_is(root: Path, by: str) -> None:
    run("--on", "live") if by == "option" else run(BAMBE_ON="live")
    files = content(root / "ejected")
    assert files == ejected(parse(FILE, environment="live"), "111111111111")
    assert "us-east-1" in files["lib.sh"]
    assert "appspecs/jobs.json" not in files


def test_other_content_is_left_alone_unless_forced(root: Path) -> None:
    run()
    (root / "ejected/notes.txt").write_text("mine")
    (root / "ejected/deploy.sh").write_text("mine")
    refused([], r"has other content \(deploy.sh, notes.txt\)")
    assert (root / "ejected/deploy.sh").read_text() == "mine"
    run("--force", "--on", "live")
    wanted = ejected(parse(FILE, environment="live"), "111111111111")
    assert content(root / "ejected") == {**wanted, "notes.txt": "mine"}


def test_what_aws_would_refuse_is_said_and_nothing_is_written(root: Path) -> None:
    (root / "bambe.yml").write_text(FILE.replace("source:", "# source:"))
    refused([], "`source` is missing")
    assert not (root / "ejected").exists()


def test_a_folder_that_was_another_one_loses_only_what_is_written_over(root: Path) -> None:
    mine = {"templates/page.json": "{}", "README.md": "mine", "deploy.sh": "mine"}
    for path, text in mine.items():
        (root / "other" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "other" / path).write_text(text)
    run("--into", "other", "--force")
    assert content(root / "other") == {"templates/page.json": "{}", **ejected(parse(FILE))}
