"""Records that cannot be changed unseen, and counts over counters that begin anew."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bambe.evidence.counts import Counts, Tally, begin, look
from bambe.evidence.ledger import END, START, Broken, Record, append, check, is_closed, read

BODIES = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3)


def ledger(bodies: list[dict[str, Any]]) -> list[Record]:
    made: list[Record] = []
    for number, body in enumerate([*bodies, {}]):
        kind = END if number == len(bodies) else "weight"
        previous = made[-1].hash if made else START
        made.append(append("d-1", number, previous, "2026-01-01T00:00:00Z", kind, body))
    return made


@given(st.lists(BODIES, max_size=6))
def test_what_was_written_is_read_and_found_whole(bodies: list[dict[str, Any]]) -> None:
    records = [read(record.line()) for record in ledger(bodies)]
    assert records == ledger(bodies)
    check(records)
    assert is_closed(records)
    assert not is_closed(records[:-1])


@given(st.lists(BODIES, min_size=2, max_size=6), st.data())
def test_every_change_is_found(bodies: list[dict[str, Any]], data: st.DataObject) -> None:
    lines = [record.line() for record in ledger(bodies)]
    place = data.draw(st.integers(0, len(lines) - 2))
    kind = data.draw(st.sampled_from(["byte", "drop", "swap", "double"]))
    if kind == "byte":
        at = data.draw(st.integers(0, len(lines[place]) - 1))
        other = "x" if lines[place][at] != "x" else "y"
        lines[place] = lines[place][:at] + other + lines[place][at + 1 :]
    elif kind == "drop":
        del lines[place]
    elif kind == "swap":
        lines[place], lines[place + 1] = lines[place + 1], lines[place]
    else:
        lines.insert(place, lines[place])
    with pytest.raises(Broken):
        check([read(line) for line in lines])


def counts(ok: int, failed: int = 0, dropped: int = 0) -> Counts:
    return Counts(ok + failed, {"2xx": ok, "5xx": failed}, 0, dropped, {5.0: ok})


def test_a_tally_adds_what_came_since_it_began() -> None:
    tally = begin("a", counts(100, 7), counts(0))
    tally = look(tally, "a", counts(150, 8), counts(5))
    assert (tally.blue.requests, tally.blue.errors, tally.green.requests) == (51, 1, 5)
    assert tally.blue.latencies == {5.0: 50}
    assert tally.zero_loss is True


def test_counters_that_began_anew_leave_a_gap_and_no_promise() -> None:
    tally = look(begin("a", counts(100), counts(0)), "b", counts(30), counts(3))
    assert (tally.blue.requests, tally.green.requests, tally.gaps) == (30, 3, 1)
    assert tally.zero_loss is None
    assert look(begin("a", counts(100), counts(9)), "a", counts(110), counts(2)).gaps == 1


def test_a_drop_is_never_hidden() -> None:
    tally = look(begin("a", counts(1), counts(0)), "b", counts(3), counts(3, 1, dropped=1))
    assert tally.zero_loss is False


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans()), max_size=20))
def test_nothing_is_counted_twice(steps: list[tuple[int, int, bool]]) -> None:
    epoch, blue, green = 0, 0, 0
    tally = begin("0", counts(0), counts(0))
    for more_blue, more_green, anew in steps:
        if anew:
            epoch, blue, green = epoch + 1, 0, 0
        blue, green = blue + more_blue, green + more_green
        tally = look(tally, str(epoch), counts(blue), counts(green))
    assert tally.blue.requests == sum(step[0] for step in steps)
    assert tally.green.requests == sum(step[1] for step in steps)
    assert isinstance(tally, Tally)
