"""An installation of its own with a project up, for benchmarks that need the whole platform."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.platform import Bambe, forget_images

from bambe.cli.demo.shop import Shop
from benchmarks.report import CannotRun
from benchmarks.servers import free_port

SCALE = 60
SUBJECT = Path(__file__).parent / "subject"


@contextlib.contextmanager
def brought_up(*edits: tuple[str, str], events: bool = False) -> Iterator[Bambe]:
    """The shop after `bambe up`, its bambe.yml edited; everything is removed again, the images too. Most
    benchmarks are about something else than `events`."""
    with _home() as home:
        shop = Shop.create(home / "shop", events)
        for old, new in (("keep_old: 30m", "keep_old: 1m"), *edits):  # no round waits 30 minutes
            shop.edit("bambe.yml", old, new)
        shop.commit("For measuring")
        with _up(home, shop) as bambe:
            yield bambe


@contextlib.contextmanager
def subject_up(*edits: tuple[str, str]) -> Iterator[Bambe]:
    """The same with the project in benchmarks/subject: one service, made to be released."""
    with _home() as home:
        shutil.copytree(SUBJECT, home / "shop", ignore=shutil.ignore_patterns("__pycache__"))
        shop = Shop(home / "shop")
        for old, new in edits:
            shop.edit("bambe.yml", old, new)
        shop.git("init", "--quiet", "--initial-branch", "main")
        shop.commit("The subject")
        with _up(home, shop) as bambe:
            yield bambe


@contextlib.contextmanager
def _home() -> Iterator[Path]:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # no user has a platform that compiles at each start
    with tempfile.TemporaryDirectory(prefix="bambe-bench-", ignore_cleanup_errors=True) as home:
        yield Path(home)


@contextlib.contextmanager
def _up(home: Path, shop: Shop) -> Iterator[Bambe]:
    bambe = Bambe(home / "state", shop, free_port(), SCALE)
    try:
        done = bambe.up(check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise CannotRun(f"`bambe up` fails: {said[-1] if said else 'it says nothing'}")
        yield bambe
    finally:
        bambe.end()
        forget_images(f"localhost:{bambe.port}/*/*")
