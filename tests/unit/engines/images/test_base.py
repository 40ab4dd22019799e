"""Base images: which way each reference goes, and what is said when none leads anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from bambe.engines.images.base import BASE_IMAGE, BUILD_IMAGE, BaseImages
from bambe.engines.images.commands import NOT_FOUND, SILENT, Outcome
from bambe.kernel.errors import NotThere, Unavailable

NO_HOST = "Error response from daemon: Get https://registry-1.docker.io/v2/: dial tcp: lookup: no such host"


class Machine:
    """Programs that do not run: images by name with their recipe label, and what registries have."""

    def __init__(self, *here: str, registry: Mapping[str, Outcome] | None = None) -> None:
        self.images = dict.fromkeys(here, "")
        self.registry = registry or {}
        self.making = Outcome(0)
        self.minimum_api = "1.12"
        self.ran: list[tuple[str, ...]] = []
        self.said: list[str] = []

    def made(self, program: str) -> int:
        return sum(argv[0] == program for argv in self.ran)

    def did(self, *words: str) -> int:
        return sum(argv[1 : len(words) + 1] == words for argv in self.ran)

    async def __call__(
        self,
        *argv: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        hear: Callable[[str], None] | None = None,
        first_word_within: float | None = None,
    ) -> Outcome:
        self.ran.append(argv)
        match argv:
            case ("docker", "image", "inspect", "--format", _, name):
                return (
                    Outcome(0, self.images[name])
                    if name in self.images
                    else Outcome(1, f"No such image: {name}")
                )
            case ("docker", "pull", name):
                assert first_word_within
                pulled = self.registry.get(name, Outcome(1, NO_HOST))
                if pulled.ok:
                    self.images[name] = ""
                return pulled
            case ("docker", "tag", old, new):
                self.images[new] = self.images[old]
            case ("docker", "version", *_):
                return Outcome(0, self.minimum_api)
            case ("docker", "commit", *words, _, name):
                self.images[name] = _recipe(words)
            case ("bash", _, _, _, *words):
                if hear is not None:
                    hear("I: downloading packages with apt...")
                if self.making.ok:
                    self.images[words[-1]] = _recipe(words)
                return self.making
        return Outcome(0)


def _recipe(words: list[str]) -> str:
    return next(word for word in words if "bambe.recipe=" in word).partition("=")[2]


async def ensure(machine: Machine, *references: str) -> BaseImages:
    images = BaseImages(run=machine)
    for reference in references:
        await images.ensure(reference, machine.said.append)
    return images


async def test_an_image_that_is_here_is_left_alone() -> None:
    machine = Machine("python:3.11-slim", "mine:7")
    await ensure(machine, "python:3.11-slim", "mine:7")
    assert machine.did("pull") == 0
    assert machine.said == []


async def test_a_registry_that_answers_is_used() -> None:
    machine = Machine(registry={"python:3.11-slim": Outcome(0)})
    await ensure(machine, "python:3.11-slim")
    assert machine.made("bash") == 0
    assert machine.said == ["pulling python:3.11-slim"]


@pytest.mark.parametrize(
    "trouble", [Outcome(1, NO_HOST), Outcome(SILENT), Outcome(1, "toomanyrequests: limit")]
)
async def test_a_registry_out_of_reach_is_asked_once_and_debian_stands_in(trouble: Outcome) -> None:
    names = ("python:3.11-slim", "python:3.12-slim", "debian:bookworm-slim")
    machine = Machine(registry=dict.fromkeys(names, trouble))
    await ensure(machine, *names)
    assert machine.did("pull") == 1
    assert machine.made("bash") == 1
    assert set(machine.images) == {*names, BASE_IMAGE}
    said = "\n".join(machine.said)
    assert "downloading Debian packages" in said
    assert "python:3.12-slim: Debian's Python 3.11, not 3.12, from Debian packages" in said


async def test_another_registry_is_still_asked() -> None:
    asked = "public.ecr.aws/docker/library/python:3.11-slim"
    machine = Machine(registry={asked: Outcome(0)})
    await ensure(machine, "python:3.11-slim", asked)
    assert machine.did("pull") == 2
    assert machine.images[asked] == ""


async def test_a_stand_in_by_an_old_recipe_is_made_again_and_what_is_built_on_it_is_not() -> None:
    machine = Machine("python:3.11-slim", BASE_IMAGE, "orders:1")
    machine.images = dict.fromkeys(machine.images, "old")
    await ensure(machine, "orders:1")
    assert machine.made("bash") == 0
    await ensure(machine, "python:3.11-slim")
    assert machine.made("bash") == 1
    assert machine.images["python:3.11-slim"] == machine.images[BASE_IMAGE] != "old"
    await ensure(machine, "python:3.11-slim")
    assert machine.made("bash") == 1


async def test_an_image_nobody_has_is_one_clear_sentence() -> None:
    missing = Outcome(1, "Error response from daemon: manifest for node:99 not found: manifest unknown.")
    with pytest.raises(NotThere, match=r"node:99 is not on this machine .*manifest unknown\).*docker load"):
        await ensure(Machine(registry={"node:99": missing}), "node:99")


@pytest.mark.parametrize(
    ("making", "reason"),
    [
        (Outcome(3, "mmdebstrap is missing"), "apt-get install mmdebstrap"),
        (Outcome(1, "I: running\nE: no mirror answers\nI: cleaning"), "no mirror answers"),
    ],
)
async def test_packages_that_cannot_be_had_are_one_clear_sentence(making: Outcome, reason: str) -> None:
    machine = Machine()
    machine.making = making
    with pytest.raises(NotThere, match=f"docker.io cannot be reached.*{reason}"):
        await ensure(machine, "python:3.11-slim")
    assert machine.images == {}


async def test_without_docker_it_says_so() -> None:
    class NoDocker(Machine):
        async def __call__(self, *argv: str, **_: object) -> Outcome:  # type: ignore[override]
            return Outcome(NOT_FOUND, "docker: command not found")

    with pytest.raises(Unavailable, match="install docker"):
        await ensure(NoDocker(), "python:3.11-slim")


async def test_the_build_image_is_made_once_per_recipe() -> None:
    machine = Machine()
    images = await ensure(machine)
    for _ in range(2):
        assert await images.ensure_build_image(machine.said.append) == BUILD_IMAGE
    assert machine.did("commit") == 1
    machine.images[BUILD_IMAGE] = "old"
    await images.ensure_build_image(machine.said.append)
    assert machine.did("commit") == 2
    assert machine.did("rm", "--force") == 4


async def test_an_engine_that_refuses_old_clients_gets_a_new_one() -> None:
    machine = Machine("python:3.11-slim")
    machine.minimum_api = "1.44"
    await (await ensure(machine)).ensure_build_image(machine.said.append)
    (run,) = (argv for argv in machine.ran if argv[1] == "run")
    assert run[-1].endswith(" trixie")


async def test_kafka_is_pulled_from_apache_where_that_has_it() -> None:
    machine = Machine(registry={"apache/kafka:4.1.2": Outcome(0)})
    images = await ensure(machine)
    for _ in range(2):
        assert await images.ensure_kafka("4.1.2", machine.said.append) == "bambe/kafka:4.1.2"
    assert (machine.did("pull"), machine.did("create"), machine.did("commit")) == (1, 1, 1)
    assert machine.said == ["pulling apache/kafka:4.1.2"]


@pytest.mark.parametrize(("version", "pulls"), [("2.6.1", 0), ("3.9.2", 1)])
async def test_kafka_is_made_of_its_jars_where_no_registry_has_it(version: str, pulls: int) -> None:
    machine = Machine("python:3.11-slim-bookworm")
    images = await ensure(machine)
    assert await images.ensure_kafka(version, machine.said.append) == f"bambe/kafka:{version}"
    assert machine.did("pull") == pulls
    (run,) = (argv for argv in machine.ran if argv[1] == "run")
    assert run[-1].endswith(f"/recipes/kafka.sh {version}")
    machine.images[f"bambe/kafka:{version}"] = "old"
    await images.ensure_kafka(version, machine.said.append)
    assert machine.did("commit") == 2


async def test_a_kafka_bambe_does_not_know_is_one_clear_sentence() -> None:
    machine = Machine()
    with pytest.raises(NotThere, match=r"no Apache Kafka 3\.2\.0: take one of 2\.6\.1, 3\.9\.2, 4\.1\.2\."):
        await (await ensure(machine)).ensure_kafka("3.2.0", machine.said.append)
    assert machine.ran == []
