"""What changes in topics is said beforehand, and nothing that would lose events passes unsaid."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.cli.losses import lasting
from bambe.cli.topics import LiveTopic, changes
from bambe.project.events import Events

WEEK = str(7 * 86_400_000)
LIVE = LiveTopic(6, 1, {"retention.ms": WEEK, "cleanup.policy": "delete"})


def said(topic: dict[str, object], live: LiveTopic | None = LIVE) -> list[tuple[str, str, str]]:
    wish = Events.model_validate({"topics": {"orders": topic}})
    found = changes(wish, {} if live is None else {"orders": live})
    return [(one.says, one.refused, one.loses) for one in found]


def test_nothing_to_do_is_nothing() -> None:
    assert said({}) == []
    assert said({}, LiveTopic(6, 1)) == []  # what Kafka does where a topic says nothing


def test_a_new_topic_is_described() -> None:
    assert said({"partitions": 3}, None) == [("new: 3 partitions, one copy, kept: 7d", "", "")]
    compacted = said({"partitions": 3, "compact": True}, None)
    assert compacted == [("new: 3 partitions, one copy, kept: the newest of every key", "", "")]


def test_more_partitions_warn_of_the_order_within_a_key() -> None:
    ((says, refused, loses),) = said({"partitions": 12})
    assert says == "partitions 6 -> 12: records of a key may go to another partition than before"
    assert (refused, loses) == ("", "")


def test_fewer_partitions_and_another_replication_cannot_be() -> None:
    ((says, refused, _),) = said({"partitions": 3})
    assert says == "partitions 6 -> 3"
    assert refused == "orders has 6 partitions, and Kafka cannot take any away: write 6 or make another topic"
    ((_, refused, _),) = said({}, LiveTopic(6, 3, LIVE.configs))
    assert refused == "orders has 3 copies, which cannot be changed in place"


def test_what_would_lose_events_says_so() -> None:
    assert said({"retention": "1d"}) == [("retention 7d -> 1d", "", "orders loses what is older than 1d")]
    assert said({"retention": "forever"}) == [("retention 7d -> forever", "", "")]
    ((_, _, loses),) = said({"compact": True})
    assert loses == "orders keeps only the newest record of every key"
    assert said({"settings": {"max.message.bytes": "9"}}) == [("max.message.bytes (default) -> 9", "", "")]


@given(st.integers(-1, 10**12))
def test_every_retention_can_be_said(milliseconds: int) -> None:
    assert lasting(str(milliseconds))


BROAD = {"retention.ms": "-1", "cleanup.policy": "compact"}


@pytest.mark.parametrize(
    ("topic", "configs", "loses"),
    [
        ({}, BROAD, "loses what is older than 7d"),
        ({"retention": "forever"}, BROAD, ""),
        (
            {"retention": "forever", "settings": {"retention.bytes": "1000000"}},
            BROAD,
            "keeps only the newest 1,000,000 bytes of every partition",
        ),
        (
            {"settings": {"retention.bytes": "5"}},
            {**LIVE.configs, "retention.bytes": "9"},
            "keeps only the newest 5 bytes of every partition",
        ),
        ({"settings": {"retention.bytes": "-1"}}, {**LIVE.configs, "retention.bytes": "9"}, ""),
        ({}, {**LIVE.configs, "retention.bytes": "9"}, ""),
        (
            {"settings": {"segment.ms": "60000"}},
            LIVE.configs,
            "loses what is kept only as long as its segment",
        ),
        ({"retention": "forever", "settings": {"segment.bytes": "99"}}, {"retention.ms": "-1"}, ""),
        (
            {},
            {**LIVE.configs, "segment.bytes": str(1 << 31)},
            "loses what is kept only as long as its segment",
        ),
        ({"compact": True}, {**BROAD, "delete.retention.ms": "999999999"}, "forgets sooner which keys were"),
        (
            {"compact": True},
            {**BROAD, "min.compaction.lag.ms": "60000"},
            "loses older records of a key sooner",
        ),
        (
            {"compact": True, "settings": {"max.compaction.lag.ms": "60000"}},
            BROAD,
            "loses older records of a key sooner",
        ),
        ({"settings": {"max.compaction.lag.ms": "60000"}}, LIVE.configs, ""),
        ({"compact": True, "retention": "1d"}, BROAD, ""),
        (
            {},
            {**LIVE.configs, "unclean.leader.election.enable": "false"},
            "may lose records when a broker ends",
        ),
        ({}, {**LIVE.configs, "unclean.leader.election.enable": "true"}, ""),
    ],
)
def test_whatever_takes_events_away_is_said(
    topic: dict[str, object], configs: dict[str, str], loses: str
) -> None:
    found = [one for _, _, one in said(topic, LiveTopic(6, 1, configs)) if one]
    assert [one.startswith(f"orders {loses}") for one in found] == ([True] if loses else [])


def test_a_setting_that_bambe_yml_drops_is_said_to_return_to_the_default() -> None:
    live = LiveTopic(6, 1, {**LIVE.configs, "max.message.bytes": "9", "retention.bytes": "9"})
    assert [says for says, _, _ in said({}, live)] == [
        "max.message.bytes 9 -> (default)",
        "retention.bytes 9 -> -1",
    ]


def test_settings_of_the_brokers_count_where_a_topic_has_none_of_its_own() -> None:
    wish = Events.model_validate({"topics": {"orders": {}}, "settings": {"log.retention.bytes": "1000"}})
    live = {"orders": LIVE, "kept": LiveTopic(1, 1, {"retention.bytes": "5"}), "old": LiveTopic(1, 1)}
    assert [(one.topic, one.loses) for one in changes(wish, live)] == [
        ("orders", "orders keeps only the newest 1,000 bytes of every partition"),
        ("old", "old keeps only the newest 1,000 bytes of every partition"),
    ]
    assert changes(wish, live, {"log.retention.bytes": "1000"}) == ()
    hours = Events.model_validate({"settings": {"log.retention.hours": "24"}})
    (change,) = changes(hours, {"old": LiveTopic(1, 1)})
    assert (change.says, change.loses) == ("retention 7d -> 1d", "old loses what is older than 1d")
    assert changes(hours, {"old": LiveTopic(1, 1)}, {"log.retention.minutes": "1440"}) == ()


def test_only_of_a_topic_of_the_stack_it_is_said_that_it_stays() -> None:
    wish = Events.model_validate({"topics": {"orders": {}}})
    live = {"orders": LIVE, "gone": LIVE, "others": LIVE}
    found = changes(wish, live, ours=dict.fromkeys(("orders", "gone", "never.made"), "delete it"))
    assert [(one.topic, one.says, one.refused, one.loses) for one in found] == [
        (
            "gone",
            "no longer in bambe.yml; it stays on the cluster with its events (`delete it` deletes both)",
            "",
            "",
        )
    ]


TOPICS = st.fixed_dictionaries(
    {
        "partitions": st.integers(1, 20),
        "retention": st.sampled_from(["1m", "1d", "30d", "forever"]),
        "compact": st.booleans(),
    }
)
LASTS = {"1m": 1, "1d": 2, "30d": 3, "forever": 4}
RECORDS = frozenset(product(range(5), (False, True)))
"""How old, on the scale of LASTS, and whether its key has a newer one."""


def kept(topic: dict[str, object]) -> set[tuple[int, bool]]:
    """The records that are there for good."""
    if topic["compact"]:
        return {(age, superseded) for age, superseded in RECORDS if not superseded}
    return {(age, superseded) for age, superseded in RECORDS if age < LASTS[str(topic["retention"])] + 1}


@given(TOPICS, TOPICS)
def test_a_plan_that_is_done_leaves_nothing(first: dict[str, object], second: dict[str, object]) -> None:
    events = [Events.model_validate({"topics": {"t": one}}) for one in (first, second)]
    live = [
        {"t": LiveTopic(one.topics["t"].partitions, one.replication_of("t"), one.topics["t"].configs)}
        for one in events
    ]
    assert changes(events[0], live[0]) == ()
    found = changes(events[1], live[0])
    assert any(one.loses for one in found) == bool(kept(first) - kept(second))
    assert any(one.refused for one in found) == (
        int(str(second["partitions"])) < int(str(first["partitions"]))
    )
