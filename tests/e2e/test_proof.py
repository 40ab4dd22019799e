"""Short forms of two benchmarks: releases under all kinds of traffic, and kill -9 in the middle of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.door import Door, door
from benchmarks.kills import Run, lost
from benchmarks.load_process import traffic
from benchmarks.proof import Releases
from benchmarks.shop import subject_up
from benchmarks.steady import RATES
from benchmarks.victims import CRASHES, DAEMON, ENGINE, ENVOY, GOOD, Kill


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with door(tmp_path_factory.mktemp("door")) as made:
        yield made


@pytest.fixture(scope="module")
def run(way: Door) -> Iterator[Run]:
    with subject_up() as bambe:
        yield Run(Releases(bambe), way)


def test_no_request_is_lost_in_releases_under_all_kinds_of_traffic(run: Run, tmp_path: Path) -> None:
    subject = run.subject
    with traffic(subject.url, subject.bambe.state / "ca" / "ca.pem", RATES, tmp_path) as sent:
        for version in "bcb":
            release = subject.over(subject.create(version))
            assert release.info["status"] == "Succeeded"
            ledger = subject.ledger(release.id)
            assert not ledger.broken
            assert ledger.last["zero_loss"] is True
    assert sent.failed == []
    assert {one.kind for one in sent.answers} >= set(RATES)
    run.version = "b"


KILLS = [Kill(GOOD, DAEMON, 0.6, 0.3), Kill(CRASHES, ENGINE, 0.3, 0), Kill(GOOD, ENVOY, 0.7, 0)]


def test_a_release_ends_as_it_would_have_whatever_dies_in_it(run: Run, tmp_path: Path) -> None:
    run.usual = {GOOD: 4.0, CRASHES: 5.0}
    rates = {"kept": 10.0, "fresh": 5.0, "http2": 10.0}
    state = run.subject.bambe.state
    with traffic(run.subject.url, state / "ca" / "ca.pem", rates, tmp_path) as sent:
        outcomes = list(run.all(KILLS))
    assert [one.wrong for one in outcomes] == [[], [], []]
    assert lost(outcomes, sent.answers)[0] == []
