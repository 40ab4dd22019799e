"""Where the platform runs, and with what it is started again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bambe.cli.place import Local
from bambe.cli.trouble import Trouble


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Local:
    """A place whose daemon says that it is well."""
    said = {"instance": "i", "endpoint": "http://localhost:4599", "port": 4599, "scale": 30.0}
    (tmp_path / "daemon.json").write_text(json.dumps(said))
    answers: dict[str, Any] = {"ready": True, "instance": "i"}
    monkeypatch.setattr(Local, "health", lambda _: answers)
    return Local(tmp_path)


def test_a_running_platform_is_left_as_it_is(running: Local) -> None:
    running.start()
    running.start(scale=30, port=4599)


def test_other_options_for_a_running_platform_are_refused(running: Local) -> None:
    with pytest.raises(Trouble, match="runs already with --scale 30: `bambe down` first"):
        running.start(scale=60, port=4599)
    with pytest.raises(Trouble, match="runs already with --scale 30 --port 4599"):
        running.start(scale=1, port=4566)


class Dying:
    """A daemon that somebody has just killed: found once more, then gone, and the next one lives."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.pids: list[int | None] = [7, 7, None]
        self.begun = 0

    def find(self) -> int | None:
        return self.pids.pop(0) if self.pids else (8 if self.begun else None)

    def start(self) -> int:
        found = self.find()
        self.begun += found is None
        return found or 8


def test_a_daemon_that_was_just_killed_is_not_taken_for_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Dying()
    monkeypatch.setattr("bambe.cli.place.Detached", lambda *_, **__: process)
    monkeypatch.setattr(Local, "running", lambda _: process.begun > 0)
    monkeypatch.setattr(Local, "health", lambda _: {"ready": True})
    Local(tmp_path).start()
    assert process.begun == 1
