"""Images from a registry where one answers, else from Debian packages.

    ensure(reference)       here already? -> pull -> bambe/base:1 by debian.sh (mmdebstrap | docker import)
    ensure_build_image()    here, by this recipe? -> a container of a base image runs build.sh -> commit
    ensure_kafka(version)   here, by this recipe? -> pull Apache's -> as the build image, by kafka.sh

What Bambe made itself carries the label `bambe.recipe`, a hash of everything that went in; with
another hash it is made anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bambe.engines.images import recipes
from bambe.engines.images.commands import NOT_FOUND, SILENT, Outcome, Run, run_program
from bambe.engines.images.kafka import (
    KAFKA_BASE,
    MADE_SETTINGS,
    PULLED_SETTINGS,
    image_name,
    kafka_ingredients,
    kafka_recipe,
    maven_settings,
    published_name,
)
from bambe.engines.images.port import Say
from bambe.engines.images.references import SUITE, Base, base_for, registry_of
from bambe.kernel.clock import monotonic
from bambe.kernel.errors import NotThere, Unavailable

BASE_IMAGE = "bambe/base:1"
"""What is made of Debian packages, under its own name; it gets those of the images it stands in for."""

BUILD_IMAGE = "bambe/build:1"
BUILD_BASE = "python:3.11-slim"
BUILDER = "bambe-image-builder"
RECIPE = "bambe.recipe"
REGISTRY_ANSWERS_WITHIN = 5.0

OLD_CLIENT = (1, 41)
"""The API version Debian 12's Docker client speaks; Engine 29 asks for more."""

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
TRUST = {name: BUNDLE for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
BASE_SETTINGS = (
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV LANG=C.UTF-8",
    *(f"ENV {name}={value}" for name, value in TRUST.items()),
    'CMD ["python3"]',
)
BUILD_SETTINGS = (
    *(f"ENV {name}={value}" for name, value in TRUST.items()),
    f"ENV AWS_CA_BUNDLE={BUNDLE}",
    "ENV AWS_EC2_METADATA_DISABLED=true",
    "ENV DOCKER_BUILDKIT=1",
    'CMD ["bash"]',
)


@dataclass(frozen=True, slots=True)
class Made:
    """An image as made by a script of the recipes in a container of `base`."""

    image: str
    base: str
    script: str
    ingredients: Mapping[str, bytes]
    settings: tuple[str, ...]
    recipe: str
    hear: Say | None = None


class BaseImages:
    """`Images` with the `docker` command and mmdebstrap; `run` is how programs are run."""

    def __init__(self, *, run: Run = run_program) -> None:
        self._run = run
        self._silent: dict[str, str] = {}
        self._lock = asyncio.Lock()

    async def ensure(self, reference: str, say: Say) -> None:
        async with self._alone():
            await self._ensure(reference, say)

    async def ensure_build_image(self, say: Say) -> str:
        async with self._alone():
            new_client = await self._needs_new_client()
            recipe = _build_recipe(new_client)
            if await self._recipe_of(BUILD_IMAGE) != recipe:
                await self._ensure(BUILD_BASE, say)
                await self._make_build_image(recipe, new_client, say)
            return BUILD_IMAGE

    async def ensure_kafka(self, version: str, say: Say) -> str:
        async with self._alone():
            image, recipe = image_name(version), kafka_recipe(version)
            if await self._recipe_of(image) == recipe:
                return image
            published = published_name(version)
            if published and not await self._pull(published, say):
                await self._adopt_kafka(published, image, recipe)
            else:
                await self._ensure(KAFKA_BASE, say)
                await self._make_kafka(version, recipe, say)
            return image

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Installations of one machine share its images: they make them one after another."""
        async with self._lock:
            place = Path(tempfile.gettempdir()) / f"bambe-images-{os.getuid()}.lock"
            with place.open("a") as file:
                await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
                yield

    async def _ensure(self, reference: str, say: Say) -> None:
        base = base_for(reference)
        recipe = await self._recipe_of(reference)
        # Images made from ours inherit its label; only the stand-ins themselves can be out of date.
        if recipe is not None and (base is None or recipe in ("", _base_recipe())):
            return
        trouble = await self._pull(reference, say)
        if trouble and base is not None:
            await self._stand_in(reference, base, trouble, say)
        elif trouble:
            raise NotThere(
                f"The image {reference} is not on this machine and cannot be pulled ({trouble}); Bambe makes "
                f"only python:3.x-slim and debian:bookworm-slim itself: have it with `docker load` first."
            )

    async def _pull(self, reference: str, say: Say) -> str:
        """ "" when the image is here, else why not."""
        registry = registry_of(reference)
        if registry in self._silent:
            return self._silent[registry]
        say(f"pulling {reference}")
        pulled = await self._run("docker", "pull", reference, first_word_within=REGISTRY_ANSWERS_WITHIN)
        if pulled.ok:
            return ""
        if pulled.status == SILENT:
            self._silent[registry] = f"{registry} does not answer"
            return self._silent[registry]
        if _is_out_of_reach(pulled):
            self._silent[registry] = f"{registry} cannot be reached"
            return self._silent[registry]
        return pulled.last_line.removeprefix("Error response from daemon: ").rstrip(".")

    async def _stand_in(self, reference: str, base: Base, trouble: str, say: Say) -> None:
        if await self._recipe_of(BASE_IMAGE) != _base_recipe():
            say(f"{reference}: {trouble}; making it from Debian packages")
            await self._make_base(reference, trouble, say)
        await self._docker("tag", BASE_IMAGE, reference)
        say(f"{reference}: {base.remark}, from Debian packages")

    async def _make_base(self, reference: str, trouble: str, say: Say) -> None:
        began, old = monotonic(), await self._id_of(BASE_IMAGE)
        settings = [*BASE_SETTINGS, f"LABEL {RECIPE}={_base_recipe()}"]
        changes = [word for setting in settings for word in ("--change", setting)]
        with tempfile.TemporaryDirectory(prefix="bambe-images-") as scratch:
            await asyncio.to_thread(_write_recipes, Path(scratch))
            made = await self._run(
                *("bash", f"{scratch}/debian.sh", SUITE, scratch, *changes, "-", BASE_IMAGE),
                hear=_stages(say),
            )
        if not made.ok:
            raise NotThere(_no_base(reference, trouble, made))
        await self._drop(old)
        say(f"{BASE_IMAGE}: made in {monotonic() - began:.0f} s")

    async def _make_build_image(self, recipe: str, new_client: bool, say: Say) -> None:
        say(f"{BUILD_IMAGE}: adding git, the AWS CLI and the Docker client to {BUILD_BASE}")
        script = f"build.sh {_awscli()} {'trixie' if new_client else 'debian'}"
        made = Made(BUILD_IMAGE, BUILD_BASE, script, _ingredients(), BUILD_SETTINGS, recipe)
        await self._make(made, say)

    async def _make_kafka(self, version: str, recipe: str, say: Say) -> None:
        image = image_name(version)
        say(f"{image}: making it from Kafka's jars and Debian's Java")
        ingredients = {**_ingredients(), **kafka_ingredients(version), "settings.xml": maven_settings()}
        made = Made(
            image,
            KAFKA_BASE,
            f"kafka.sh {version}",
            ingredients,
            MADE_SETTINGS,
            recipe,
            hear=lambda line: say(f"{image}: {line}"),
        )
        await self._make(made, say)

    async def _adopt_kafka(self, published: str, image: str, recipe: str) -> None:
        """Apache's image under our name, without what it would start by itself."""
        await self._run("docker", "rm", "--force", BUILDER)
        try:
            await self._docker(
                "create", "--name", BUILDER, "--label", "bambe=images", "--entrypoint", "", published, "sh"
            )
            await self._commit(image, PULLED_SETTINGS, recipe)
        finally:
            await self._run("docker", "rm", "--force", BUILDER)

    async def _make(self, made: Made, say: Say) -> None:
        """Run a script of the recipes in a container of the base, and keep what it left."""
        began, old = monotonic(), await self._id_of(made.image)
        await self._run("docker", "rm", "--force", BUILDER)
        try:
            done = await self._run(
                *("docker", "run", "--interactive", "--name", BUILDER, "--label", "bambe=images"),
                *("--pull", "never", made.base, "sh", "-c", f"tar -x -C / && exec sh /recipes/{made.script}"),
                stdin=recipes.as_tar(made.ingredients),
                hear=made.hear,
            )
            if not done.ok:
                raise NotThere(f"The image {made.image} could not be made: {done.last_line}.")
            await self._commit(made.image, made.settings, made.recipe)
        finally:
            await self._run("docker", "rm", "--force", BUILDER)
        await self._drop(old)
        say(f"{made.image}: made in {monotonic() - began:.0f} s")

    async def _commit(self, image: str, settings: tuple[str, ...], recipe: str) -> None:
        changes = [word for one in (*settings, f"LABEL {RECIPE}={recipe}") for word in ("--change", one)]
        await self._docker("commit", *changes, BUILDER, image)

    async def _recipe_of(self, reference: str) -> str | None:
        """The recipe label of a local image ("" for one that is not ours), None without the image."""
        label = f'{{{{with .Config.Labels}}}}{{{{index . "{RECIPE}"}}}}{{{{end}}}}'
        found = await self._run("docker", "image", "inspect", "--format", label, reference)
        if found.ok:
            return found.last_line.replace("<no value>", "").strip()
        _check_engine(found)
        return None

    async def _id_of(self, reference: str) -> str:
        found = await self._run("docker", "image", "inspect", "--format", "{{.Id}}", reference)
        return found.last_line.strip() if found.ok else ""

    async def _drop(self, replaced: str) -> None:
        """Remove an image that lost its name, unless something still needs it."""
        if replaced:
            await self._run("docker", "image", "rm", replaced)

    async def _needs_new_client(self) -> bool:
        found = await self._docker("version", "--format", "{{.Server.MinAPIVersion}}")
        numbers = found.last_line.strip().split(".")
        return all(n.isdigit() for n in numbers) and tuple(map(int, numbers)) > OLD_CLIENT

    async def _docker(self, *words: str) -> Outcome:
        done = await self._run("docker", *words)
        if not done.ok:
            _check_engine(done)
            raise Unavailable(f"`docker {words[0]}` failed: {done.last_line}")
        return done


def _base_recipe() -> str:
    ingredients = _ingredients()
    names = ("debian.sh", "finish.sh", "trust.sh", "host.pem")
    return recipes.recipe_hash(SUITE, *BASE_SETTINGS, *(ingredients[name] for name in names))


def _build_recipe(new_client: bool) -> str:
    ingredients = _ingredients()
    names = ("build.sh", "trust.sh", "host.pem")
    made_of = (ingredients[name] for name in names)
    return recipes.recipe_hash(BUILD_BASE, _awscli(), str(new_client), *BUILD_SETTINGS, *made_of)


def _ingredients() -> dict[str, bytes]:
    return {
        **recipes.scripts(),
        "host.pem": recipes.host_certificates(),
        "environment": recipes.network_settings(),
    }


def _write_recipes(folder: Path) -> None:
    recipes.write(_ingredients(), folder)


def _awscli() -> str:
    """The AWS CLI this Bambe was tested with."""
    return f"awscli=={version('awscli')}"


def _is_out_of_reach(pulled: Outcome) -> bool:
    signs = (
        "no such host",
        "dial tcp",
        "i/o timeout",
        "connection refused",
        "timeout",
        "unreachable",
        "tls:",
    )
    return any(sign in pulled.output.lower() for sign in (*signs, "x509", "proxyconnect", "toomanyrequests"))


def _check_engine(outcome: Outcome) -> None:
    if outcome.status == NOT_FOUND:
        raise Unavailable(
            "The docker command is missing: install docker.io (or Docker) and start its Engine."
        )
    if "Cannot connect to the Docker daemon" in outcome.output or "permission denied" in outcome.output:
        raise Unavailable(
            "The Docker Engine does not answer: start it with `systemctl start docker` (or `dockerd`), "
            "and be root or in the group docker."
        )


STAGES = {
    "installing mmdebstrap": "installing mmdebstrap",
    "I: downloading packages": "downloading Debian packages",
    "I: installing essential": "installing the essential packages",
    "I: installing remaining": "installing Python",
    "I: creating tarball": "importing the image",
}


def _stages(say: Say) -> Say:
    """mmdebstrap's words, the few that tell how far it is."""

    def hear(line: str) -> None:
        for sign, stage in STAGES.items():
            if line.startswith(sign):
                say(f"{BASE_IMAGE}: {stage}")

    return hear


def _no_base(reference: str, trouble: str, made: Outcome) -> str:
    if "mmdebstrap is missing" in made.output:
        reason = "mmdebstrap is not installed (on Debian or Ubuntu: apt-get install mmdebstrap)"
    else:
        signs = [line for line in made.output.splitlines() if line.startswith(("E:", "Error"))]
        reason = (signs or [made.last_line])[-1].removeprefix("E: ")
    return (
        f"The image {reference} cannot be pulled ({trouble}) nor made from Debian packages ({reason}): "
        f"have it with `docker load` first."
    )
