"""The servers Bambe is measured beside, and how a benchmark starts any server and ends it.

Peers are installed from PyPI into virtual environments of their own under BAMBE_BENCH_CACHE (else
~/.cache/bambe-bench).
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import CannotRun


@dataclass(frozen=True)
class Peer:
    """A server to measure: how to install (which version, if that counts) and how to start it."""

    name: str
    requirement: str
    command: Callable[[Path, int], list[str]]
    environment: Callable[[int], dict[str, str]]
    pinned: str = ""

    @property
    def package(self) -> str:
        return self.requirement.partition("[")[0]

    @property
    def wanted(self) -> str:
        """What pip is asked for."""
        return f"{self.requirement}=={self.pinned}" if self.pinned else self.requirement


PEERS = (
    Peer(
        "MiniStack",
        "ministack",
        lambda folder, port: [str(folder / "bin" / "ministack")],
        lambda port: {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "LOG_LEVEL": "WARNING"},
        pinned="1.5.33",
    ),
    Peer(
        "moto",
        "moto[server]",
        lambda folder, port: [str(folder / "bin" / "moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        lambda port: {},
        pinned="5.2.5",
    ),
)


def installed(peer: Peer) -> Path:
    """The peer's virtual environment, made where there is none."""
    cache = Path(os.environ.get("BAMBE_BENCH_CACHE") or Path.home() / ".cache" / "bambe-bench")
    folder = cache / f"{peer.package}{f'-{peer.pinned}' if peer.pinned else ''}"
    if (folder / "installed").exists():
        return folder
    try:
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", peer.wanted]
        subprocess.run(pip, check=True, capture_output=True, timeout=600, env=environment())
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotRun(f"pip cannot install {peer.requirement} ({type(error).__name__})") from error
    (folder / "installed").touch()
    return folder


def version(peer: Peer) -> str:
    """The name and version of an installed peer."""
    found = installed(peer).glob(f"lib/python*/site-packages/{peer.package}-*.dist-info")
    numbers = [one.name.removesuffix(".dist-info").partition("-")[2] for one in found]
    return " ".join([peer.name, *numbers])


def environment() -> dict[str, str]:
    """Ours, without what would lead a server elsewhere or keep Python from caching its bytecode."""
    unwanted = ("AWS_", "BAMBE_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


@contextlib.contextmanager
def started(command: Sequence[str], variables: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process while the block runs."""
    process = subprocess.Popen(
        command, env=dict(variables), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def apart(command: Sequence[str], extra: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that keeps its files to itself and sees no Docker: nothing measured so needs it."""
    with tempfile.TemporaryDirectory() as scratch:
        away = {"DOCKER_HOST": f"unix://{scratch}/none", "TMPDIR": scratch}
        with started(command, {**environment(), **away, **extra}) as process:
            yield process


@contextlib.contextmanager
def running(command: Sequence[str], extra: Mapping[str, str], port: int) -> Iterator[int]:
    """A server apart, once it listens."""
    with apart(command, extra) as process:
        _wait(process, port)
        yield port


@contextlib.contextmanager
def running_peer(peer: Peer) -> Iterator[int]:
    port = free_port()
    with running(peer.command(installed(peer), port), peer.environment(port), port):
        yield port


def free_port() -> int:
    """A port to listen on.

    Not one the kernel gives to clients: who asks such a port before its server listens may be connected
    with himself.
    """
    while True:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", random.randrange(20_000, 32_000)))
            return int(probe.getsockname()[1])


def ask(port: int, request: bytes) -> bool:
    """Whether the server on `port` answers `request` with 200."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(request)
        return client.recv(65536)[9:12] == b"200"
    return False


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotRun(f"it ended with status {process.returncode} while starting")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise CannotRun("it does not listen after a minute")
