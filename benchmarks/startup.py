"""Seconds from exec to the first signed answer, and idle memory, beside the limits and the peers.

python -m benchmarks.startup [--rounds 7]
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.platform import Bambe, wait_for

from bambe.cli.place import Local
from benchmarks.memory import mebibytes, with_children
from benchmarks.report import CannotRun, Result, Row, options, tell
from benchmarks.servers import PEERS, Peer, ask, environment, free_port, installed, started, version
from benchmarks.servers import apart as peer_process
from benchmarks.shop import SCALE, brought_up
from benchmarks.signing import WHO_AM_I, signed

TITLE = "Start-up and idle memory"
QUESTION = """\
How long after exec does the daemon answer its first request (STS GetCallerIdentity, signed beforehand),
and how much memory does it hold ten seconds after `bambe up` of the shop? At most 0.5 s and 100 MiB. The
daemon starts with the shop's state and running tasks; a test double (`--ephemeral --any-credentials`) and
the peers start empty. All take turns, their files in the page cache, their bytecode compiled; medians."""

ROUNDS = 7
LIMIT_SECONDS = 0.5
LIMIT_MEMORY = 100.0
IDLE = 10.0
STEP = 0.002
DURABLE, EPHEMERAL = "the daemon", "a test double"


@dataclass(frozen=True)
class Start:
    """A server to start again and again on one port, and the request it is to answer."""

    command: Sequence[str]
    variables: Mapping[str, str]
    port: int
    request: bytes
    place: Local | None = None


def measured(rounds: int = ROUNDS) -> Result:
    """Start-up and memory, of one and the same installation."""
    with brought_up() as bambe:
        memory, about = _memory(bambe)
        bambe.place.stop()
        times, missing = _start_in_turn(_starts(bambe), rounds)
    rows = []
    for name in (DURABLE, EPHEMERAL):
        middle = statistics.median(times[name])
        rows.append(Row(f"first answer of {name}", middle, "limit", LIMIT_SECONDS, "s", at_most=1))
        peers = [peer.name for peer in PEERS if peer.name in times]
        rows += [Row(f"first answer of {name}", middle, p, statistics.median(times[p]), "s") for p in peers]
    ends = [f"{name} {min(found):.2f} to {max(found):.2f} s" for name, found in times.items()]
    notes = [f"{rounds} starts each: {', '.join(ends)}.", about, *(f"{why}." for why in missing)]
    return Result((*rows, *memory), " ".join(notes))


def _starts(bambe: Bambe) -> dict[str, Start]:
    state, port, own = str(bambe.state), str(bambe.port), free_port()
    daemon = [sys.executable, "-m", "bambe.daemon", "--scale", str(SCALE), "--port"]
    double = [sys.executable, "-m", "bambe.daemon", "--ephemeral", "--any-credentials", "--port"]
    key = bambe.place.keys()
    starts = {
        DURABLE: Start(
            [*daemon, port, "--state", state],
            environment(),
            bambe.port,
            signed(WHO_AM_I, bambe.port, key),
            bambe.place,
        ),
        EPHEMERAL: Start([*double, str(own)], environment(), own, signed(WHO_AM_I, own)),
    }
    return starts | {peer.name: _peer_start(peer) for peer in PEERS if _is_there(peer)}


def _is_there(peer: Peer) -> bool:
    with contextlib.suppress(CannotRun):
        return installed(peer).exists()
    return False


def _peer_start(peer: Peer) -> Start:
    port = free_port()
    variables = {**environment(), "DOCKER_HOST": "unix:///nonexistent", **peer.environment(port)}
    return Start(peer.command(installed(peer), port), variables, port, signed(WHO_AM_I, port))


def _start_in_turn(starts: Mapping[str, Start], rounds: int) -> tuple[dict[str, list[float]], list[str]]:
    """Seconds of every start; the first, which warms the caches, does not count."""
    times: dict[str, list[float]] = {name: [] for name in starts}
    for _ in range(rounds + 1):
        for name, start in starts.items():
            times[name].append(_seconds(start))
    missing = [f"{peer.name} is not installed" for peer in PEERS if peer.name not in starts]
    return {name: found[1:] for name, found in times.items()}, missing


def _seconds(start: Start) -> float:
    began = time.perf_counter()
    with started(start.command, start.variables) as process:
        _until_answered(process, start.port, start.request)
        took = time.perf_counter() - began
        if start.place is not None:  # the next start finds the platform as a person would leave it
            wait_for(lambda: start.place and (start.place.health() or {}).get("ready"), "the engines are up")
    return took


def _until_answered(process: subprocess.Popen[bytes], port: int, request: bytes) -> None:
    deadline = time.monotonic() + 60
    while not ask(port, request):
        if process.poll() is not None or time.monotonic() > deadline:
            raise CannotRun(f"{process.args!r} does not answer (status {process.returncode})")
        time.sleep(STEP)


def _memory(bambe: Bambe) -> tuple[list[Row], str]:
    """The daemon's memory beside the limit and the peers' after one answer; what else of ours runs."""
    with contextlib.ExitStack() as stack:
        peers = {}
        for peer in filter(_is_there, PEERS):
            port = free_port()
            command = peer.command(installed(peer), port)
            process = stack.enter_context(peer_process(command, peer.environment(port)))
            _until_answered(process, port, signed(WHO_AM_I, port))
            peers[peer.name] = process.pid
        time.sleep(IDLE)
        own = mebibytes(bambe.pid)
        title = "idle memory of the daemon, resident"
        rows = [Row(title, own, "limit", LIMIT_MEMORY, "MiB", at_most=1)]
        rows += [Row(title, own, name, with_children(pid), "MiB") for name, pid in peers.items()]
    others = [f"{name} {mebibytes(_pid(bambe.state, name)):.0f} MiB" for name in ("envoy", "dns")]
    private = mebibytes(bambe.pid, "Anonymous")
    about = ", ".join(version(peer) for peer in PEERS if peer.name in peers)
    return rows, (
        f"Of the daemon's memory {private:.0f} MiB are of no file. Its children: {' and '.join(others)}. "
        f"Peers: {about or 'none'}."
    )


def _pid(state: Path, name: str) -> int:
    return int(next(state.rglob(f"{name}.pid")).read_text().split()[0])


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    return tell(measured(parser.parse_args().rounds))


if __name__ == "__main__":
    sys.exit(main())
