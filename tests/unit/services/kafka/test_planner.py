"""Random worlds: whatever ends and whoever asks, a cluster's nodes come to what is wished."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bambe.services.kafka.model import State
from bambe.services.kafka.planner import (
    Crashed,
    Fail,
    Fetch,
    Forget,
    Node,
    Seen,
    Settle,
    Start,
    Stop,
    Wish,
    look_again,
    plan,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GENERATIONS = st.sampled_from(["old", "new"])


@given(
    st.dictionaries(st.integers(0, 4), st.tuples(GENERATIONS, st.booleans())),
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from([State.CREATING, State.ACTIVE, State.UPDATING, State.REBOOTING_BROKER]),
)
def test_every_world_settles_and_never_more_than_one_healthy_broker_is_stopped(
    there: dict[int, tuple[str, bool]], count: int, keeper: bool, state: State
) -> None:
    wanted = [*([0] if keeper else []), *range(1, count + 1)]
    nodes = {number: Node(*one) for number, one in there.items()}
    wish = Wish(state, dict.fromkeys(wanted, "new"))
    now, image, settled = NOW, False, False
    for _ in range(60):
        up = frozenset(number for number, node in nodes.items() if node.runs and number in range(1, 4))
        actions = plan(wish, Seen(image, dict(nodes), up), now)
        healthy = [
            one.node
            for one in actions
            if isinstance(one, Stop) and one.node in wanted and nodes[one.node].runs
        ]
        assert len(healthy) <= 1, "one at a time"
        if healthy and count > 1:
            assert up >= set(range(1, count + 1)), "only while all are there"
        for action in actions:
            match action:
                case Fetch():
                    image = True
                case Start(node=number):
                    assert number == 0 or not keeper or 0 in nodes, "ZooKeeper comes first"
                    nodes[number] = Node("new", True)
                case Stop(node=number):
                    del nodes[number]
                case Crashed(count=crashes, retry_at=at):
                    wish = Wish(wish.state, wish.nodes, crashes, at)
                case Settle():
                    settled = True
                    wish = Wish(State.ACTIVE, wish.nodes)
        if not actions:
            again = look_again(wish, now)
            if again is None:
                break
            now = max(again, now + timedelta(seconds=1))
    assert nodes == dict.fromkeys(wanted, Node("new", True))
    assert wish.state is State.ACTIVE
    assert settled or state is State.ACTIVE


@given(st.sets(st.integers(1, 3)), st.booleans())
def test_a_change_that_is_late_is_given_up_and_what_hangs_begins_anew(
    up: set[int], is_given_up: bool
) -> None:
    nodes = {number: Node("new", True) for number in range(1, 4)}
    nodes[1] = Node("old", True)
    wish = Wish(State.UPDATING, dict.fromkeys((1, 2, 3), "new"), fail_after=NOW, is_given_up=is_given_up)
    actions = plan(wish, Seen(True, nodes, frozenset(up)), NOW)
    if up == {1, 2, 3} or (1 not in up and (up or is_given_up)):
        assert [one.node for one in actions if isinstance(one, Stop)] == [1]
    else:
        assert [type(one) for one in actions] == [Fail], "it is not stopped while others are not there"
    early = plan(wish, Seen(True, nodes, frozenset(up)), NOW - timedelta(seconds=1))
    assert not [one for one in early if isinstance(one, Fail)]


@given(st.dictionaries(st.integers(0, 3), st.tuples(GENERATIONS, st.booleans())))
def test_a_cluster_that_ends_is_forgotten_once_nothing_of_it_runs(there: dict[int, tuple[str, bool]]) -> None:
    nodes = {number: Node(*one) for number, one in there.items()}
    wish = Wish(State.DELETING, {1: "new"})
    actions = plan(wish, Seen(False, nodes), NOW)
    if nodes:
        assert {one.node for one in actions if isinstance(one, Stop)} == set(nodes)
    else:
        assert [type(one) for one in actions] == [Forget]
