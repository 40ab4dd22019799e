"""Starts steady traffic in a process of its own, and reads what became of every request."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.servers import environment

PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One request or message; seconds since the epoch. `why` is "" where all went well."""

    kind: str
    sent: float
    done: float
    version: str
    why: str


@dataclass
class Traffic:
    """What was sent, once the traffic has ended."""

    answers: list[Answer] = field(default_factory=list)

    @property
    def failed(self) -> list[Answer]:
        return [one for one in self.answers if one.why]


@contextlib.contextmanager
def traffic(url: str, authority: Path, rates: Mapping[str, float], folder: Path) -> Iterator[Traffic]:
    """Traffic while the block runs; its answers are there afterwards."""
    out, found = folder / "traffic.jsonl", Traffic()
    words = ",".join(f"{name}={rate:g}" for name, rate in rates.items())
    command = [sys.executable, "-m", "benchmarks.steady", url, str(authority), str(out), "--rates", words]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        env=environment(),
        cwd=Path(__file__).parents[1],
        start_new_session=True,
    )
    try:
        _begun(process, out)
        yield found
    finally:
        assert process.stdin is not None
        process.stdin.close()  # it ends what is in flight, then itself
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with contextlib.suppress(FileNotFoundError):
            found.answers += read(out)


def read(out: Path) -> list[Answer]:
    """The answers so far; a line half written is left for later."""
    lines = out.read_text().rpartition("\n")[0].splitlines()
    return [Answer(**json.loads(line)) for line in lines]


def _begun(process: subprocess.Popen[bytes], out: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not (out.exists() and out.stat().st_size):
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError("the traffic does not begin")
        time.sleep(0.05)
