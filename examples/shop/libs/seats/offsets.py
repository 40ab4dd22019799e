"""A consumer group's offsets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient

ANSWERS = 10.0
"""Seconds that brokers may take to answer."""
KEPT = "@"
"""The group `<group>@<deployment>` keeps the offsets that the group had when that release began."""


class Offsets:
    """A group's offsets, kept at the beginning of a release and put back after it."""

    def __init__(self, group: str, settings: dict[str, Any]) -> None:
        self._group = group
        self._admin = AdminClient(settings)

    def partitions(self, topics: Sequence[str]) -> int:
        """Of the topic that has the fewest."""
        return min(len(self._admin.list_topics(topic, ANSWERS).topics[topic].partitions) for topic in topics)

    def keep(self, deployment: str) -> None:
        """Once, before a task of the new version takes its first event."""
        now = self._of(self._group)  # before it is asked whether somebody has kept them: then they are older
        if now and not self._of(self._name(deployment)):
            self._put(self._name(deployment), now)

    def kept(self) -> list[str]:
        """The deployments whose offsets are kept."""
        listed = self._admin.list_consumer_groups(request_timeout=ANSWERS).result().valid
        begins = self._name("")
        return [one.group_id.removeprefix(begins) for one in listed if one.group_id.startswith(begins)]

    def forget(self, deployment: str) -> None:
        """They are not needed any more."""
        for done in self._admin.delete_consumer_groups(
            [self._name(deployment)], request_timeout=ANSWERS
        ).values():
            done.result()

    def put_back(self, deployment: str) -> bool:
        """The group's offsets as they were; False while the group still has members."""
        described = self._admin.describe_consumer_groups([self._group], request_timeout=ANSWERS)[
            self._group
        ].result()
        if described.state not in (ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD):
            return False
        self._put(self._group, self._of(self._name(deployment)))
        return True

    def _name(self, deployment: str) -> str:
        return f"{self._group}{KEPT}{deployment}"

    def _of(self, group: str) -> list[Any]:
        wish = [ConsumerGroupTopicPartitions(group)]
        asked = self._admin.list_consumer_group_offsets(wish, request_timeout=ANSWERS)
        return [one for one in asked[group].result().topic_partitions if one.offset >= 0]

    def _put(self, group: str, places: list[Any]) -> None:
        if places:
            wish = [ConsumerGroupTopicPartitions(group, places)]
            asked = self._admin.alter_consumer_group_offsets(wish, request_timeout=ANSWERS)
            asked[group].result()
