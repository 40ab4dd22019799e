"""A program that outlives us: started once, found again, ended only when asked.

Its pid file holds "<pid> <start time>"; a process counts as ours only when both agree with /proc and its
command line still names `marker`, so that a pid given to somebody else is never signalled. Should we
have died between starting it and writing the file, it is found by its exact command line.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bambe.kernel.clock import SystemClock, monotonic
from bambe.kernel.errors import Unavailable

LOG_LIMIT = 4 << 20


class Detached:
    """One program in a session of its own, without pipes to us; its output goes to `log`.

    `marker` is an argument no other process has, such as a path in the state directory.
    """

    def __init__(self, argv: Sequence[str], marker: str, pid_file: Path, log: Path) -> None:
        self._argv = list(argv)
        self._marker = marker
        self._pid_file = pid_file
        self._log = log
        self._clock = SystemClock()

    def find(self) -> int | None:
        """The pid of the running program, or None."""
        with suppress(OSError, ValueError):
            pid, started = map(int, self._pid_file.read_text().split())
            if _started(pid) == started and self._is_named(_command(pid)):
                return pid
        return next((pid for pid in _pids() if _command(pid) == self._argv and self._adopt(pid)), None)

    def token(self) -> str:
        """Names the running process, and no other one ever; "" when none runs."""
        pid = self.find()
        return f"{pid}-{_started(pid)}" if pid else ""

    def start(self) -> int:
        """The pid of the running program, started when there is none."""
        return self.find() or self._spawn()

    async def end(self, patience: float = 5.0) -> None:
        """SIGTERM, at most `patience` seconds, SIGKILL; returns when it is gone."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            pid = self.find()
            if pid is None:
                break
            with suppress(ProcessLookupError):
                os.kill(pid, sign)
            await self._gone(pid, patience)
        self._pid_file.unlink(missing_ok=True)

    def trim_log(self) -> None:
        """Keep the log bounded: past the limit it starts anew, its last part kept beside it."""
        with suppress(FileNotFoundError):
            size = self._log.stat().st_size
            if size > LOG_LIMIT:
                with self._log.open("rb") as log:
                    log.seek(size - LOG_LIMIT // 4)
                    self._log.with_suffix(".old.log").write_bytes(log.read())
                os.truncate(self._log, 0)

    def _is_named(self, command: Sequence[str]) -> bool:
        # Read from a cold disk, a program has no command line for the first moments after exec.
        return not command or self._marker in command

    def _spawn(self) -> int:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(self._log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            *((os.POSIX_SPAWN_CLOSE, descriptor) for descriptor in _inheritable()),
        ]
        # Python ignores SIGPIPE, and what is ignored is inherited.
        defaults = (signal.SIGPIPE, signal.SIGINT, signal.SIGHUP)
        try:
            pid = os.posix_spawn(
                self._argv[0], self._argv, os.environ, file_actions=actions, setsid=True, setsigdef=defaults
            )
        except OSError as error:
            raise Unavailable(f"{self._argv[0]} does not start: {error}") from error
        self._adopt(pid)
        with suppress(OSError, ValueError):
            _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))
        return pid

    def _adopt(self, pid: int) -> bool:
        started = _started(pid)
        if started is None:
            return False
        temporary = self._pid_file.with_suffix(".new")
        temporary.write_text(f"{pid} {started}\n")
        temporary.replace(self._pid_file)
        return True

    async def _gone(self, pid: int, patience: float) -> None:
        started = _started(pid)
        until = monotonic() + patience
        while started is not None and _started(pid) == started and monotonic() < until:
            await self._clock.sleep(0.01)


def _started(pid: int) -> int | None:
    """The start time of a live process, in ticks since boot (proc(5), field 22), or None."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    if fields[0] in "ZX":
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        return None
    return int(fields[19])


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def _inheritable() -> list[int]:
    """What we were given ourselves (a shell's pipes, make's job server): its reader waits for the end."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            if int(name) > 2 and os.get_inheritable(int(name)):
                found.append(int(name))
    return found


def _pids() -> list[int]:
    """The processes of this user."""
    mine = os.getuid()
    return [int(e.name) for e in os.scandir("/proc") if e.name.isdigit() and _owner(e) == mine]


def _owner(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_uid
    except OSError:
        return -1
