"""Reading Docker's log stream, however it is cut into pieces."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bambe.engines.containers.loglines import HEADER, LONGEST, LogReader, read_from
from bambe.engines.containers.port import LogLine

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def frame(text: str, *, nanos: int = 0, stream: int = 1) -> bytes:
    payload = f"2026-11-23T15:00:00.{nanos:09d}Z {text}".encode()
    return HEADER.pack(stream, len(payload)) + payload


def test_streams_and_times_are_told_apart() -> None:
    data = frame("out\n", nanos=1_000) + frame("err\n", nanos=2_999, stream=2)
    assert list(LogReader().feed(data)) == [
        LogLine(START.replace(microsecond=1), "stdout", "out"),
        LogLine(START.replace(microsecond=2), "stderr", "err"),
    ]


def test_a_long_line_in_pieces_is_one_line_though_the_other_stream_speaks_between() -> None:
    data = frame("a" * 16384, nanos=1_000) + frame("err\n", nanos=2_000, stream=2) + frame("b\n", nanos=1_000)
    lines = list(LogReader().feed(data))
    assert [line.text for line in lines] == ["err", "a" * 16384 + "b"]


def test_a_line_without_end_is_cut_and_the_last_one_is_not_lost() -> None:
    reader = LogReader()
    cut = [line for _ in range(LONGEST // 16384) for line in reader.feed(frame("x" * 16384))]
    assert [len(line.text) for line in cut] == [LONGEST]
    assert list(reader.feed(frame("no newline"))) == []
    assert [line.text for line in reader.rest()] == ["no newline"]


def test_what_the_engine_sends_again_is_left_out() -> None:
    first, second, third = (frame(f"{n}\n", nanos=n * 100) for n in (1, 2, 3))
    lines = list(LogReader().feed(first + second + second + first + second + third))
    assert [line.text for line in lines] == ["1", "2", "3"]


def test_bytes_that_are_no_text_do_not_stop_it() -> None:
    payload = b"2026-11-23T15:00:00.000000000Z \xff\xfe\n"
    (line,) = LogReader().feed(HEADER.pack(1, len(payload)) + payload)
    assert line.text == "\ufffd\ufffd"


@given(
    st.lists(st.integers(0, 5_000), min_size=1, max_size=30),
    st.lists(st.integers(1, 90), min_size=1),
    st.data(),
)
def test_resuming_after_any_line_gives_exactly_the_rest(
    nanos: list[int], cuts: list[int], data: st.DataObject
) -> None:
    stream = b"".join(frame(f"{n}\n", nanos=at) for n, at in enumerate(sorted(nanos)))
    reader, lines, rest, turn = LogReader(), [], stream, 0
    while rest:
        size = cuts[turn % len(cuts)]
        lines += list(reader.feed(rest[:size]))
        rest, turn = rest[size:], turn + 1
    assert [line.text for line in lines] == [str(n) for n in range(len(nanos))]
    assert all(a.at < b.at for a, b in itertools.pairwise(lines))
    position = data.draw(st.integers(0, len(lines) - 1))
    assert list(LogReader(lines[position].at).feed(stream)) == lines[position + 1 :]


def test_reading_begins_a_little_before_since() -> None:
    assert read_from(None) == "0"
    assert float(read_from(START)) == START.timestamp() - 1
