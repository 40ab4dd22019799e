"""The base images of the services' Dockerfiles, pulled or built before the first build needs them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE | re.MULTILINE)


def bases_of(dockerfile: str) -> list[str]:
    """The images a Dockerfile begins from, without its own stages, `scratch` and variables."""
    found: list[str] = []
    stages = {"scratch"}
    for image, stage in FROM.findall(dockerfile):
        if image.lower() not in stages and "$" not in image and image not in found:
            found.append(image)
        if stage:
            stages.add(stage.lower())
    return found


async def ensure_base_images(folders: Iterable[Path], say: Callable[[str], None]) -> None:
    """Have the build image and every base image of the Dockerfiles in `folders` on this machine."""
    from bambe.engines.images import BaseImages

    wanted = {base for folder in folders for base in bases_of((folder / "Dockerfile").read_text())}
    images = BaseImages()
    for reference in sorted(wanted):
        await images.ensure(reference, say)
    await images.ensure_build_image(say)
