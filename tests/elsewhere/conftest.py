"""The judges, each installed in a virtual environment of its own and started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from benchmarks.report import CannotRun
from benchmarks.servers import PEERS, installed, running_peer

from tests.elsewhere.judge import Judge

RESETS = {"moto": "/moto-api/reset", "MiniStack": "/_ministack/reset"}


@pytest.fixture(scope="session", params=[peer.name for peer in PEERS if peer.name in RESETS])
def started(request: pytest.FixtureRequest) -> Iterator[Judge]:
    peer = next(one for one in PEERS if one.name == request.param)
    try:
        installed(peer)
    except CannotRun as why:
        pytest.skip(f"{peer.name} cannot judge here: {why}")
    with running_peer(peer) as port:
        judge = Judge(peer.name, port, RESETS[peer.name])
        yield judge
        judge.close()


@pytest.fixture
def judge(started: Judge) -> Judge:
    """A judge that knows nothing yet."""
    started.reset()
    return started
