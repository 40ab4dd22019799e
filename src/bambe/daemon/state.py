"""The state directory: one daemon at a time, its identity, and where it answers.

<state>/
  instance       a short id that labels every container, network and process of this installation
  lock           held while a daemon runs
  daemon.json    pid, endpoint, instance, region of the daemon that runs or ran last
  credentials    the root access key, mode 0600
  bambe.db       the store
  ca/ envoy/ dns/ registry/ git/ builds/   what the engines and services keep
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import IO, Any

from bambe.kernel.errors import BambeError
from bambe.kernel.ids import hex_id


class AlreadyRunning(BambeError):
    """Another daemon holds this state directory."""


class StateDirectory:
    """`path` and the lock on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None

    def open(self) -> None:
        """Make the directory and hold it; `AlreadyRunning` when another daemon does."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = (self.path / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise AlreadyRunning(f"a daemon already runs on {self.path}: stop it first.") from None

    def close(self) -> None:
        """Let go of the directory."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @property
    def instance(self) -> str:
        """The installation's id, made at first start."""
        file = self.path / "instance"
        if not file.exists():
            self._write(file, hex_id(8))
        return file.read_text().strip()

    def announce(self, **said: Any) -> None:
        """Say in daemon.json where the daemon answers."""
        self._write(self.path / "daemon.json", json.dumps({"pid": os.getpid(), **said}, indent=1))

    def _write(self, file: Path, text: str) -> None:
        fresh = file.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(file)
