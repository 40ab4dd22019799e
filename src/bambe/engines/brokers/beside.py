"""Kafka's clients in a process of their own: the library and its threads cost the daemon 20 MB otherwise.

    daemon                                    python -m bambe.engines.brokers.client_process
      Beside.call  --- (number, Ask) --->       threads: a Client for each cluster
                   <-- (number, answer, error)

Frames on its standard input and output: four bytes of length, then a pickle. It ends with its input, that is
with the daemon, and when it is told to.
"""

from __future__ import annotations

import contextlib
import itertools
import pickle
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from bambe.engines.brokers import zookeeper
from bambe.engines.brokers.client import Client
from bambe.kernel.errors import Unavailable

THREADS = 2
"""Of each cluster, on both sides: two loops ask, and a cluster that does not answer holds up only itself."""
ENDED = "The client of Kafka has ended."
LIMIT = 150.0
"""Seconds after which a question and the process are given up; the limits of the client are shorter."""


@dataclass(frozen=True, slots=True)
class Where:
    """A cluster: its brokers as bootstrap.servers, and the files (PEM) that let the engine in."""

    servers: str
    authority: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Ask:
    """A method of the client of a cluster."""

    cluster: str
    where: Where
    method: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Keep:
    """Forget the clusters that are not among these."""

    clusters: frozenset[str]


@dataclass(frozen=True, slots=True)
class Users:
    """Let exactly these users of a cluster on ZooKeeper in, and those in `kept` as before."""

    cluster: str
    keeper: zookeeper.Keeper
    users: Mapping[str, str]
    kept: frozenset[str] = frozenset()


class Beside:
    """The process, seen from the daemon. Calls block: use threads. It is started by the first one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: _Line | None = None
        self._is_stopped = False

    def client(self, cluster: str, where: Where) -> Client:
        """The client of a cluster, as if it were here."""
        return cast(Client, _Remote(self, cluster, where))

    def call(self, ask: Ask | Keep | Users) -> Any:
        """What the process answers; its EngineErrors are raised here, Unavailable if it ends."""
        with self._lock:
            if self._is_stopped:
                raise Unavailable(ENDED)
            if self._line is None or self._line.has_ended:
                self._line = _Line()
            line = self._line
        try:
            return line.say(ask).result(LIMIT)
        except TimeoutError:
            line.end()
            raise Unavailable(f"The client of Kafka did not answer within {LIMIT:.0f} s.") from None

    def stop(self) -> None:
        """End it, for good."""
        with self._lock:
            self._is_stopped = True
        self.rest()

    def rest(self) -> None:
        """End it until something is asked again."""
        with self._lock:
            line, self._line = self._line, None
        if line is not None:
            line.end()


class _Line:
    """One process, from its start to its end, and the questions that have no answer yet."""

    def __init__(self) -> None:
        words = (sys.executable, "-m", "bambe.engines.brokers.client_process")
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._open: dict[int, Future[Any]] = {}
        self.has_ended = False
        self._listener = threading.Thread(target=self._listen, name="kafka answers", daemon=True)
        self._listener.start()

    def say(self, ask: Ask | Keep | Users) -> Future[Any]:
        """Ask; the answer is there when the process gives it."""
        answer = Future[Any]()
        with self._lock:
            if self.has_ended:
                raise Unavailable(ENDED)
            number = next(self._numbers)
            self._open[number] = answer
            with contextlib.suppress(OSError):  # it ends: `_listen` says so to all that wait
                write_frame(cast(BinaryIO, self._process.stdin), (number, ask))
        return answer

    def end(self) -> None:
        """End it, and wait for that; it has nothing to lose."""
        self._process.kill()
        self._listener.join()

    def _listen(self) -> None:
        """Hand on answers until the process ends; what is open then has none."""
        try:
            for number, answer, error in frames(cast(BinaryIO, self._process.stdout)):
                with self._lock:
                    waiting = self._open.pop(number)
                if error is None:
                    waiting.set_result(answer)
                else:
                    waiting.set_exception(error)
        finally:
            with self._lock:
                self.has_ended = True
                left = list(self._open.values())
            for one in left:
                one.set_exception(Unavailable(ENDED))
            self._process.kill()
            with contextlib.suppress(BrokenPipeError), self._process:
                pass  # closes its pipes, and waits for it


class _Remote:
    """A Client whose methods are called in the process."""

    def __init__(self, beside: Beside, cluster: str, where: Where) -> None:
        self._beside = beside
        self._place = cluster, where

    def __getattr__(self, method: str) -> Any:
        return lambda *arguments: self._beside.call(Ask(*self._place, method, arguments))


def write_frame(file: BinaryIO, content: Any) -> None:
    """Something that can be pickled, at once."""
    data = pickle.dumps(content)
    file.write(struct.pack(">I", len(data)) + data)
    file.flush()


def frames(file: BinaryIO) -> Iterable[Any]:
    """What the other side writes, until it ends."""
    while len(head := file.read(4)) == 4:
        (size,) = struct.unpack(">I", head)
        data = file.read(size)
        if len(data) < size:
            return
        yield pickle.loads(data)
