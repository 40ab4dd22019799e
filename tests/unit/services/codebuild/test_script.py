"""The generated script, run for real by both shells: what persists, what fails, what still runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bambe.services.codebuild import script
from bambe.services.codebuild.buildspec import parse
from bambe.services.codebuild.model import PhaseType, Status

SHELLS = ["bash", "/bin/sh"]


class Ran:
    """What a build printed, reported and left behind."""

    def __init__(self, buildspec: str, where: Path) -> None:
        for name in ("src", "run"):
            (where / name).mkdir(parents=True)
        text = script.render(parse(buildspec)).replace(script.OUTPUT, str(where))
        path = where / "run" / "build.sh"
        path.write_text(text)
        path.chmod(0o755)
        done = subprocess.run([path], capture_output=True, text=True, timeout=20)
        self.printed = done.stdout + done.stderr
        self.code = done.returncode
        self.report = script.read_report((where / "run" / "phases.jsonl").read_text())
        exported = where / "run" / "exported"
        self.exported = script.read_exported(exported.read_bytes()) if exported.exists() else {}

    @property
    def states(self) -> dict[str, str]:
        return {record.type.value: str(record.status) for record in self.report.phases}

    def message(self, phase: PhaseType) -> str:
        (found,) = [record.message for record in self.report.phases if record.type is phase]
        return found


def spec(shell: str, phases: str, more: str = "") -> str:
    return f"version: 0.2\nenv:\n  shell: {shell}\n{more}phases:\n{phases}"


@pytest.mark.parametrize("shell", SHELLS)
def test_one_shell_for_all_commands(shell: str, tmp_path: Path) -> None:
    phases = """\
  pre_build:
    commands:
      - mkdir -p deep && cd deep
      - TAG=abc
      - export SEEN="it's \\"quoted\\""
      - greet() { echo "hello $1"; }
  build:
    commands:
      - basename "$PWD"
      - echo "tag $TAG"
      - greet you
      - |
        for n in 1 2; do
          echo "line $n"
        done
"""
    ran = Ran(spec(shell, phases, "  exported-variables: [TAG, SEEN, NOT_SET]\n"), tmp_path)
    for expected in ("deep\n", "tag abc\n", "hello you\n", "line 2\n", "Running command echo"):
        assert expected in ran.printed
    assert ran.code == 0
    assert ran.report.status is Status.SUCCEEDED
    assert set(ran.states.values()) == {"SUCCEEDED"}
    assert list(ran.states) == ["INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"]
    assert ran.exported == {"TAG": "abc", "SEEN": 'it\'s "quoted"'}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("failing", ["false", "exit 1", "sh -c 'exit 1'", "set -e; false; echo not reached"])
def test_failed_build_still_runs_post_build(shell: str, failing: str, tmp_path: Path) -> None:
    phases = f"""\
  pre_build:
    commands: ["export KEPT=yes", "mkdir sub; cd sub"]
  build:
    commands: ["{failing}", "echo never"]
    finally: ["echo at last"]
  post_build:
    commands: ["echo succeeding=$CODEBUILD_BUILD_SUCCEEDING kept=$KEPT in $(basename $PWD)"]
"""
    ran = Ran(spec(shell, phases), tmp_path)
    assert "\nnever\n" not in ran.printed
    assert "\nnot reached" not in ran.printed
    assert "\nat last\n" in ran.printed
    assert "succeeding=0 kept=yes in sub\n" in ran.printed
    assert ran.code == 1
    assert ran.report.status is Status.FAILED
    assert ran.states["BUILD"] == "FAILED"
    assert ran.states["POST_BUILD"] == "SUCCEEDED"
    wanted = f"Error while executing command: {failing}. Reason: exit status 1"
    assert ran.message(PhaseType.BUILD) == wanted


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("failing", ["false", "exit 3", "if then"])
def test_failed_pre_build_ends_it(shell: str, failing: str, tmp_path: Path) -> None:
    phases = f"""\
  pre_build:
    commands: ["{failing}"]
    finally: ["echo at last"]
  build: {{commands: ["echo never"]}}
  post_build: {{commands: ["echo never"]}}
"""
    ran = Ran(spec(shell, phases), tmp_path)
    assert "\nnever\n" not in ran.printed
    assert "\nat last\n" in ran.printed
    assert list(ran.states) == ["INSTALL", "PRE_BUILD"]
    assert ran.report.status is Status.FAILED


@pytest.mark.parametrize("shell", SHELLS)
def test_exit_0_goes_on(shell: str, tmp_path: Path) -> None:
    phases = "  build: {commands: ['exit 0', 'echo next']}\n"
    ran = Ran(spec(shell, phases), tmp_path)
    assert "\nnext\n" in ran.printed
    assert ran.report.status is Status.SUCCEEDED


@pytest.mark.parametrize("shell", SHELLS)
def test_on_failure(shell: str, tmp_path: Path) -> None:
    going = "  install: {on-failure: CONTINUE, commands: ['false']}\n  build: {commands: ['echo on']}\n"
    ran = Ran(spec(shell, going), tmp_path / "1")
    assert "\non\n" in ran.printed
    assert ran.states["INSTALL"] == "FAILED"
    assert ran.report.status is Status.SUCCEEDED
    ending = "  build: {on-failure: ABORT, commands: ['exit 2']}\n  post_build: {commands: ['echo never']}\n"
    ran = Ran(spec(shell, ending), tmp_path / "2")
    assert "\nnever\n" not in ran.printed
    assert ran.report.status is Status.FAILED


@pytest.mark.parametrize("shell", SHELLS)
def test_failed_finally_fails_the_phase(shell: str, tmp_path: Path) -> None:
    phases = "  build: {commands: ['true'], finally: ['exit 4', 'echo never']}\n"
    ran = Ran(spec(shell, phases), tmp_path)
    assert ran.states["BUILD"] == "FAILED"
    assert "\nnever\n" not in ran.printed


def test_a_line_still_being_written_does_not_count() -> None:
    assert script.read_report('{"at": "1.5", "phase": "INSTALL", "ev') == script.Report()
