"""What a person does without a platform: `docker build` and `docker run` of one service of the shop."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.platform import forget_images

from bambe.cli.demo.shop import Shop
from benchmarks.report import CannotRun
from benchmarks.servers import free_port

SERVICE, APP = "orders", "services/orders/app.py"
IMAGE = "bambe-bench/orders"
PATIENCE = 60.0


class Bare:
    """The shop in a folder, built and run by docker alone."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._environment = {**os.environ, "DOCKER_BUILDKIT": "1"}

    @classmethod
    @contextlib.contextmanager
    def made(cls) -> Iterator[Bare]:
        with tempfile.TemporaryDirectory() as home:
            try:
                yield cls(Shop.create(Path(home) / "shop", events=False))
            finally:
                forget_images(IMAGE)  # not before: the layers below them are the next build's cache

    def round(self, was: str, version: str) -> dict[str, float]:
        """Change the source, build, run until it answers; seconds of both."""
        self._shop.edit(APP, f'VERSION = "{was}"', f'VERSION = "{version}"')
        image, name, port = f"{IMAGE}:{version}", f"bambe-bench-{version}", free_port()
        began = time.perf_counter()
        self._build(image)
        built = time.perf_counter()
        try:
            self._docker("run", "--detach", "--name", name, "--publish", f"127.0.0.1:{port}:8080", image)
            until_it_answers(port, version)
            answered = time.perf_counter()
        finally:
            self._docker("rm", "--force", name)
        return {"`docker build`": built - began, "`docker run` until it answers": answered - built}

    def _build(self, image: str) -> None:
        command = ("build", "--tag", image, "--file", f"services/{SERVICE}/Dockerfile", ".")
        try:
            self._docker(*command)
        except subprocess.CalledProcessError:
            if self._environment["DOCKER_BUILDKIT"] == "0":
                raise
            self._environment["DOCKER_BUILDKIT"] = (
                "0"  # a client without buildx; the first round is not counted
            )
            self._docker(*command)

    def _docker(self, *arguments: str) -> None:
        subprocess.run(
            ["docker", *arguments],
            cwd=self._shop.root,
            env=self._environment,
            capture_output=True,
            check=True,
        )


def until_it_answers(port: int, version: str, host: str = "127.0.0.1") -> None:
    """Ask the container for its health until it answers as `version`."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            client = http.client.HTTPConnection(host, port, timeout=5)
            client.request("GET", "/health")
            if client.getresponse().headers["x-version"] == version:
                return
        time.sleep(0.005)
    raise CannotRun("the bare container does not answer")
