"""The image Kafka's processes run in: Apache's own where a registry answers, else made of its jars."""

from __future__ import annotations

from pathlib import Path

from bambe.engines.images import recipes
from bambe.kernel.errors import NotThere

KAFKA_BASE = "python:3.11-slim-bookworm"
MADE_SETTINGS = (
    "ENV PATH=/opt/kafka/bin:/opt/java/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    'CMD ["bash"]',
)
PULLED_SETTINGS = ("ENV PATH=/opt/kafka/bin:$PATH", 'CMD ["sh"]')
"""Both have Kafka in /opt/kafka/libs and `java` on the PATH; neither starts anything by itself."""

FIRST_OF_APACHE = (3, 7)
"""Apache publishes images from this version on (KIP-975)."""


def image_name(version: str) -> str:
    """What the image of an Apache version is called here."""
    return f"bambe/kafka:{version}"


def published_name(version: str) -> str:
    """Apache's own image of a version, "" where there is none."""
    numbers = tuple(int(part) for part in version.split(".")[:2])
    return f"apache/kafka:{version}" if numbers >= FIRST_OF_APACHE else ""


def kafka_ingredients(version: str) -> dict[str, bytes]:
    """What goes into the recipe's folder; NotThere for a version whose jars are not known here."""
    jars = f"kafka-{version}.sha256"
    known = {path.name: path.read_bytes() for path in sorted(recipes.FOLDER.glob("kafka*"))}
    if jars not in known:
        offered = sorted(name[6:-7] for name in known if name.endswith(".sha256"))
        raise NotThere(f"Bambe has no Apache Kafka {version}: take one of {', '.join(offered)}.")
    return {
        name: known[name] for name in (jars, "kafka.pom", "kafka.sh", "kafka-tool.sh", "kafka-classes.sh")
    }


def kafka_recipe(version: str) -> str:
    """Changes when the image has to be made anew."""
    made_of = kafka_ingredients(version)
    return recipes.recipe_hash(
        version, *MADE_SETTINGS, *PULLED_SETTINGS, *made_of.values(), recipes.host_certificates()
    )


def maven_settings(home: Path | None = None) -> bytes:
    """The user's own settings of Maven (a mirror, a proxy), b"" without."""
    path = (home or Path.home()) / ".m2" / "settings.xml"
    return path.read_bytes() if path.is_file() else b""
