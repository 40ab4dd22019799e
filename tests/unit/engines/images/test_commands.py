"""Running programs: their output, their silence, their absence."""

from __future__ import annotations

from bambe.engines.images.commands import NOT_FOUND, SILENT, run_program
from bambe.kernel.clock import monotonic


async def test_lines_are_heard_as_they_come_and_the_status_is_kept() -> None:
    heard: list[str] = []
    done = await run_program("sh", "-c", "cat; echo two >&2; exit 3", stdin=b"one\n", hear=heard.append)
    assert heard == ["one", "two"]
    assert (done.status, done.last_line, done.ok) == (3, "two", False)


async def test_a_program_that_says_nothing_is_ended() -> None:
    began = monotonic()
    done = await run_program("sleep", "30", first_word_within=0.2)
    assert done.status == SILENT
    assert monotonic() - began < 10


async def test_a_program_that_speaks_in_time_may_go_on() -> None:
    done = await run_program("sh", "-c", "echo begins; sleep 0.4; echo ends", first_word_within=0.3)
    assert (done.status, done.output) == (0, "begins\nends")


async def test_a_missing_program_is_an_outcome() -> None:
    assert (await run_program("/no/such/program")).status == NOT_FOUND
