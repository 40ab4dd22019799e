"""How soon clients see a change of weights: from the API call to the first answer that shows it.

python -m benchmarks.weight_change [--rounds 100]

Beside the limit of the house (50 ms), what the engine takes alone, and what Envoy itself takes when its
file is renamed by hand.
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
from benchmarks.balancer import LISTENS, balancer
from benchmarks.report import Result, Row, options, tell

TITLE = "Change of weights"
QUESTION = """\
How soon do clients see a change of weights: from the call of ModifyListener, signed, to the first answer
through the load balancer that shows it? The median may be 50 ms. Beside it, what the engine behind it
takes alone, and what Envoy itself takes when its file is renamed by hand."""

ROUNDS = 100
HOST, PORT = "127.0.26.1", 18261
LIMIT = 50.0
API, ENGINE, BARE = "ModifyListener", "the engine's apply()", "a bare rename"
NAMES = ("blue", "green")
CLIENTS = 2
PAUSE = 0.02


async def _measure(rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each round, by way."""
    async with balancer(NAMES) as made:
        found = {API: await _rounds(made.give_all_to, (made.host, LISTENS), rounds)}
    backends = [await Backend(name).start() for name in NAMES]
    with tempfile.TemporaryDirectory() as state:
        proxy = EnvoyProxy(Path(state))
        await proxy.start()
        try:
            contents = {}
            for name in NAMES:
                await proxy.apply(_world(backends, name))
                (routes,) = (Path(state) / "envoy/routes").glob("*.json")
                contents[name] = routes.read_text()

            async def applied(name: str) -> None:
                await proxy.apply(_world(backends, name))

            async def renamed(name: str) -> None:
                temporary = routes.with_suffix(".tmp")
                temporary.write_text(contents[name])
                temporary.replace(routes)

            found[ENGINE] = await _rounds(applied, (HOST, PORT), rounds)
            found[BARE] = await _rounds(renamed, (HOST, PORT), rounds)
            return found
        finally:
            await proxy.remove_everything()
            for backend in backends:
                backend.kill()


async def _rounds(change: Callable[[str], Awaitable[None]], at: tuple[str, int], rounds: int) -> list[float]:
    await _round(change, at, NAMES[1])
    return [await _round(change, at, NAMES[number % 2]) for number in range(rounds)]


async def _round(change: Callable[[str], Awaitable[None]], at: tuple[str, int], wanted: str) -> float:
    start = time.perf_counter()
    seen = [asyncio.create_task(_first(at, wanted)) for _ in range(CLIENTS)]
    await change(wanted)
    found = min(await asyncio.gather(*seen))
    await asyncio.sleep(PAUSE)
    return (found - start) * 1000


async def _first(at: tuple[str, int], wanted: str) -> float:
    """When the first answer of `wanted` has come on a kept connection."""
    client = Client(*at)
    while (await client.ask()).body != wanted:
        pass
    found = time.perf_counter()
    await client.close()
    return found


def _world(backends: list[Backend], name: str) -> World:
    groups = tuple(
        TargetGroup(b.name, b.name, targets=(Target("127.0.0.1", b.port),), check=Check()) for b in backends
    )
    rule = Rule("default", (), Forward({one: 100 if one == name else 0 for one in NAMES}))
    return World((LoadBalancer("lb", "lb", (HOST,), (Listener("ls", PORT, "HTTP", (rule,)),)),), groups)


def measured(rounds: int = ROUNDS) -> Result:
    """Median and worst beside the limit and a bare rename."""
    found = asyncio.run(_measure(rounds))
    own = statistics.median(found[API])
    rows = [Row(f"{API}, median", own, "limit", LIMIT, "ms", at_most=1)]
    for way, other in ((API, ENGINE), (ENGINE, BARE)):
        rows.append(
            Row(f"{way}, median", statistics.median(found[way]), other, statistics.median(found[other]), "ms")
        )
        rows.append(Row(f"{way}, 99th percentile", _worst(found[way]), other, _worst(found[other]), "ms"))
    return Result(tuple(rows))


def _worst(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    return tell(measured(parser.parse_args().rounds))


if __name__ == "__main__":
    sys.exit(main())
