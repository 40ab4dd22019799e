"""The process beside the daemon in which Kafka's client lives: see beside.py."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, BinaryIO

from bambe.engines.brokers import zookeeper
from bambe.engines.brokers.beside import THREADS, Ask, Keep, Users, Where, frames, write_frame
from bambe.engines.brokers.client import Client
from bambe.kernel.errors import EngineError


class Desk:
    """What the process does with what it is asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[str, tuple[Where, Client]] = {}

    def answer(self, ask: Ask | Keep | Users) -> Any:
        """Do as asked; an EngineError where it cannot be done."""
        match ask:
            case Ask():
                return getattr(self._client(ask), ask.method)(*ask.arguments)
            case Keep(clusters=clusters):
                with self._lock:
                    self._clients = {name: one for name, one in self._clients.items() if name in clusters}
            case Users(keeper=keeper, users=users, kept=kept):
                zookeeper.apply_users(keeper, users, kept)

    def _client(self, ask: Ask) -> Client:
        with self._lock:
            known = self._clients.get(ask.cluster)
            if known is None or known[0] != ask.where:
                where = ask.where
                known = where, Client(where.servers, where.authority, where.certificate, where.key)
                self._clients[ask.cluster] = known
            return known[1]


class Threads:
    """Those of each cluster, and one for what concerns all."""

    def __init__(self) -> None:
        self._pools: dict[str, ThreadPoolExecutor] = {}

    def of(self, ask: Ask | Keep | Users) -> ThreadPoolExecutor:
        """Where this is answered. The threads of clusters that are forgotten end with what they do."""
        if isinstance(ask, Keep):
            for gone in self._pools.keys() - ask.clusters - {""}:
                self._pools.pop(gone).shutdown(wait=False)
        name = "" if isinstance(ask, Keep) else ask.cluster
        if name not in self._pools:
            self._pools[name] = ThreadPoolExecutor(THREADS if name else 1, thread_name_prefix="kafka")
        return self._pools[name]


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more questions."""
    desk, lock = Desk(), threading.Lock()
    threads = Threads()

    def say(number: int, done: Future[Any]) -> None:
        error = done.exception()
        if error is not None and not isinstance(error, EngineError):
            error = RuntimeError(f"{type(error).__name__}: {error}")
        with lock:
            try:
                write_frame(answers, (number, None if error else done.result(), error))
            except (TypeError, pickle.PicklingError) as problem:
                write_frame(answers, (number, None, RuntimeError(f"no answer that can be sent: {problem}")))

    for number, ask in frames(asked):
        threads.of(ask).submit(desk.answer, ask).add_done_callback(partial(say, number))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer)
    os._exit(0)  # what is still being asked has nobody to hear the answer
