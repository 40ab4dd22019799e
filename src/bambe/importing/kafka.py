"""Brokers among the services of a Compose file, as `events`."""

from __future__ import annotations

import re

from bambe.engines.brokers import versions
from bambe.importing.account import Part
from bambe.importing.draft import Draft, Said
from bambe.importing.fields import whole
from bambe.project.events import TOPIC

BROKER = re.compile(r"(^|/)(kafka|cp-kafka|cp-server|redpanda|kafka-native)(?=[:@]|$)")
KEEPER = re.compile(r"(^|/)(zookeeper|cp-zookeeper)(?=[:@]|$)")
CREATED = "KAFKA_CREATE_TOPICS"
SETTINGS = {"KAFKA_NUM_PARTITIONS": "num.partitions", "KAFKA_LOG_RETENTION_HOURS": "log.retention.hours",
            "KAFKA_MESSAGE_MAX_BYTES": "message.max.bytes"}  # fmt: skip
OWN = "the cluster of `events` is set up by Bambe"


def is_broker(image: str) -> bool:
    """Whether it is an image of a Kafka broker, or of one that speaks as one."""
    return bool(BROKER.search(image))


def is_keeper(image: str) -> bool:
    """Whether it is an image of ZooKeeper."""
    return bool(KEEPER.search(image))


def broker(draft: Draft, part: Part, is_first: bool) -> None:
    """`events` for the first broker; each more makes the cluster larger, up to three."""
    events: Said = draft.top.setdefault("events", {"access": "plaintext", "brokers": 0, "topics": {}})
    if events["brokers"] >= 3:
        part.leave("a fourth broker: bambe.yml takes three")
        return
    events["brokers"] += 1
    image = part.at("image")
    if is_first:
        events["kafka"] = _version(image.text)
        image.change(
            f"it is `events`, a cluster of Apache Kafka {events['kafka']}, in plain text as here",
            "name its topics, and who `produces` and `consumes` them: they get KAFKA_BOOTSTRAP_SERVERS",
        )
    else:
        image.take()
    for name, value in _variables(part):
        _setting(events, name, value)
    for _, rest in part.items():
        if rest.path[-1] not in ("image", "environment"):
            rest.leave(OWN)


def _variables(part: Part) -> list[tuple[str, Part]]:
    environment = part.at("environment")
    if environment.is_mapping:
        return environment.items()
    return [(one.text.partition("=")[0], one) for one in environment.each()]


def _setting(events: Said, name: str, part: Part) -> None:
    value = part.text.partition("=")[2] if part.text.startswith(f"{name}=") else part.text
    if name == CREATED and _topics(events, value):
        part.take()
    elif name in SETTINGS and whole(value) is not None:
        events.setdefault("settings", {})[SETTINGS[name]] = value
        part.take()
    else:
        part.leave(OWN, "broker settings are `events.settings`, by Kafka's names")


def _topics(events: Said, said: str) -> bool:
    """Take `name:partitions:replicas[:compact]`, separated by commas; False where it is not that."""
    found: dict[str, Said] = {}
    for one in filter(None, (part.strip() for part in re.split(r"[,\n]", said))):
        name, _, rest = one.partition(":")
        words = rest.split(":") if rest else []
        numbers = [whole(word) for word in words[:2]]
        fits = re.fullmatch(TOPIC, name) and name not in (".", "..") and not name.startswith("__")
        fits = fits and all(number is not None and 1 <= number <= 1000 for number in numbers)
        alike = {other.replace(".", "_") for other in {*events["topics"], *found}}
        if not fits or len(words) > 3 or words[2:] not in ([], ["compact"], ["delete"]):
            return False
        if name.replace(".", "_") in alike or (len(numbers) > 1 and (numbers[1] or 0) > events["brokers"]):
            return False
        topic: Said = dict(zip(("partitions", "replication"), numbers, strict=False))
        found[name] = topic | ({"compact": True} if words[2:] == ["compact"] else {})
    events["topics"] |= found
    return bool(found)


def _version(image: str) -> str:
    """The nearest version on offer: of the same number, else the one that is recommended."""
    hit = re.search(r":v?(\d+\.\d+)", image) if "redpanda" not in image and "cp-" not in image else None
    offered = [one.name for one in versions.offered()]
    return next((name for name in offered if hit and name.startswith(f"{hit[1]}.")), versions.RECOMMENDED)
