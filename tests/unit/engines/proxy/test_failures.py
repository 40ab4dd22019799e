"""Counting requests that no target answered, over deaths of the daemon at any moment."""

from __future__ import annotations

import os
from pathlib import Path

from bambe.engines.proxy.failures import FAILED, Failures

LINE = "tg-a UC 502\n"


def write(root: Path, lines: int) -> None:
    with (root / FAILED).open("a") as log:
        log.write(LINE * lines)


def test_the_next_daemon_counts_on(tmp_path: Path) -> None:
    write(tmp_path, 2)
    assert Failures(tmp_path).count() == {"tg-a": 2}
    write(tmp_path, 1)
    again = Failures(tmp_path)
    again.go_on()
    assert again.count() == {"tg-a": 3}


def test_a_long_file_begins_anew_and_the_count_goes_on(tmp_path: Path) -> None:
    name = "tg-" + "a" * 4000
    with (tmp_path / FAILED).open("a") as log:
        log.write(f"{name} UC 502\n" * 1100)
    failures = Failures(tmp_path)
    assert failures.count() == {name: 1100}
    assert (tmp_path / FAILED).stat().st_size == 0
    write(tmp_path, 1)
    assert failures.count() == {name: 1100, "tg-a": 1}


def test_death_between_emptying_the_file_and_saying_so_loses_no_count(tmp_path: Path) -> None:
    write(tmp_path, 5)
    Failures(tmp_path).count()
    os.truncate(tmp_path / FAILED, 0)
    write(tmp_path, 2)
    again = Failures(tmp_path)
    again.go_on()
    assert again.count() == {"tg-a": 7}
