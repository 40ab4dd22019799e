"""The queue of keys: at most once in it, worked by one task at a time, never lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bambe.control import KeyQueue

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_key_added_twice_is_taken_once() -> None:
    queue = KeyQueue()
    queue.add(("a",))
    queue.add(("a",))
    assert queue.take(NOW) == ("a",)
    assert queue.take(NOW) is None


def test_a_key_added_while_it_is_worked_comes_again_afterwards() -> None:
    queue = KeyQueue()
    queue.add(("a",))
    queue.take(NOW)
    queue.add(("a",))
    assert queue.take(NOW) is None
    queue.done(("a",))
    assert queue.take(NOW) == ("a",)


def test_the_earlier_of_two_moments_counts() -> None:
    queue = KeyQueue()
    queue.add_at(("a",), NOW + timedelta(seconds=9))
    queue.add_at(("a",), NOW + timedelta(seconds=3))
    assert queue.next_due() == NOW + timedelta(seconds=3)
    assert queue.take(NOW + timedelta(seconds=3)) == ("a",)
    queue.done(("a",))
    assert queue.take(NOW + timedelta(seconds=9)) is None


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["add", "later", "take", "done"]), st.integers(0, 3), st.integers(0, 5)),
    max_size=60,
)


@given(ACTIONS)
def test_no_wake_up_is_lost_and_no_key_is_worked_twice_at_once(actions: list[tuple[str, int, int]]) -> None:
    queue, busy, owed = KeyQueue(), set(), set()
    for what, number, seconds in actions:
        key = (number,)
        if what == "add":
            queue.add(key)
            owed.add(key)
        elif what == "later":
            queue.add_at(key, NOW + timedelta(seconds=seconds))
            owed.add(key)
        elif what == "take":
            taken = queue.take(NOW)
            if taken is not None:
                assert taken not in busy
                busy.add(taken)
                owed.discard(taken)
        elif busy:
            done = busy.pop()
            queue.done(done)
    for key in busy:
        queue.done(key)
    end = NOW + timedelta(seconds=60)
    while (key := queue.take(end)) is not None:
        owed.discard(key)
        queue.done(key)
    assert owed == set()
    assert queue.idle
