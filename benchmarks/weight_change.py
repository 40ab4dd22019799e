"""How soon clients see a change of weights: from the call of `apply` to the first answer that shows it.

python -m benchmarks.weight_change [--rounds 100]

Beside the limit of the house (50 ms) and what Envoy itself takes when its file is renamed by hand.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.support.backend import Backend, Client

from bambe.engines.proxy.envoy import EnvoyProxy
from bambe.engines.proxy.port import Check, Forward, Listener, LoadBalancer, Rule, Target, TargetGroup, World
from benchmarks.report import Result, Row, options, tell

TITLE = "Change of weights"
QUESTION = """\
How soon do clients see a change of weights: from the call that changes them to the first answer that
shows it? The median may be 50 ms. Beside it, what Envoy itself takes when its file is renamed by hand."""

ROUNDS = 100
HOST, PORT = "127.0.26.1", 18261
LIMIT = 50.0
OURS, BARE = "apply()", "a bare rename"
CLIENTS = 2
PAUSE = 0.02


async def _measure(rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each round, by way."""
    backends = [await Backend(name).start() for name in ("blue", "green")]
    with tempfile.TemporaryDirectory() as state:
        proxy = EnvoyProxy(Path(state))
        await proxy.start()
        try:
            await proxy.apply(_world(backends, 100))
            (routes,) = (Path(state) / "envoy/routes").glob("*.json")
            blue = routes.read_text()
            await proxy.apply(_world(backends, 0))
            green = routes.read_text()

            async def applied(to_blue: bool) -> None:
                await proxy.apply(_world(backends, 100 if to_blue else 0))

            async def renamed(to_blue: bool) -> None:
                temporary = routes.with_suffix(".tmp")
                temporary.write_text(blue if to_blue else green)
                temporary.replace(routes)

            return {OURS: await _rounds(applied, rounds), BARE: await _rounds(renamed, rounds)}
        finally:
            await proxy.remove_everything()
            for backend in backends:
                backend.kill()


async def _rounds(change: Callable[[bool], Awaitable[None]], rounds: int) -> list[float]:
    return [await _round(change, number % 2 == 0) for number in range(rounds)]


async def _round(change: Callable[[bool], Awaitable[None]], to_blue: bool) -> float:
    wanted = "blue" if to_blue else "green"
    start = time.perf_counter()
    seen = [asyncio.create_task(_first(wanted)) for _ in range(CLIENTS)]
    await change(to_blue)
    found = min(await asyncio.gather(*seen))
    await asyncio.sleep(PAUSE)
    return (found - start) * 1000


async def _first(wanted: str) -> float:
    """When the first answer of `wanted` has come on a kept connection."""
    client = Client(HOST, PORT)
    while (await client.ask()).body != wanted:
        pass
    found = time.perf_counter()
    await client.close()
    return found


def _world(backends: list[Backend], blue: int) -> World:
    groups = tuple(
        TargetGroup(b.name, b.name, targets=(Target("127.0.0.1", b.port),), check=Check()) for b in backends
    )
    rule = Rule("default", (), Forward({"blue": blue, "green": 100 - blue}))
    return World((LoadBalancer("lb", "lb", (HOST,), (Listener("ls", PORT, "HTTP", (rule,)),)),), groups)


def measured(rounds: int = ROUNDS) -> Result:
    """Median and worst beside the limit and a bare rename."""
    found = asyncio.run(_measure(rounds))
    ours, bare = found[OURS], found[BARE]
    middle = statistics.median(ours)
    return Result(
        (
            Row("median", middle, "limit", LIMIT, "ms", at_most=1),
            Row("median", middle, BARE, statistics.median(bare), "ms"),
            Row("99th percentile", _worst(ours), BARE, _worst(bare), "ms"),
        )
    )


def _worst(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    return tell(measured(parser.parse_args().rounds))


if __name__ == "__main__":
    sys.exit(main())
