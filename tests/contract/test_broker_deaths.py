"""Whoever dies while events flow: none that was acknowledged is lost, and those of a key keep their order."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from bambe.engines.brokers.port import HOST_PLAINTEXT_PORT
from tests.contract.kafka import Running
from tests.support.events import WITHIN, Member, Writer, by_key, read

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]


async def test_a_broker_and_a_consumer_may_die_while_others_write(kafka: Running, tmp_path: Path) -> None:
    if kafka.count < 3:
        pytest.skip("needs three brokers")
    topic = await kafka.topic(6)
    settings = {"bootstrap.servers": kafka.addresses(HOST_PLAINTEXT_PORT)}
    writer = Writer(settings, topic)
    first, second = (Member(settings, topic, "group", tmp_path / name) for name in ("first", "second"))
    first.start()
    second.start()
    writer.start()
    try:
        for member in (first, second):
            await asyncio.to_thread(member.more, 50)
        await kafka.kill(2)
        await kafka.until(
            lambda seen: 2 not in seen.brokers and all(p.leader for p in seen.topics[topic].partitions)
        )
        await asyncio.to_thread(writer.more, 100)
        await asyncio.to_thread(first.kill)
        await asyncio.to_thread(writer.more, 100)
        await kafka.remake(2)
        await kafka.until(lambda seen: len(seen.brokers) == 3 and seen.under_replicated == 0)
        await asyncio.to_thread(writer.more, 100)
    finally:
        acknowledged = await asyncio.to_thread(writer.stop)
    try:
        await asyncio.to_thread(everything_is_handled, first, second, set(acknowledged))
    finally:
        second.kill()
    there = await asyncio.to_thread(read, settings, topic, len(acknowledged))
    assert set(there) == set(acknowledged)
    for key, numbers in by_key(there).items():
        assert numbers == list(range(len(numbers))), f"{key}: lost, doubled or out of order"


def everything_is_handled(first: Member, second: Member, events: set[tuple[str, int]]) -> None:
    end = time.monotonic() + WITHIN
    while left := events - set(first.handled()) - set(second.handled()):
        assert time.monotonic() < end, f"{len(left)} events are not handled, such as {min(left)}"
        time.sleep(0.2)
    for member in (first, second):
        for key, numbers in by_key(member.handled()).items():
            fresh = [one for at, one in enumerate(numbers) if one not in numbers[:at]]
            assert fresh == sorted(fresh), f"{key} is handled out of order"
