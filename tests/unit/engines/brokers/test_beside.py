"""Kafka's client beside the daemon: it answers, can be killed at any time, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bambe.engines.brokers import Cluster, KafkaBrokers, Node
from bambe.engines.brokers.beside import Ask, Beside, Keep, Where
from bambe.engines.brokers.certificates import Authority
from bambe.kernel.clock import ManualClock
from bambe.kernel.errors import Unavailable

NOTHING = Keep(frozenset())


@pytest.fixture
def beside() -> Iterator[Beside]:
    made = Beside()
    yield made
    made.stop()


@pytest.fixture
def nowhere(tmp_path: Path) -> Where:
    """A cluster that never answers."""
    authority = Authority(tmp_path)
    now = ManualClock().now()
    authority.ensure(now)
    authority.ensure_client(tmp_path / "engine", now)
    return Where(
        "127.0.0.1:1", authority.certificate, tmp_path / "engine/cert.pem", tmp_path / "engine/key.pem"
    )


def process(beside: Beside) -> subprocess.Popen[bytes]:
    assert beside._line is not None
    return beside._line._process


def test_it_is_started_once_and_again_when_it_was_killed(beside: Beside) -> None:
    beside.call(NOTHING)
    first = process(beside)
    beside.call(NOTHING)
    assert process(beside) is first
    first.kill()
    first.wait()
    for _ in range(100):
        try:
            beside.call(NOTHING)
        except Unavailable:  # what is asked before its end is noticed
            continue
        break
    assert process(beside).pid != first.pid


def test_who_waits_for_an_answer_when_it_is_killed_hears_of_it(beside: Beside, nowhere: Where) -> None:
    beside.call(NOTHING)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(beside.call, Ask("c", nowhere, "seen"))
        beside.call(NOTHING)
        process(beside).kill()
        with pytest.raises(Unavailable, match="has ended"):
            waiting.result(20)


def test_a_cluster_that_does_not_answer_holds_nobody_up(beside: Beside, nowhere: Where) -> None:
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(beside.call, Ask("c", nowhere, "seen"))
        beside.call(NOTHING)
        assert not waiting.done()
        beside.stop()
        with pytest.raises(Unavailable):
            waiting.result(20)


def test_clusters_that_do_not_answer_do_not_hold_up_another(beside: Beside, nowhere: Where) -> None:
    beside.call(NOTHING)
    with ThreadPoolExecutor(8) as threads:
        silent = [threads.submit(beside.call, Ask(name, nowhere, "seen")) for name in "aabbcc"]
        with pytest.raises(RuntimeError, match="AttributeError"):
            beside.call(Ask("d", nowhere, "no_such_method"))
        assert not [one for one in silent if one.done()], "it was answered before those were given up"
        beside.stop()
        for one in silent:
            with pytest.raises(Unavailable):
                one.result(20)


class Silent:
    """A process beside that answers for the cluster `third` alone, as long as `released` is not set."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def client(self, cluster: str, where: Where) -> Any:
        return self if cluster == "third" else SimpleNamespace(seen=lambda: self.released.wait(20))

    def seen(self) -> str:
        return "answered"

    def stop(self) -> None:
        self.released.set()


async def test_nor_do_they_in_the_daemon(tmp_path: Path) -> None:
    brokers, silent = KafkaBrokers(tmp_path), Silent()
    brokers._beside = silent  # type: ignore[assignment]
    node = Node(1, "b-1", "127.0.0.1")
    clusters = [Cluster(name, "4.1.2", (node,)) for name in ("first", "second", "third")]
    for one in clusters:
        await brokers.prepare(one, node)
    waiting = [asyncio.ensure_future(brokers.seen(one)) for one in clusters[:2] for _ in range(3)]
    await asyncio.sleep(0)
    assert str(await brokers.seen(clusters[2])) == "answered"
    assert not [one for one in waiting if one.done()]
    silent.stop()
    await asyncio.gather(*waiting)
    await brokers.stop()


async def test_the_process_ends_with_the_last_cluster_and_begins_with_the_next(tmp_path: Path) -> None:
    brokers = KafkaBrokers(tmp_path)
    brokers._beside.call(NOTHING)
    running, node = process(brokers._beside), Node(1, "b-1", "127.0.0.1")
    await brokers.prepare(Cluster("first", "4.1.2", (node,)), node)
    brokers._known.add("first")
    await brokers.remove("first")
    assert running.wait(20) != 0
    brokers._beside.call(NOTHING)
    assert process(brokers._beside).pid != running.pid
    await brokers.stop()


def test_one_that_hangs_is_given_up_and_another_takes_its_place(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside.call(NOTHING)
    hanging = process(beside)
    hanging.send_signal(signal.SIGSTOP)
    monkeypatch.setattr("bambe.engines.brokers.beside.LIMIT", 0.1)
    with pytest.raises(Unavailable, match="did not answer"):
        beside.call(NOTHING)
    monkeypatch.undo()
    beside.call(NOTHING)
    assert process(beside).pid != hanging.pid


def test_once_stopped_it_stays_so(beside: Beside) -> None:
    beside.stop()
    with pytest.raises(Unavailable, match="has ended"):
        beside.call(NOTHING)


def test_a_mistake_of_ours_is_one_here_too(beside: Beside, nowhere: Where) -> None:
    with pytest.raises(RuntimeError, match="AttributeError"):
        beside.call(Ask("c", nowhere, "no_such_method"))


def test_it_ends_with_its_input(beside: Beside) -> None:
    beside.call(NOTHING)
    running = process(beside)
    assert running.stdin is not None
    running.stdin.close()
    assert running.wait(20) == 0
