"""Programs that outlive us are found by who they are, never by a number alone."""

from __future__ import annotations

import os
import signal
import time
from itertools import count
from pathlib import Path

import pytest

from bambe.kernel.detached import LOG_LIMIT, Detached
from bambe.kernel.errors import Unavailable

numbers = count(61)


def sleeper(state: Path, seconds: str = "") -> Detached:
    """A program of that many seconds; without them of a number that nothing else has."""
    seconds = seconds or f"{next(numbers)}.{os.getpid()}"
    return Detached(["/bin/sleep", seconds], seconds, state / "sleep.pid", state / "sleep.log")


def loaded(pid: int) -> int:
    """The process once it has its command line, which takes a while after exec."""
    end = time.monotonic() + 20
    while not Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < end
        time.sleep(0.01)
    return pid


async def test_it_is_started_once_and_ended(tmp_path: Path) -> None:
    seconds = f"60.{os.getpid()}"
    program = sleeper(tmp_path, seconds)
    pid = program.start()
    assert (program.start(), sleeper(tmp_path, seconds).find(), os.getsid(pid)) == (pid, pid, pid)
    await program.end()
    assert program.find() is None
    await program.end()


async def test_it_is_found_without_its_file(tmp_path: Path) -> None:
    program = sleeper(tmp_path)
    pid = loaded(program.start())
    (tmp_path / "sleep.pid").unlink()
    assert program.find() == pid
    await program.end()


@pytest.mark.parametrize("started", [1, 0])
async def test_somebody_elses_process_is_not_ours(tmp_path: Path, started: int) -> None:
    (tmp_path / "sleep.pid").write_text(f"{os.getpid()} {started}\n")
    program = sleeper(tmp_path)
    assert program.find() is None
    await program.end()


async def test_one_without_a_command_line_yet_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between exec and the end of loading, which a cold disk makes long, /proc shows an empty one."""
    program = sleeper(tmp_path)
    pid = program.start()
    with monkeypatch.context() as patched:
        patched.setattr("bambe.kernel.detached._command", lambda _: [])
        assert program.find() == pid
    await program.end()


async def test_one_that_will_not_go_is_killed(tmp_path: Path) -> None:
    script = f"trap '' TERM; while :; do sleep 0.1; done # {tmp_path}"
    program = Detached(["/bin/sh", "-c", script], script, tmp_path / "p", tmp_path / "l")
    pid = program.start()
    await program.end(patience=0.3)
    assert program.find() is None
    assert not Path(f"/proc/{pid}").exists()


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="/no/such"):
        Detached(["/no/such"], "x", tmp_path / "p", tmp_path / "l").start()


def inode(pid: int, descriptor: str) -> int | None:
    try:
        return os.stat(f"/proc/{pid}/fd/{descriptor}").st_ino
    except OSError:
        return None


async def test_it_inherits_nothing_of_ours(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.set_inheritable(write, True)
    program = sleeper(tmp_path)
    pid = program.start()
    held = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in "012"}
    assert held == {os.devnull, str(tmp_path / "sleep.log")}
    # Others come and go while it loads its libraries.
    assert os.fstat(write).st_ino not in {inode(pid, fd) for fd in os.listdir(f"/proc/{pid}/fd")}
    os.close(read)
    os.close(write)
    await program.end()


async def test_a_log_stays_bounded(tmp_path: Path) -> None:
    program = sleeper(tmp_path)
    program.trim_log()
    (tmp_path / "sleep.log").write_bytes(b"x" * (LOG_LIMIT + 10))
    program.trim_log()
    assert (tmp_path / "sleep.log").stat().st_size == 0
    assert (tmp_path / "sleep.old.log").stat().st_size == LOG_LIMIT // 4


def test_a_dead_child_of_ours_is_not_running(tmp_path: Path) -> None:
    program = sleeper(tmp_path)
    pid = program.start()
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert program.find() is None
