"""What a bambe.yml changes in the topics that are there, and what of it would lose events; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bambe.project.events import Events

RETENTION = "retention.ms"
WEEK = 7 * 24 * 3600 * 1000
"""What Kafka keeps records for where a topic says nothing, in milliseconds (log.retention.hours 168)."""
SHOWN = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


@dataclass(frozen=True, slots=True)
class LiveTopic:
    """A topic as the cluster has it; `configs` by Kafka's names, those of the topic itself."""

    partitions: int
    replication: int
    configs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `says` it in one line; `refused` why Kafka cannot; `loses` what would be gone."""

    topic: str
    says: str
    refused: str = ""
    loses: str = ""


def changes(wish: Events, live: Mapping[str, LiveTopic]) -> tuple[Change, ...]:
    """What has to be done to the topics of `live` to make `wish` true, by name."""
    found: list[Change] = []
    for name, topic in sorted(wish.topics.items()):
        there = live.get(name)
        replication = wish.replication_of(name)
        if there is None:
            shape = f"{topic.partitions} partitions, {_copies(replication)}"
            found.append(Change(name, f"new: {shape}, kept {lasting(topic.configs[RETENTION])}"))
            continue
        found += _partitions(name, there.partitions, topic.partitions)
        if there.replication != replication:
            why = f"{name} has {_copies(there.replication)}, which cannot be changed in place"
            found.append(Change(name, f"replication {there.replication} -> {replication}", refused=why))
        found += _settings(name, there.configs, topic.configs)
    return tuple(found)


def lasting(milliseconds: str) -> str:
    """A retention for a person: 7d, 36h, forever."""
    number = int(milliseconds)
    if number < 0:
        return "forever"
    unit = next((one for one in reversed(SHOWN) if number and number % SHOWN[one] == 0), "")
    return f"{number // SHOWN[unit]}{unit}" if unit else f"{number} ms"


def _copies(number: int) -> str:
    return "one copy" if number == 1 else f"{number} copies"


def _partitions(name: str, was: int, will: int) -> list[Change]:
    if was == will:
        return []
    says = f"partitions {was} -> {will}"
    if will > was:
        return [Change(name, f"{says}: records of a key may go to another partition than before")]
    why = f"{name} has {was} partitions, and Kafka cannot take any away: write {was} or make another topic"
    return [Change(name, says, refused=why)]


def _settings(name: str, was: Mapping[str, str], will: Mapping[str, str]) -> list[Change]:
    found = []
    for key in sorted(will):
        before = was.get(key, str(WEEK) if key == RETENTION else "delete" if key == "cleanup.policy" else "")
        if before == will[key]:
            continue
        if key != RETENTION:
            gone = f"{name} keeps only the newest record of every key" if _compacts(key, will[key]) else ""
            found.append(Change(name, f"{key} {before or '(default)'} -> {will[key]}", loses=gone))
            continue
        says = f"retention {lasting(before)} -> {lasting(will[key])}"
        gone = f"{name} loses what is older than {lasting(will[key])}" if _shorter(before, will[key]) else ""
        found.append(Change(name, says, loses=gone))
    return found


def _compacts(key: str, value: str) -> bool:
    return key == "cleanup.policy" and "compact" in value


def _shorter(was: str, will: str) -> bool:
    return int(will) >= 0 and (int(was) < 0 or int(will) < int(was))
