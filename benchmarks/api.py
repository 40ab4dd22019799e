"""API requests a second, beside MiniStack and moto on the same machine in the same minute.

python -m benchmarks.api [--seconds 3] [--connections 16]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks.report import CannotRun, Result, Row, options, tell
from benchmarks.servers import PEERS, free_port, running, running_peer, version
from benchmarks.signing import DESCRIBE, KEY, LIST, REGION, WHO_AM_I, Operation, signed

TITLE = "API requests a second"
QUESTION = """\
How many requests a second does the API answer, sixteen connections at a time? Bambe verifies every
signature; the peers verify none. The servers take turns and the best of three rounds counts. Bambe has to
answer at least three times as many as MiniStack."""

OPERATIONS = (WHO_AM_I, LIST, DESCRIBE)
ROUNDS = 3
LEAST = 3.0
BAMBE, COMPARED = "Bambe", "MiniStack"
SECONDS, CONNECTIONS = 3.0, 16


def measured(seconds: float = SECONDS, connections: int = CONNECTIONS) -> Result:
    """Bambe's rates beside each peer's."""
    rates, missing = _rates(seconds, connections)
    if BAMBE not in rates:
        raise CannotRun(missing[0])
    rows = tuple(
        Row(
            operation.title,
            rates[BAMBE][operation.title],
            name,
            found[operation.title],
            "requests/s",
            at_least=LEAST if name == COMPARED else None,
        )
        for operation in OPERATIONS
        for name, found in rates.items()
        if name != BAMBE
    )
    peers = ", ".join(version(peer) for peer in PEERS if peer.name in rates)
    most = _most(seconds, connections)
    notes = [f"Peers: {peers or 'none'}. A bare socket that answers without looking: {most:,.0f} requests/s."]
    return Result(rows, " ".join(notes + [f"{reason}." for reason in missing]))


def _rates(seconds: float, connections: int) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Requests a second by server and operation, and who is left out why.

    The servers take turns, three rounds of each operation, and the best round counts: whatever else
    the machine does then falls on all of them alike.
    """
    ports: dict[str, int] = {}
    missing: list[str] = []
    with contextlib.ExitStack() as stack:
        for name, server in _servers():
            try:
                ports[name] = stack.enter_context(server)
                _prepare(ports[name])
            except CannotRun as reason:
                ports.pop(name, None)
                missing.append(f"{name} is left out: {reason}")
        results: dict[str, dict[str, float]] = {name: {} for name in ports}
        for operation in OPERATIONS:
            for _ in range(ROUNDS):
                for name, port in ports.items():
                    rate = _rate(operation, port, seconds / ROUNDS, connections)
                    results[name][operation.title] = max(rate, results[name].get(operation.title, 0.0))
    return results, missing


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.serve or said.bare:
        import uvloop

        uvloop.run(serve(said.serve) if said.serve else serve_bare(said.bare))
        return 0
    return tell(measured(said.seconds, said.connections))


def _own(option: str) -> contextlib.AbstractContextManager[int]:
    port = free_port()
    return running([sys.executable, "-m", "benchmarks.api", option, str(port)], {}, port)


def _most(seconds: float, connections: int) -> float:
    """What this machine and the load generator can do at most."""
    with _own("--bare") as port:
        return _rate(WHO_AM_I, port, seconds / ROUNDS, connections)


class Bare(asyncio.Protocol):
    """Answers whatever comes with the same bytes."""

    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 350\r\n\r\n" + b"x" * 350

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(self.answer)


async def serve_bare(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", port)
    await server.serve_forever()


async def serve(port: int) -> None:
    """Bambe's API without its engines and loops, which take no part in answering."""
    from bambe.edge.app import App
    from bambe.edge.credentials import KeyRing, RootKey
    from bambe.edge.dispatch import Dispatcher
    from bambe.edge.server import Server
    from bambe.kernel.call import Site
    from bambe.kernel.clock import SystemClock
    from bambe.services import discover
    from bambe.store import Database
    from bambe.wire import Models

    services, clock, store = discover(), SystemClock(), Database()
    await store.start(migration for service in services.values() for migration in service.migrations)
    models = Models(services)
    here = f"http://127.0.0.1:{port}"
    site = Site(here, here, f"127.0.0.1:{port}", tempfile.gettempdir(), "000000000000", REGION)
    keyring = KeyRing(None, account=site.account, region=REGION, key=RootKey(*KEY))
    app = App(Dispatcher(services, models, store, clock, site), models, keyring, clock)
    server = Server()
    await server.bind("127.0.0.1", port)
    await server.start(app)
    try:
        await asyncio.Event().wait()
    finally:
        await server.stop()
        await store.stop()


def _servers() -> Iterator[tuple[str, contextlib.AbstractContextManager[int]]]:
    yield BAMBE, _own("--serve")
    for peer in PEERS:
        yield peer.name, running_peer(peer)


def _prepare(port: int) -> None:
    try:
        _fill(port)
    except ClientError as error:
        raise CannotRun(f"it refuses the preparation: {error}") from error


def _fill(port: int) -> None:
    """A cluster with ten services, made through the API."""
    client = _client("ecs", port)
    ec2 = _client("ec2", port)
    network = {
        "subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
        "securityGroups": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
    }
    client.create_cluster(clusterName="bench")
    client.register_task_definition(
        family="bench",
        containerDefinitions=[{"name": "main", "image": "scratch", "essential": True}],
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
    )
    for number in range(10):
        client.create_service(
            cluster="bench",
            serviceName=f"service-{number}",
            taskDefinition="bench",
            desiredCount=0,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": network},
        )


def _client(service: str, port: int) -> Any:
    return boto3.session.Session().client(  # type: ignore[call-overload]
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=REGION,
        aws_access_key_id=KEY[0],
        aws_secret_access_key=KEY[1],
        config=Config(retries={"max_attempts": 0}, read_timeout=30),
    )


def _rate(operation: Operation, port: int, seconds: float, connections: int) -> float:
    load = [sys.executable, str(Path(__file__).with_name("load.py")), str(port), str(connections)]
    request = signed(operation, port)
    rate = 0.0
    for duration in (0.3, seconds):  # the first warms up
        done = subprocess.run(
            [*load, str(duration)], input=request, capture_output=True, check=True, timeout=duration + 60
        )
        result: dict[str, Any] = json.loads(done.stdout)
        if result["failed"]:
            print(f"{operation.title} is refused: {result['sample'][-500:]}", file=sys.stderr)
            return 0.0
        rate = float(result["rate"])
    return rate


if __name__ == "__main__":
    sys.exit(main())
