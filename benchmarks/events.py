"""Kafka's own performance tools against a broker of Bambe and one started by hand, and idle brokers' memory.

python -m benchmarks.events [--rounds 7] [--records 1000000]
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.contract.kafka import Running, docker

from bambe.engines.brokers import Topic
from bambe.engines.brokers.port import HOST_PLAINTEXT_PORT, Cluster
from bambe.engines.containers.network import network_name
from benchmarks.proof import say
from benchmarks.report import Result, Row, options, tell

TITLE = "Events: brokers' throughput and memory"
QUESTION = """\
How many records a second does Kafka's own producer and consumer performance tool get through a broker of
Bambe, beside the same version started by hand (`docker run` of the same image with the settings and the JVM
flags Kafka itself comes with, no limits)? Records of 200 bytes, three partitions, acknowledged by the broker;
the two take turns, medians; at least 0.95. And how much do three idle brokers hold in all, ZooKeeper
included where there is one? At most 1.5 GiB."""

VERSION, MEMORY_OF = "4.1.2", ("2.6.1", "4.1.2")
ROUNDS, WARMING, RECORDS, SIZE, PARTITIONS = 7, 3, 1_000_000, 200, 3
LEAST, MOST_MEMORY = 0.95, 1536.0
SETTLING = 20.0
"""Seconds until brokers that have come up are called idle."""

# As in the server.properties, and the start script, that Kafka comes with.
BY_HAND = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:9093
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.dirs=/data
"""
START = """\
cp /by-hand/server.properties /tmp/server.properties
echo "advertised.listeners=PLAINTEXT://$(hostname -i):9092" >> /tmp/server.properties
java -cp '/opt/kafka/libs/*' kafka.tools.StorageTool format --cluster-id 4L6g3nShT-eMCtK--X86sw \
  --config /tmp/server.properties
exec java -Xmx1G -Xms1G -server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 \
  -XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true \
  -cp '/opt/kafka/libs/*' kafka.Kafka /tmp/server.properties
"""


def measured(rounds: int = ROUNDS, records: int = RECORDS) -> Result:
    """Throughput of both in turn; the first rounds, which warm the JVMs, do not count."""
    with tempfile.TemporaryDirectory() as state:
        rows, notes = asyncio.run(_throughput(Path(state), rounds, records))
        memory = [asyncio.run(_memory(Path(state) / version, version)) for version in MEMORY_OF]
    idle = [
        Row(f"three idle brokers of {version}", held, "limit", MOST_MEMORY, "MiB", at_most=1)
        for version, held in zip(MEMORY_OF, memory, strict=True)
    ]
    return Result((*rows, *idle), notes)


async def _throughput(state: Path, rounds: int, records: int) -> tuple[list[Row], str]:
    running = Running(state / "ours", VERSION, 1, settings={})
    running.state.mkdir()
    try:
        await running.start()
        with _by_hand(running, state / "by-hand") as (theirs, tools):
            ours = running.addresses(HOST_PLAINTEXT_PORT)
            found: dict[str, list[tuple[float, float]]] = {ours: [], theirs: []}
            for number in range(1 - WARMING, rounds + 1):
                for servers in (ours, theirs) if number % 2 else (theirs, ours):
                    topic = f"t{secrets.token_hex(4)}"
                    if servers == ours:
                        await running.brokers.apply_topic(running.cluster, Topic(topic, PARTITIONS))
                    else:
                        await _have_topic(tools, servers, topic)
                    pair = await asyncio.to_thread(_once, tools, servers, topic, records)
                    found[servers].append(pair)
                    who = "Bambe" if servers == ours else "by hand"
                    say(f"{number} of {rounds}: {who}: {pair[0]:,.0f} in, {pair[1]:,.0f} out a second")
    finally:
        await running.stop()
    rows, notes = [], []
    for at, what in enumerate(("records in", "records out")):
        own, other = ([pair[at] for pair in found[one][WARMING:]] for one in (ours, theirs))
        peer = ("by hand", statistics.median(other), "records/s")
        rows.append(Row(what, statistics.median(own), *peer, at_least=LEAST))
        notes.append(f"{what}: Bambe {_range(own)}, by hand {_range(other)}")
    of = f"{rounds} rounds of {records:,} records, Apache Kafka {VERSION}, one broker"
    limit = (
        f"Bambe's broker has a limit of {Cluster('', VERSION, ()).memory} MiB, and listeners with TLS beside"
    )
    return rows, f"{'; '.join(notes)}; {of}. {limit}; the one by hand has a heap of 1 GiB."


@contextlib.contextmanager
def _by_hand(running: Running, folder: Path) -> Iterator[tuple[str, str]]:
    """A broker by `docker run` on the same network, and a container for the tools: (servers, its name)."""
    (folder / "data").mkdir(parents=True)
    (folder / "server.properties").write_text(BY_HAND)
    network = network_name(running.instance)
    broker, tools = (f"bambe-bench-{secrets.token_hex(4)}" for _ in range(2))
    kept = ("--volume", f"{folder}:/by-hand:ro", "--volume", f"{folder / 'data'}:/data")
    start = ("run", "--detach", "--network", network, "--user", "0:0", "--name")
    docker(*start, tools, "--entrypoint", "sleep", running.image, "3600")
    try:
        docker(*start, broker, *kept, "--entrypoint", "sh", running.image, "-ec", START)
        where = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        yield f"{docker('inspect', '--format', where, broker)}:9092", tools
    finally:
        docker("rm", "--force", "--volumes", tools, *([broker] if _is_there(broker) else []))


def _is_there(name: str) -> bool:
    return bool(docker("ps", "--all", "--quiet", "--filter", f"name={name}"))


async def _have_topic(tools: str, servers: str, topic: str) -> None:
    wish = ("--create", "--if-not-exists", "--topic", topic, "--partitions", str(PARTITIONS))
    await asyncio.to_thread(
        _java, tools, "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", servers, *wish
    )


def _once(tools: str, servers: str, topic: str, records: int) -> tuple[float, float]:
    """Records a second into a topic, and out of it again."""
    count = ("--topic", topic, "--num-records", str(records))
    said = _java(
        tools,
        "org.apache.kafka.tools.ProducerPerformance",
        *count,
        *("--record-size", str(SIZE), "--throughput", "-1", "--producer-props", "acks=all"),
        f"bootstrap.servers={servers}",
    )
    written = float(re.findall(r"([\d.]+) records/sec", said)[-1])
    reading = ("--bootstrap-server", servers, "--topic", topic, "--messages", str(records))
    said = _java(tools, "org.apache.kafka.tools.ConsumerPerformance", *reading, "--timeout", "60000")
    # The last of the comma-separated values is records a second of fetching alone, without the joining.
    return written, float(said.strip().splitlines()[-1].split(",")[-1])


def _java(tools: str, main: str, *words: str) -> str:
    return docker("exec", tools, "java", "-Xmx256m", "-cp", "/opt/kafka/libs/*", main, *words)


async def _memory(state: Path, version: str) -> float:
    """MiB that three brokers hold some time after they came up."""
    running = Running(state, version, 3, settings={})
    state.mkdir(parents=True)
    try:
        await running.start()
        await asyncio.sleep(SETTLING)
        ids = docker("ps", "--quiet", "--filter", f"label=bambe={running.instance}").split()
        held = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", *ids)
        return sum(_mib(line.split("/")[0]) for line in held.splitlines())
    finally:
        await running.stop()


def _mib(text: str) -> float:
    number, unit = re.fullmatch(r"\s*([\d.]+)(\w+)\s*", text).groups()  # type: ignore[union-attr]
    return float(number) * {"B": 1 / 1048576, "KiB": 1 / 1024, "MiB": 1, "GiB": 1024}[unit]


def _range(values: Sequence[float]) -> str:
    return f"{min(values):,.0f} to {max(values):,.0f}"


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--records", type=int, default=RECORDS)
    said = parser.parse_args()
    return tell(measured(said.rounds, said.records))


if __name__ == "__main__":
    sys.exit(main())
