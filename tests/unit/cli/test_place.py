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
