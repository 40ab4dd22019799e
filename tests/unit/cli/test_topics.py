"""What changes in topics is said beforehand, and nothing that would lose events passes unsaid."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bambe.cli.topics import LiveTopic, changes, lasting
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
    assert said({"partitions": 3}, None) == [("new: 3 partitions, one copy, kept 7d", "", "")]


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


@given(
    st.fixed_dictionaries(
        {
            "partitions": st.integers(1, 20),
            "retention": st.sampled_from(["1m", "1d", "30d", "forever"]),
            "compact": st.booleans(),
        }
    ),
    st.fixed_dictionaries(
        {
            "partitions": st.integers(1, 20),
            "retention": st.sampled_from(["1m", "1d", "30d", "forever"]),
            "compact": st.booleans(),
        }
    ),
)
def test_a_plan_that_is_done_leaves_nothing(first: dict[str, object], second: dict[str, object]) -> None:
    events = [Events.model_validate({"topics": {"t": one}}) for one in (first, second)]
    live = [
        {"t": LiveTopic(one.topics["t"].partitions, one.replication_of("t"), one.topics["t"].configs)}
        for one in events
    ]
    assert changes(events[0], live[0]) == ()
    found = changes(events[1], live[0])
    lasts = {"1m": 0, "1d": 1, "30d": 2, "forever": 3}
    shrinks = lasts[str(second["retention"])] < lasts[str(first["retention"])]
    assert any("loses" in one.loses for one in found) == shrinks
    assert any(one.refused for one in found) == (
        int(str(second["partitions"])) < int(str(first["partitions"]))
    )
