"""A daemon answers before it has imported what its first answer does not need, and never what it can do
without: what is imported stays in its memory."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

LATER = {"aiodocker", "aiohttp", "boto3", "cryptography", "dns", "pydantic", "rich", "typer"}
NEVER = {"boto3", "confluent_kafka", "cryptography", "dns", "kazoo", "pydantic", "rich", "typer"}
START = """
import asyncio, json, sys
from bambe.daemon.options import Options
from bambe.daemon.platform import Platform

async def main():
    platform = Platform(Options(None, engines=False, port=0))
    await platform.start()
    loaded = sorted({name.partition(".")[0] for name in sys.modules})
    await platform.stop()
    print(json.dumps(loaded))

asyncio.run(main())
"""


WHOLE = """
import asyncio, json, sys
import bambe.daemon.inside, bambe.daemon.policies
from bambe.daemon.options import Options
from bambe.daemon.platform import Platform

class Pushed:
    async def heads(self, repository):
        return ["0" * 40]

    async def pushed(self, repository):
        return ["seen"]

    async def file(self, repository, commit, path):
        return "project: shop\\nserviecs: {}"

async def main():
    platform = Platform(Options(None, engines=False, port=0))
    await platform.start()
    while not platform.ready:
        assert platform.health()["waiting_for"] == "reading the services", platform.health()
        await asyncio.sleep(0.01)
    for service in platform.services:
        platform.models.service(service)
    door = bambe.daemon.policies.GitDoor(platform.keyring, Pushed(), Pushed())
    said = await door.pushed("shop")
    loaded = sorted({name.partition(".")[0] for name in sys.modules})
    await platform.stop()
    print(json.dumps([said, loaded]))

asyncio.run(main())
"""


def printed(script: str) -> Any:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_first_answer_needs_few_imports() -> None:
    loaded = set(printed(START))
    assert "msgspec" in loaded
    assert loaded & LATER == set()


def test_what_has_everything_and_heard_of_a_push_holds_no_library_of_others() -> None:
    said, loaded = printed(WHOLE)
    assert said[0] == "seen"
    assert "did you mean `services`?" in said[1]
    assert "aiodocker" in loaded
    assert NEVER.intersection(loaded) == set()
