"""Kafka's own performance tools against a broker of Bambe and one started by hand, and idle brokers' memory.

python -m benchmarks.events [--rounds 11] [--records 1500000] [--versions 2.6.1 4.1.2]
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.contract.kafka import Running, docker

from bambe.engines.brokers import Topic
from bambe.engines.brokers.port import HOST_PLAINTEXT_PORT, Cluster
from bambe.engines.brokers.versions import on_zookeeper
from bambe.engines.containers.network import network_name
from bambe.engines.images import BaseImages
from benchmarks.memory import children, mebibytes
from benchmarks.proof import say
from benchmarks.report import Result, Row, options, tell
from benchmarks.shop import brought_up

TITLE = "Events: brokers' throughput and memory"
QUESTION = """\
How many records a second does Kafka's own producer and consumer performance tool get through a broker of
Bambe, beside the same version started by hand (`docker run` of the same image with the settings and the JVM
flags Kafka itself comes with, no limits)? Records of 200 bytes, three partitions, acknowledged by the broker.
The two take turns, the tools are of 4.1.2; the figures are medians, the ratio is the median of the rounds'
ratios; at least 0.95. How much do three idle brokers hold in all, ZooKeeper included where there is one? At
most 1.5 GiB. And how much does the daemon hold, idle, after `bambe up` of the shop with its Kafka cluster? At
most 100 MiB."""

VERSIONS = ("2.6.1", "4.1.2")
ROUNDS, WARMING, RECORDS, SIZE, PARTITIONS = 11, 2, 1_500_000, 200, 3
LEAST, MOST_MEMORY, MOST_OF_DAEMON = 0.95, 1536.0, 100.0
SETTLING = 20.0
"""Seconds until what has come up is called idle."""
TOOLS = "4.1.2"
"""Whose tools measure every version: those of 2.6.1 reckon a negative time of fetching."""

# As in the server.properties, and the start scripts, that Kafka comes with.
COMMON = """\
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.dirs=/data
"""
KRAFT = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:9093
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
"""
ZOOKEEPER = """\
broker.id=0
zookeeper.connect=localhost:2181
listeners=PLAINTEXT://:9092
"""
START = """\
cp /by-hand/server.properties /tmp/server.properties
echo "advertised.listeners=PLAINTEXT://$(hostname -i):9092" >> /tmp/server.properties
if [ -e /by-hand/zookeeper.properties ]; then
  java -Xmx512M -Xms512M -server -XX:+UseG1GC -cp '/opt/kafka/libs/*' \
    org.apache.zookeeper.server.quorum.QuorumPeerMain /by-hand/zookeeper.properties &
else
  java -cp '/opt/kafka/libs/*' kafka.tools.StorageTool format --cluster-id 4L6g3nShT-eMCtK--X86sw \
    --config /tmp/server.properties
fi
exec java -Xmx1G -Xms1G -server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 \
  -XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true \
  -cp '/opt/kafka/libs/*' kafka.Kafka /tmp/server.properties
"""


def measured(rounds: int = ROUNDS, records: int = RECORDS, versions: Sequence[str] = VERSIONS) -> Result:
    """Throughput of both in turn; the first rounds, which warm the JVMs, do not count."""
    rows: list[Row] = []
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as state:
        for version in versions:
            found, note = asyncio.run(_throughput(Path(state) / version, version, rounds, records))
            rows += found
            notes.append(note)
        for version in versions:
            held = asyncio.run(_memory(Path(state) / f"idle-{version}", version))
            what = f"three idle brokers of {version}"
            rows.append(Row(what, held, "limit", MOST_MEMORY, "MiB", at_most=1))
    row, note = _daemon()
    limit = (
        f"Bambe's brokers have a limit of {Cluster('', VERSIONS[0], ()).memory} MiB, and listeners with TLS"
    )
    about = (
        f"{rounds} rounds of {records:,} records, one broker. {limit} beside; those by hand a heap of 1 GiB."
    )
    return Result((*rows, row), f"{'; '.join(notes)}; {about} {note}")


async def _throughput(state: Path, version: str, rounds: int, records: int) -> tuple[list[Row], str]:
    running = Running(state / "ours", version, 1, settings={})
    running.state.mkdir(parents=True)
    try:
        await running.start()
        image = await BaseImages().ensure_kafka(TOOLS, say)
        with _by_hand(running, state / "by-hand", image) as (theirs, tools):
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
                    rates = f"{pair[0]:,.0f} in, {pair[1]:,.0f} out a second"
                    say(f"{version}: {number} of {rounds}: {who}: {rates}")
    finally:
        await running.stop()
    rows, notes = [], []
    for at, what in enumerate(("records in", "records out")):
        own, other = ([pair[at] for pair in found[one][WARMING:]] for one in (ours, theirs))
        paired = statistics.median(mine / its for mine, its in zip(own, other, strict=True))
        peer = ("by hand", statistics.median(other), "records/s")
        rows.append(Row(f"{version}: {what}", statistics.median(own), *peer, at_least=LEAST, paired=paired))
        notes.append(f"{what}: Bambe {_range(own)}, by hand {_range(other)}")
    return rows, f"{version}: {'; '.join(notes)}"


@contextlib.contextmanager
def _by_hand(running: Running, folder: Path, image: str) -> Iterator[tuple[str, str]]:
    """A broker by `docker run` on the same network, and a container for the tools: (servers, its name)."""
    (folder / "data").mkdir(parents=True)
    old = on_zookeeper(running.version)
    (folder / "server.properties").write_text((ZOOKEEPER if old else KRAFT) + COMMON)
    if old:
        keeper = "dataDir=/tmp/zookeeper\nclientPort=2181\nadmin.enableServer=false\n"
        (folder / "zookeeper.properties").write_text(keeper)
    network = network_name(running.instance)
    broker, tools = (f"bambe-bench-{secrets.token_hex(4)}" for _ in range(2))
    kept = ("--volume", f"{folder}:/by-hand:ro", "--volume", f"{folder / 'data'}:/data")
    start = ("run", "--detach", "--network", network, "--user", "0:0", "--name")
    docker(*start, tools, "--entrypoint", "sleep", image, "3600")
    try:
        docker(*start, broker, *kept, "--entrypoint", "sh", running.image, "-ec", START)
        where = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        yield f"{docker('inspect', '--format', where, broker)}:9092", tools
    finally:
        docker("rm", "--force", "--volumes", tools, *([broker] if _is_there(broker) else []))


def _is_there(name: str) -> bool:
    return bool(docker("ps", "--all", "--quiet", "--filter", f"name={name}"))


async def _have_topic(tools: str, servers: str, topic: str) -> None:
    wish = ("--create", "--topic", topic, "--partitions", str(PARTITIONS), "--replication-factor", "1")
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


def _daemon() -> tuple[Row, str]:
    """The daemon's memory with a cluster, its topics and its consumers to look after."""
    with brought_up(events=True) as bambe:
        time.sleep(SETTLING)
        held = mebibytes(bambe.pid)
        commands = {one: Path(f"/proc/{one}/cmdline").read_text() for one in children(bambe.pid)}
        client = sum(mebibytes(one) for one, said in commands.items() if "client_process" in said)
    row = Row("idle daemon with a Kafka cluster", held, "limit", MOST_OF_DAEMON, "MiB", at_most=1)
    return row, f"Kafka's client in the process beside the daemon holds {client:.0f} MiB."


def _mib(text: str) -> float:
    number, unit = re.fullmatch(r"\s*([\d.]+)(\w+)\s*", text).groups()  # type: ignore[union-attr]
    return float(number) * {"B": 1 / 1048576, "KiB": 1 / 1024, "MiB": 1, "GiB": 1024}[unit]


def _range(values: Sequence[float]) -> str:
    return f"{min(values):,.0f} to {max(values):,.0f}"


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--versions", nargs="+", default=VERSIONS, choices=VERSIONS)
    said = parser.parse_args()
    return tell(measured(said.rounds, said.records, said.versions))


if __name__ == "__main__":
    sys.exit(main())
