"""Starting a task beside a bare `docker run --detach` of the same image, turn by turn.

python -m benchmarks.containers [--rounds 15] [--image python:3.11-slim]

Both attach a container to the same bridge network; both end when the Engine says it runs. A task of
two containers has a third that holds its namespace.
"""

from __future__ import annotations

import asyncio
import secrets
import statistics
import subprocess
import sys
import time

from bambe.engines.containers.docker import DockerContainers
from bambe.engines.containers.port import ContainerSpec, TaskSpec
from benchmarks.report import Result, Row, options, tell

TITLE = "Starting a task"
QUESTION = """\
How long does starting a task take beside a bare `docker run --detach` of the same image, turn by turn,
medians? Both attach a container to the same bridge network; a task of two containers has a third that
holds its namespace. A task of one may take at most 15 % more."""

IMAGE, ROUNDS = "python:3.11-slim", 15
LIMIT = 1.15
"""Most a task of one container may take, as a multiple of `docker run`."""

COMMAND = ("sleep", "60")


async def _measure(image: str, rounds: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds of `docker run`, of a task of one container, of a task of two; one of each per round."""
    engine = DockerContainers(f"bench{secrets.token_hex(3)}")
    network = await engine.start()
    bare: list[float] = []
    single: list[float] = []
    double: list[float] = []
    try:
        for _ in range(rounds + 1):
            bare.append(await asyncio.to_thread(docker_run, image, network.name, network.gateway))
            single.append(await start(engine, image, 1))
            double.append(await start(engine, image, 2))
    finally:
        await engine.remove_everything()
        await engine.stop()
    return bare[1:], single[1:], double[1:]


async def start(engine: DockerContainers, image: str, containers: int) -> float:
    members = tuple(ContainerSpec(f"c{n}", image, COMMAND, memory=64) for n in range(containers))
    task = TaskSpec(secrets.token_hex(16), members)
    began = time.perf_counter()
    await engine.start_task(task)
    took = time.perf_counter() - began
    await engine.remove_task(task.id)
    return took


def docker_run(image: str, network: str, gateway: str) -> float:
    name = f"bambe-bench-{secrets.token_hex(4)}"
    options = ("--detach", "--name", name, "--network", network, "--dns", gateway, "--memory", "64m")
    began = time.perf_counter()
    subprocess.run(["docker", "run", *options, image, *COMMAND], check=True, capture_output=True)
    took = time.perf_counter() - began
    subprocess.run(["docker", "rm", "--force", name], check=True, capture_output=True)
    return took


def measured(image: str = IMAGE, rounds: int = ROUNDS) -> Result:
    """Tasks of one and of two beside `docker run`."""
    bare, single, double = asyncio.run(_measure(image, rounds))
    peer = ("docker run --detach", statistics.median(bare) * 1000, "ms")
    return Result(
        (
            Row("a task of one container", statistics.median(single) * 1000, *peer, at_most=LIMIT),
            Row("a task of two containers", statistics.median(double) * 1000, *peer),
        ),
        f"Best of {rounds}: docker run {min(bare) * 1000:.0f} ms, a task of one {min(single) * 1000:.0f} ms, "
        f"of two {min(double) * 1000:.0f} ms.",
    )


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--image", default=IMAGE)
    said = parser.parse_args()
    return tell(measured(said.image, said.rounds))


if __name__ == "__main__":
    sys.exit(main())
