"""Queries per second of the name server, beside dnsmasq with the same names in the same minute.

python -m benchmarks.dns [--seconds 3]

Asked by dnsperf where it is installed (Debian: dnsperf, dnsmasq-base), else by a plain loop in Python,
which is slower than what it measures: then the figure is a lower bound, and so is the peer's.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dns.message

from bambe.engines.dns.port import Instance, Name, Zones
from bambe.engines.dns.process import DnsServer
from benchmarks.report import Result, Row, options, tell

TITLE = "Name server"
QUESTION = """\
How many queries a second does the name server answer, beside dnsmasq with the same names? At least 10,000
are wanted: fewer would be felt by some hundred containers that look up a name for every request."""

SECONDS = 3.0
ADDRESS, PORT, PEER_PORT = "127.0.27.1", 15353, 15354
SERVICES, INSTANCES = 50, 3
UNDER_WAY = 50
LIMIT = 10_000


def zones() -> Zones:
    names = tuple(
        Name(f"svc{s}.shop.local", "MULTIVALUE", {"A": 10}, tuple(_instance(s, i) for i in range(INSTANCES)))
        for s in range(SERVICES)
    )
    return Zones(("shop.local",), names)


def _instance(service: int, number: int) -> Instance:
    return Instance(f"i{number}", ipv4=f"10.0.{service}.{number}")


async def ours(state: Path, seconds: float) -> float:
    """Queries per second of Bambe's server."""
    server = DnsServer(state)
    await server.start(ADDRESS, PORT)
    try:
        await server.apply("benchmark", zones())
        return await asyncio.to_thread(load, state, PORT, seconds)
    finally:
        await server.remove_everything()


def peers(state: Path, seconds: float) -> float | None:
    """Queries per second of dnsmasq, None where it is not installed."""
    program = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if program is None:
        return None
    hosts = state / "hosts"
    hosts.write_text("".join(f"{i.ipv4} {name.name}\n" for name in zones().names for i in name.instances))
    flags = f"-k -C /dev/null -p {PEER_PORT} -a {ADDRESS} --bind-interfaces -R -h -H {hosts} --pid-file="
    with subprocess.Popen([program, *flags.split(), "-u", "root"]) as peer:
        try:
            time.sleep(0.5)
            return load(state, PEER_PORT, seconds)
        finally:
            peer.terminate()


def load(state: Path, port: int, seconds: float) -> float:
    """Ask for every name in turn, `UNDER_WAY` questions at a time."""
    program = shutil.which("dnsperf")
    if program is None:
        return _plain_load(port, seconds)
    questions = state / "questions"
    questions.write_text("".join(f"{name.name} A\n" for name in zones().names))
    command = [program, "-s", ADDRESS, "-p", str(port), "-d", str(questions), "-l", f"{seconds:g}"]
    said = subprocess.run([*command, "-q", str(UNDER_WAY)], capture_output=True, text=True, check=True).stdout
    (found,) = re.findall(r"Queries per second: +([0-9.]+)", said)
    return float(found)


def _plain_load(port: int, seconds: float) -> float:
    queries = [dns.message.make_query(name.name, "A").to_wire() for name in zones().names]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(1)
        asking.connect((ADDRESS, port))
        for query in queries[:UNDER_WAY]:
            asking.send(query)
        count, start = 0, time.perf_counter()
        while time.perf_counter() < start + seconds:
            asking.recv(4096)
            count += 1
            asking.send(queries[count % len(queries)])
        return count / (time.perf_counter() - start)


def measured(seconds: float = SECONDS) -> Result:
    """Bambe's rate beside the limit and dnsmasq's."""
    with tempfile.TemporaryDirectory() as directory:
        state = Path(directory)
        found, peer = asyncio.run(ours(state, seconds)), peers(state, seconds)
    rows = [Row("answers from 50 names", found, "limit", LIMIT, "queries/s", at_least=1)]
    if peer is not None:
        rows.append(Row("answers from 50 names", found, "dnsmasq", peer, "queries/s"))
    asked = "dnsperf" if shutil.which("dnsperf") else "a loop in Python, so that the figures are lower bounds"
    missing = "" if peer else " dnsmasq is not installed."
    return Result(tuple(rows), f"Asked by {asked}.{missing}")


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    return tell(measured(parser.parse_args().seconds))


if __name__ == "__main__":
    sys.exit(main())
