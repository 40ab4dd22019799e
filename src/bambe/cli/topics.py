"""What a bambe.yml changes in the topics that are there, and what of it would lose events; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bambe.cli.losses import BROKERS, RETENTION, in_force, kept, lasting, loses
from bambe.project.events import Events

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LiveTopic:
    """A topic as the cluster has it; `configs` by Kafka's names, those of the topic itself."""

    partitions: int
    replication: int
    configs: Settings = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `says` it in one line; `refused` why Kafka cannot; `loses` what would be gone."""

    topic: str
    says: str
    refused: str = ""
    loses: str = ""


def changes(
    wish: Events,
    live: Mapping[str, LiveTopic],
    brokers: Settings | None = None,
    ours: Mapping[str, str] | None = None,
) -> tuple[Change, ...]:
    """What has to be done to the topics of `live` to make `wish` true, by name, and what follows for them
    and all others from other settings of the brokers; `brokers` are those they have now. `ours` are the
    topics that are the stack's so far, each with the command that deletes it."""
    found: list[Change] = []
    now = brokers or {}
    for name, topic in sorted(wish.topics.items()):
        there = live.get(name)
        replication = wish.replication_of(name)
        if there is None:
            shape = f"{topic.partitions} partitions, {_copies(replication)}"
            found.append(Change(name, f"new: {shape}, kept: {kept(topic.configs, wish.settings)}"))
            continue
        found += _partitions(name, there.partitions, topic.partitions)
        if there.replication != replication:
            why = f"{name} has {_copies(there.replication)}, which cannot be changed in place"
            found.append(Change(name, f"replication {there.replication} -> {replication}", refused=why))
        found += _settings(name, (there.configs, now), (topic.configs, wish.settings))
    for name, there in sorted(live.items()):
        if name not in wish.topics:  # a stack retains its topics when it forgets them
            found += _let_go(name, (ours or {}).get(name, ""))
            found += _settings(name, (there.configs, now), (there.configs, wish.settings))
    return tuple(found)


def _let_go(name: str, command: str) -> list[Change]:
    says = f"no longer in bambe.yml; it stays on the cluster with its events (`{command}` deletes both)"
    return [Change(name, says)] if command else []


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


def _settings(name: str, was: tuple[Settings, Settings], will: tuple[Settings, Settings]) -> list[Change]:
    """Each of the two: settings of the topic itself, and of the brokers."""
    keys = sorted({*was[0], *will[0], *BROKERS})
    before, after = ({key: in_force(key, *one) for key in keys} for one in (was, will))
    found = []
    for key in keys:
        if before[key] == after[key] and (key in BROKERS or was[0].get(key) == will[0].get(key)):
            continue
        gone = loses(key, before, after)
        found.append(
            Change(name, _said(key, before[key], after[key]), loses=f"{name} {gone}" if gone else "")
        )
    return found


def _said(key: str, was: str, will: str) -> str:
    if key == RETENTION:
        return f"retention {lasting(was)} -> {lasting(will)}"
    return f"{key} {was or '(default)'} -> {will or '(default)'}"
