"""What is killed in the middle of a release, when, and how it comes back; all drawn from a seed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.platform import Bambe, wait_for

from benchmarks.door import Door

DAEMON, PARENT, ENVOY, ENGINE = "daemon", "Envoy's parent", "Envoy", "Docker connections"
GOOD, CRASHES, STOPPED = "good", "crashes", "stopped"
KINDS = (GOOD, GOOD, CRASHES, STOPPED)
AWAY = 1.0
"""Nobody starts a daemon again sooner than he can; at most so many seconds pass."""


@dataclass(frozen=True, slots=True)
class Kill:
    """One release: of which kind, what dies in it, at which part of its usual time; the daemon is then
    away for `away` seconds."""

    kind: str
    victim: str
    part: float
    away: float


def drawn(releases: int, seed: int) -> list[Kill]:
    """Of ten releases, six lose the daemon, two Docker, one Envoy and the next Envoy's parent.

    Envoy's parent is the daemon that started it. One that was started again only finds Envoy, so the parent
    dies right after a release in which Envoy did: then it is the running daemon.
    """
    dice = random.Random(seed)
    turns: list[tuple[str, ...]] = []
    for _ in range(0, releases, 10):
        ten: list[tuple[str, ...]] = [(DAEMON,)] * 6 + [(ENGINE,)] * 2 + [(ENVOY, PARENT)]
        dice.shuffle(ten)
        turns += ten
    victims = [victim for turn in turns for victim in turn][:releases]
    return [Kill(dice.choice(KINDS), victim, dice.random(), dice.uniform(0, AWAY)) for victim in victims]


def strike(kill: Kill, bambe: Bambe, door: Door) -> float:
    """Kill, and have a person start the daemon again where it has died; when it happened."""
    at = time.time()
    if kill.victim == ENGINE:
        door.drop()
    elif kill.victim == ENVOY:
        os.kill(envoy(bambe), signal.SIGKILL)
    else:
        _kill_daemon(bambe, _parent(envoy(bambe)) if kill.victim == PARENT else bambe.pid, kill.away)
    return at


def _kill_daemon(bambe: Bambe, pid: int, away: float) -> None:
    if pid != bambe.pid:
        raise AssertionError(f"Envoy's parent is {pid}, not the daemon {bambe.pid}")
    with bambe.dead():
        time.sleep(away)


def envoy(bambe: Bambe) -> int:
    """Envoy's pid, once it runs."""
    file = bambe.state / "envoy" / "envoy.pid"

    def running() -> int:
        pid = int(file.read_text().split()[0])
        return pid if _command(pid) else 0

    return int(wait_for(_quietly(running), "Envoy runs", 20))


def _quietly(ask: Callable[[], int]) -> Callable[[], int]:
    def asked() -> int:
        try:
            return ask()
        except (OSError, ValueError, IndexError):
            return 0

    return asked


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _parent(pid: int) -> int:
    """proc(5), stat, field 4."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
