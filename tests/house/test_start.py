"""A daemon answers before it has imported what its first answer does not need."""

from __future__ import annotations

import json
import subprocess
import sys

LATER = {"aiodocker", "aiohttp", "boto3", "cryptography", "dns", "pydantic", "rich", "typer"}
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


def test_the_first_answer_needs_few_imports() -> None:
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout))
    assert "msgspec" in loaded
    assert loaded & LATER == set()
