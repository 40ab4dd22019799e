"""API requests a second, beside MiniStack and moto on the same machine in the same minute.

python -m benchmarks.api [--seconds 3] [--connections 16]

Bambe verifies every signature; the peers verify none. Peers are installed from PyPI into virtual
environments of their own under BAMBE_BENCH_CACHE (else ~/.cache/bambe-bench).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

REGION = "eu-central-1"
ACCESS_KEY, SECRET_KEY = "AKIABENCHMARKBENCHMA", "benchmark-benchmark-benchmark-benchmark1"
ECS = "AmazonEC2ContainerServiceV20141113"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
JSON = "application/x-amz-json-1.1"
ROUNDS = 3


@dataclass(frozen=True)
class Operation:
    """One request to repeat."""

    title: str
    service: str
    headers: dict[str, str]
    body: str


OPERATIONS = (
    Operation(
        "STS GetCallerIdentity", "sts", {"Content-Type": FORM}, "Action=GetCallerIdentity&Version=2011-06-15"
    ),
    Operation(
        "ECS ListServices (10)",
        "ecs",
        {"Content-Type": JSON, "X-Amz-Target": f"{ECS}.ListServices"},
        '{"cluster": "bench"}',
    ),
    Operation(
        "ECS DescribeServices (1)",
        "ecs",
        {"Content-Type": JSON, "X-Amz-Target": f"{ECS}.DescribeServices"},
        '{"cluster": "bench", "services": ["service-3"]}',
    ),
)


@dataclass(frozen=True)
class Peer:
    """A server to measure: how to install and how to start it."""

    name: str
    requirement: str
    command: Callable[[Path, int], list[str]]
    environment: Callable[[int], dict[str, str]]


PEERS = (
    Peer(
        "ministack",
        "ministack",
        lambda folder, port: [str(folder / "bin" / "ministack")],
        lambda port: {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "LOG_LEVEL": "WARNING"},
    ),
    Peer(
        "moto",
        "moto[server]",
        lambda folder, port: [str(folder / "bin" / "moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        lambda port: {},
    ),
)


class CannotRun(Exception):
    """A peer cannot be measured here; the message says why."""


def measure(seconds: float, connections: int) -> dict[str, dict[str, float]]:
    """Requests a second by server and operation.

    The servers take turns, three rounds of each operation, and the best round counts: whatever else
    the machine does then falls on all of them alike.
    """
    ports: dict[str, int] = {}
    with contextlib.ExitStack() as stack:
        for name, server in _servers():
            try:
                ports[name] = stack.enter_context(server)
                _prepare(ports[name])
            except CannotRun as reason:
                ports.pop(name, None)
                print(f"{name} is left out: {reason}", file=sys.stderr)
        results: dict[str, dict[str, float]] = {name: {} for name in ports}
        for operation in OPERATIONS:
            for _ in range(ROUNDS):
                for name, port in ports.items():
                    rate = _rate(operation, port, seconds / ROUNDS, connections)
                    results[name][operation.title] = max(rate, results[name].get(operation.title, 0.0))
    return results


def table(results: dict[str, dict[str, float]]) -> str:
    """The results as Markdown, each peer with Bambe's multiple of it."""
    peers = [name for name in results if name != "bambe"]
    lines = ["| requests/s | bambe | " + " | ".join(f"{p} | bambe is" for p in peers) + " |"]
    lines.append("|---|---:|" + "---:|---:|" * len(peers))
    for operation in OPERATIONS:
        own = results["bambe"][operation.title]
        cells = [f"{own:,.0f}"]
        for peer in peers:
            rate = results[peer][operation.title]
            cells += [f"{rate:,.0f}", f"{own / rate:.1f} x" if rate else "-"]
        lines.append(f"| {operation.title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve or options.bare:
        import uvloop

        uvloop.run(serve(options.serve) if options.serve else serve_bare(options.bare))
        return
    print(table(measure(options.seconds, options.connections)))
    print(f"\nA bare socket that answers without looking: {_limit(options):,.0f} requests/s.")


def _limit(options: argparse.Namespace) -> float:
    """What this machine and the load generator can do at most."""
    with _running([sys.executable, "-m", "benchmarks.api", "--bare"], {}, add_port=True) as port:
        return _rate(OPERATIONS[0], port, options.seconds / ROUNDS, options.connections)


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
    keyring = KeyRing(None, account=site.account, region=REGION, key=RootKey(ACCESS_KEY, SECRET_KEY))
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
    yield "bambe", _running([sys.executable, "-m", "benchmarks.api", "--serve"], {}, add_port=True)
    for peer in PEERS:
        yield peer.name, _peer(peer)


@contextlib.contextmanager
def _peer(peer: Peer) -> Iterator[int]:
    folder = _installed(peer)
    port = _free_port()
    with _running(peer.command(folder, port), peer.environment(port), port) as running:
        yield running


def _installed(peer: Peer) -> Path:
    cache = Path(os.environ.get("BAMBE_BENCH_CACHE") or Path.home() / ".cache" / "bambe-bench")
    folder = cache / peer.name
    if (folder / "installed").exists():
        return folder
    try:
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", peer.requirement]
        subprocess.run(pip, check=True, capture_output=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotRun(f"pip cannot install {peer.requirement} ({type(error).__name__})") from error
    (folder / "installed").touch()
    return folder


@contextlib.contextmanager
def _running(
    command: list[str], environment: dict[str, str], port: int = 0, add_port: bool = False
) -> Iterator[int]:
    """A server process while the block runs. Peers are kept away from Docker: nothing here needs it."""
    port = port or _free_port()
    if add_port:
        command = [*command, str(port)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with tempfile.TemporaryDirectory() as scratch:
        process = subprocess.Popen(
            command,
            env={**kept, "DOCKER_HOST": f"unix://{scratch}/none", "TMPDIR": scratch, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(process, port)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotRun(f"it ended with status {process.returncode} while starting")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise CannotRun("it does not listen after a minute")


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
    return boto3.session.Session().client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(retries={"max_attempts": 0}, read_timeout=30),
    )


def _rate(operation: Operation, port: int, seconds: float, connections: int) -> float:
    load = [sys.executable, str(Path(__file__).with_name("load.py")), str(port), str(connections)]
    request = _signed(operation, port)
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


def _signed(operation: Operation, port: int) -> bytes:
    """The request as it goes over the wire, signed now (a signature holds for fifteen minutes)."""
    url = f"http://127.0.0.1:{port}/"
    headers = {**operation.headers, "User-Agent": "bench"}
    request = AWSRequest("POST", url, headers=headers, data=operation.body.encode())
    SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), operation.service, REGION).add_auth(request)
    sent = {
        **dict(request.headers.items()),
        "Host": f"127.0.0.1:{port}",
        "Content-Length": str(len(operation.body)),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"POST / HTTP/1.1\r\n{lines}\r\n{operation.body}".encode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
