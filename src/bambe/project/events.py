"""The Kafka cluster of a project and its topics: the part `events:` of a bambe.yml."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from bambe.engines.brokers import versions
from bambe.project.words import FOREVER, Retention, Strict

TOPIC = r"^[a-zA-Z0-9._-]{1,249}$"
SET_BY_US = ("retention.ms", "cleanup.policy")
"""Settings that have words of their own."""


def _topic_name(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(TOPIC, value) or value in (".", ".."):
        raise ValueError(
            f"{value!r} is no name of a topic: up to 249 letters, digits, dots, dashes, underscores"
        )
    if value.startswith("__"):
        raise ValueError(
            f"{value!r} is a name that Kafka keeps for itself: begin with something else than __"
        )
    return value


KafkaVersion = Annotated[
    str,
    BeforeValidator(
        lambda value: str(value) if isinstance(value, int | float) else value, json_schema_input_type=str
    ),
]
TopicName = Annotated[str, BeforeValidator(_topic_name, json_schema_input_type=str), Field(pattern=TOPIC)]


class Topic(Strict):
    """One topic; `replication` 0 is what the number of brokers allows, three at most."""

    partitions: int = Field(default=6, ge=1, le=1000, strict=True)
    replication: int = Field(default=0, ge=0, le=3, strict=True, description="copies of each record")
    retention: Retention = Field(default=timedelta(days=7), description='such as 7d, or "forever"')
    compact: bool = Field(default=False, strict=True, description="keep the newest record of every key")
    settings: dict[str, str] = Field(default={}, description="further settings, by Kafka's names")

    @property
    def configs(self) -> dict[str, str]:
        """The topic's settings by Kafka's names."""
        kept = -1 if self.retention == FOREVER else int(self.retention.total_seconds() * 1000)
        policy = "compact" if self.compact else "delete"
        return {**self.settings, "cleanup.policy": policy, "retention.ms": str(kept)}

    @model_validator(mode="after")
    def _say_it_once(self) -> Topic:
        for name in SET_BY_US:
            if name in self.settings:
                raise ValueError(f"write `retention` and `compact` instead of the setting {name}")
        if self.retention != FOREVER and self.retention < timedelta(minutes=1):
            raise ValueError("retention is at least 1m")
        return self


class Events(Strict):
    """A Kafka cluster of Amazon MSK, and what is in it."""

    kafka: KafkaVersion = Field(default=versions.RECOMMENDED, description="MSK's name of the version")
    brokers: int = Field(default=1, ge=1, le=3, strict=True, description="on AWS two or three: one a zone")
    instance: str = Field(
        default="kafka.t3.small",
        pattern=r"^kafka\.[a-z0-9]+\.[a-z0-9]+$",
        examples=["kafka.m7g.large"],
    )
    storage: int = Field(default=10, ge=1, le=16384, strict=True, description="GiB a broker")
    access: Literal["tls", "plaintext", "scram"] = Field(
        default="tls", description="how services reach it; scram: over TLS, with a user and a password"
    )
    settings: dict[str, str] = Field(default={}, description="server.properties of the brokers")
    topics: dict[TopicName, Topic] = Field(default={})

    def replication_of(self, topic: str) -> int:
        """Copies of each record of `topic`."""
        return self.topics[topic].replication or self.brokers

    @model_validator(mode="after")
    def _a_version_there_is(self) -> Events:
        known = [one.name for one in versions.offered()]
        if self.kafka not in known:
            raise ValueError(f"kafka {self.kafka!r} is not offered: take one of {', '.join(known)}")
        return self

    @model_validator(mode="after")
    def _enough_brokers(self) -> Events:
        for name, topic in self.topics.items():
            if topic.replication > self.brokers:
                raise ValueError(
                    f"topics.{name}: replication is at most the number of brokers, {self.brokers}"
                )
        return self

    @model_validator(mode="after")
    def _topics_do_not_collide(self) -> Events:
        taken: dict[str, str] = {}
        for name in self.topics:
            alike = name.replace(".", "_")
            if alike in taken:
                raise ValueError(
                    f"topics.{taken[alike]} and {name} differ in dots and underscores only: Kafka takes one"
                )
            taken[alike] = name
        return self

    def ended(self, today: date) -> str:
        """One sentence where MSK does not support the version any more, or soon will not; else ""."""
        found = versions.find(self.kafka)
        if found is None or found.ends is None or found.ends > today + timedelta(days=90):
            return ""
        when = "ended" if found.ends <= today else "ends"
        return (
            f"events.kafka: MSK's support of Kafka {self.kafka} {when} on {found.ends:%Y-%m-%d}:"
            f" take {versions.RECOMMENDED}."
        )
