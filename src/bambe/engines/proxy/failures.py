"""Requests that got no whole answer from a target, read from the file Envoy writes a line of each to."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from bambe.engines.proxy.naming import EMPTY

FAILED = "failed.log"
LIMIT = 4 << 20

OURS = frozenset({"UF", "UC", "UO", "UH", "UT", "UR", "LR", "URX", "UPE", "NC", "DT", "OM", "SI"})
"""Response flags (Envoy, access logging) that say a target or the way to it failed. Others mean that the
client went away (DC) or asked for what no rule has (NR)."""
UPGRADED = "101"


def dropped(lines: str) -> Counter[str]:
    """Failed requests by cluster; an upgraded connection that ended is none."""
    found: Counter[str] = Counter()
    for line in lines.splitlines():
        cluster, _, rest = line.partition(" ")
        flags, _, status = rest.partition(" ")
        if status != UPGRADED and OURS & set(flags.split(",")):
            found[cluster.removeprefix(EMPTY)] += 1
    return found


class Failures:
    """Counts since the proxy's process began; what was read is kept in a file beside the log."""

    def __init__(self, root: Path) -> None:
        self._log = root / FAILED
        self._kept = root / "failed.json"
        self._read = 0
        self._counts: Counter[str] = Counter()

    def begin(self) -> None:
        """A new process is about to start: its counters begin at 0, and so do these."""
        self._log.unlink(missing_ok=True)
        self._kept.unlink(missing_ok=True)
        self._read, self._counts = 0, Counter()

    def go_on(self) -> None:
        """The process has lived on without us."""
        with suppress(FileNotFoundError, ValueError, KeyError, TypeError):
            kept = json.loads(self._kept.read_text())
            self._read, self._counts = int(kept["read"]), Counter(kept["counts"])

    def count(self) -> Mapping[str, int]:
        """By cluster."""
        with suppress(FileNotFoundError), self._log.open("rb") as log:
            if os.fstat(log.fileno()).st_size < self._read:
                self._read = 0  # we died when it had just been emptied
            log.seek(self._read)
            data = log.read()
            whole = data[: data.rfind(b"\n") + 1]
            if whole:
                self._read += len(whole)
                self._counts += dropped(whole.decode(errors="replace"))
                self._keep()
                self._trim()
        return self._counts

    def _trim(self) -> None:
        # A line written between the two calls is lost to the count: rare enough at a line per failure.
        if self._read > LIMIT and self._log.stat().st_size == self._read:
            os.truncate(self._log, 0)
            self._read = 0
            self._keep()

    def _keep(self) -> None:
        temporary = self._kept.with_suffix(".new")
        temporary.write_text(json.dumps({"read": self._read, "counts": self._counts}))
        temporary.replace(self._kept)
