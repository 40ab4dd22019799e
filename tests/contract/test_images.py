"""Base images for real: made of Debian packages, and the build image on top, used as a build uses it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bambe.engines.images.base import BUILD_IMAGE, BaseImages
from bambe.engines.images.commands import Outcome, run_program
from tests.contract.busybox import docker_answers

pytestmark = pytest.mark.docker

BASE = "bambe-test/base:1"
ASKED = "python:3.11.99-slim"
SOCKET = "/var/run/docker.sock:/var/run/docker.sock"


async def offline(*argv: str, **options: Any) -> Outcome:
    """Programs as on a machine whose registries are out of reach, with names of the test's own."""
    if argv[:2] == ("docker", "pull"):
        return Outcome(1, "dial tcp: lookup registry-1.docker.io: no such host")
    return await run_program(*(BASE if word == "bambe/base:1" else word for word in argv), **options)


def run(image: str, script: str, *options: str, stdin: str = "") -> str:
    command = ["docker", "run", "--rm", "--interactive", *options, image, "sh", "-ec", script]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def names() -> Iterator[None]:
    if not docker_answers():
        pytest.skip("no Docker Engine")
    yield
    subprocess.run(["docker", "image", "rm", ASKED, BASE], capture_output=True, check=False)


@pytest.fixture
async def build_image() -> str:
    if not docker_answers():
        pytest.skip("no Docker Engine")
    return await BaseImages().ensure_build_image(lambda line: None)


@pytest.mark.usefixtures("names")
async def test_debian_packages_stand_in_for_python() -> None:
    said: list[str] = []
    images = BaseImages(run=offline)
    await images.ensure(ASKED, said.append)
    assert said[-1] == f"{ASKED}: Debian's Python 3.11, not 3.11.99, from Debian packages"
    script = """
      python --version; python3 -c 'import ssl, sqlite3, http.server, distutils'; pip --version
      python -m venv /tmp/venv; /tmp/venv/bin/pip --version; test ! -e /recipes
      python -c 'import ssl; print(len(ssl.create_default_context().get_ca_certs()) > 100)'
      ls /usr/local/lib/python3.11/site-packages | grep -c '^pip$'; apt-get --version | head -1
    """
    out = run(ASKED, script)
    assert out.startswith("Python 3.11")
    assert "True\n1\napt 2" in out
    before = len(said)
    await images.ensure(ASKED, said.append)
    assert len(said) == before


async def test_a_build_has_its_programs(build_image: str) -> None:
    assert build_image == BUILD_IMAGE
    programs = "aws bash curl docker git gzip jq make python3 pip tar unzip"
    out = run(build_image, f"for p in {programs}; do command -v $p; done; aws --version; git --version")
    assert len(out.split("\n")) >= len(programs.split()) + 2


async def test_a_build_builds_images_on_this_machine(
    build_image: str, request: pytest.FixtureRequest
) -> None:
    image = "bambe-test/built:1"
    remove: Callable[[], Any] = lambda: subprocess.run(  # noqa: E731
        ["docker", "image", "rm", image], capture_output=True, check=False
    )
    request.addfinalizer(remove)
    dockerfile = (
        'FROM python:3.11-slim\nWORKDIR /app\nRUN echo \'print(42)\' > app.py\nCMD ["python", "app.py"]\n'
    )
    build = f"docker build --quiet --tag {image} ."
    script = f"mkdir /tmp/x; cd /tmp/x; cat > Dockerfile; {build}; docker run --rm {image}"
    assert run(build_image, script, "--volume", SOCKET, stdin=dockerfile).endswith("42\n")


@pytest.fixture
def published(busybox: str) -> Iterator[str]:
    """An image that starts something by itself, as Apache's does."""
    name = "bambe-test/published:1"
    dockerfile = (
        f'FROM {busybox}\nENV PATH=/opt/java/bin:$PATH\nUSER 1000\nENTRYPOINT ["/start"]\nCMD ["run"]\n'
    )
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", name, "-"], input=dockerfile, text=True, check=True
    )
    yield name
    subprocess.run(["docker", "image", "rm", name, "bambe-test/kafka:1"], capture_output=True, check=False)


async def test_apaches_kafka_starts_nothing_by_itself_under_our_name(published: str) -> None:
    names = {"apache/kafka:4.1.2": published, "bambe/kafka:4.1.2": "bambe-test/kafka:1"}

    async def renamed(*argv: str, **options: Any) -> Outcome:
        if argv[:2] == ("docker", "pull"):
            return Outcome(0)
        return await run_program(*(names.get(word, word) for word in argv), **options)

    assert await BaseImages(run=renamed).ensure_kafka("4.1.2", lambda line: None) == "bambe/kafka:4.1.2"
    out = run("bambe-test/kafka:1", "echo $PATH")
    assert out.startswith("/opt/kafka/bin:/opt/java/bin:/")
