"""Starting a task beside a bare `docker run --detach` of the same image, turn by turn.

python -m benchmarks.containers [--rounds 15] [--image python:3.11-slim]

Both attach a container to the same bridge network; both end when the Engine says it runs. A task of
two containers has a third that holds its namespace.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import statistics
import subprocess
import sys
import time

from bambe.engines.containers.docker import DockerContainers
from bambe.engines.containers.port import ContainerSpec, TaskSpec

LIMIT = 1.15
"""Most a task of one container may take, as a multiple of `docker run`."""

COMMAND = ("sleep", "60")


async def measure(image: str, rounds: int) -> tuple[list[float], list[float], list[float]]:
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--image", default="python:3.11-slim")
    options = parser.parse_args()
    bare, single, double = asyncio.run(measure(options.image, options.rounds))
    peer = statistics.median(bare)
    print("| start | median ms | times `docker run` | best ms |\n|---|---|---|---|")
    for title, took in (("docker run --detach", bare), ("task of one", single), ("task of two", double)):
        middle = statistics.median(took)
        print(f"| {title} | {middle * 1000:.0f} | {middle / peer:.2f} | {min(took) * 1000:.0f} |")
    print(f"| limit for a task of one | | {LIMIT:.2f} | |")
    within = statistics.median(single) <= LIMIT * peer
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
