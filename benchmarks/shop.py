"""An installation of its own with the shop up, for benchmarks that need the whole platform."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.platform import Bambe

from bambe.cli.demo.shop import Shop
from benchmarks.report import CannotRun
from benchmarks.servers import free_port

SCALE = 60


@contextlib.contextmanager
def brought_up(*edits: tuple[str, str]) -> Iterator[Bambe]:
    """The shop after `bambe up`, its bambe.yml edited; everything is removed again, the images too."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # no user has a platform that compiles at each start
    with tempfile.TemporaryDirectory(prefix="bambe-bench-", ignore_cleanup_errors=True) as home:
        bambe = Bambe(Path(home) / "state", Shop.create(Path(home) / "shop"), free_port(), SCALE)
        for old, new in (("keep_old: 30m", "keep_old: 1m"), *edits):  # no round waits 30 minutes
            bambe.shop.edit("bambe.yml", old, new)
        bambe.shop.commit("For measuring")
        try:
            done = bambe.up(check=False)
            if done.returncode:
                said = (done.stderr or done.stdout).strip().splitlines()
                raise CannotRun(f"`bambe up` fails: {said[-1] if said else 'it says nothing'}")
            yield bambe
        finally:
            bambe.down()
            forget_images(f"localhost:{bambe.port}/*/*")


def forget_images(reference: str) -> None:
    """Remove the tags that match `reference`."""
    listed = ["docker", "image", "ls", "--filter", f"reference={reference}"]
    shown = subprocess.run(
        [*listed, "--format", "{{.Repository}}:{{.Tag}}"], capture_output=True, text=True, check=False
    )
    tags = shown.stdout.split()
    if tags:
        subprocess.run(["docker", "image", "rm", *tags], capture_output=True, check=False)
