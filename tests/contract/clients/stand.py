"""Where stock clients stand, and what each is told: the four of them, from two places, by three ways in.

All take lines `key|value` to produce, and print such lines of what they consume.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bambe.engines.brokers.files import STORE_PASSWORD
from bambe.engines.brokers.port import (
    HOST_PLAINTEXT_PORT,
    HOST_SCRAM_PORT,
    HOST_TLS_PORT,
    PLAINTEXT_PORT,
    SCRAM_PORT,
    TLS_PORT,
)
from bambe.engines.containers.config import container_name
from bambe.engines.containers.port import ContainerSpec, Mount, TaskSpec
from tests.contract.clients.image import ensure_clients
from tests.contract.kafka import Running, docker

TASK, HOST = "task", "host"
"""In a task, which asks Bambe's DNS for brokers' names; on this machine, which has their addresses."""
PORTS = {
    TASK: {"PLAINTEXT": PLAINTEXT_PORT, "SSL": TLS_PORT, "SASL_SSL": SCRAM_PORT},
    HOST: {"PLAINTEXT": HOST_PLAINTEXT_PORT, "SSL": HOST_TLS_PORT, "SASL_SSL": HOST_SCRAM_PORT},
}
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_SSL")
USER, PASSWORD = "stock", "room 7=8"
FOLDER, HERE = "/clients", Path(__file__).parent
SECONDS = 60

Words = Sequence[str]


@dataclass(frozen=True, slots=True)
class Way:
    """From where, by which protocol; `servers` as bootstrap.servers."""

    place: str
    protocol: str
    servers: str

    @property
    def settings(self) -> dict[str, str]:
        """As librdkafka calls them."""
        said = {"bootstrap.servers": self.servers, "security.protocol": self.protocol}
        if self.protocol != "PLAINTEXT":
            said["ssl.ca.location"] = f"{FOLDER}/ca.pem"
        if self.protocol == "SASL_SSL":
            said |= {"sasl.mechanism": "SCRAM-SHA-512", "sasl.username": USER, "sasl.password": PASSWORD}
        return said

    @property
    def properties(self) -> str:
        """The file of the same in Java's words."""
        return f"{FOLDER}/{self.protocol}.properties"


@dataclass(frozen=True, slots=True)
class Client:
    """How a client is run; `own` is Kafka's own, in the image of the brokers."""

    name: str
    produce: Callable[[Way, str], Words]
    consume: Callable[[Way, str, int], Words]
    own: bool = False


def _kcat(way: Way, *words: str) -> Words:
    # SCRAM of librdkafka before 2.6.1 (Debian 12 has 2.0.2) fails with Kafka 4: edenhill/kcat, issue 462.
    newer = ("env", "LD_LIBRARY_PATH=/opt/librdkafka") if way.protocol == "SASL_SSL" else ()
    return (*newer, "kcat", "-q", *words, *(f"-X{name}={value}" for name, value in way.settings.items()))


def _python(program: str) -> Client:
    def words(what: str, way: Way, *rest: str) -> Words:
        return ("python3", f"{FOLDER}/{program}.py", what, json.dumps(way.settings), *rest)

    return Client(
        program,
        lambda way, topic: words("produce", way, topic),
        lambda way, topic, count: words("consume", way, topic, str(count)),
    )


def _kafkas(way: Way, tool: str, *words: str) -> Words:
    configured = {
        "kafka-console-producer": "--producer.config",
        "kafka-console-consumer": "--consumer.config",
        "kafka-consumer-perf-test": "--consumer.config",
    }.get(tool, "--command-config")
    return (f"{tool}.sh", "--bootstrap-server", way.servers, configured, way.properties, *words)


KCAT = Client(
    "kcat",
    lambda way, topic: _kcat(way, "-P", "-t", topic, "-K", "|", "-Xacks=all"),
    lambda way, topic, count: _kcat(
        way, "-C", "-t", topic, "-o", "beginning", "-c", str(count), "-f", "%k|%s\n"
    ),
)
CONSOLE = Client(
    "kafka-console",
    lambda way, topic: _kafkas(
        way, "kafka-console-producer", "--topic", topic, "--property", "parse.key=true",
        "--property", "key.separator=|",
    ),
    lambda way, topic, count: _kafkas(
        way, "kafka-console-consumer", "--topic", topic, "--from-beginning", "--max-messages", str(count),
        "--timeout-ms", "30000", "--property", "print.key=true", "--property", "key.separator=|",
    ),
    own=True,
)  # fmt: skip
CLIENTS = (_python("with_confluent"), _python("with_aiokafka"), KCAT, CONSOLE)


@dataclass(slots=True)
class Stand:
    """Containers of both images in both places, idle until a client is run in one."""

    kafka: Running
    folder: Path
    _containers: dict[tuple[str, bool], str] = field(default_factory=dict)

    async def open(self) -> None:
        """Make the containers; a folder in each has what clients read."""
        self._write()
        images = {False: await ensure_clients(), True: self.kafka.image}
        for own, image in images.items():
            self._containers[TASK, own] = await self._task(image)
            self._containers[HOST, own] = self._beside(image)

    def close(self) -> None:
        """Remove those on this machine; tasks go with the cluster."""
        beside = [name for (place, _), name in self._containers.items() if place == HOST]
        if beside:
            docker("rm", "--force", "--volumes", *beside)

    def way(self, place: str, protocol: str) -> Way:
        """With the addresses that brokers have now."""
        port = PORTS[place][protocol]
        servers = self.kafka.names(port) if place == TASK else self.kafka.addresses(port)
        return Way(place, protocol, servers)

    async def produce(self, client: Client, way: Way, topic: str, records: Sequence[str]) -> None:
        """Have records written."""
        await self.run(way.place, client.own, client.produce(way, topic), "".join(f"{r}\n" for r in records))

    async def consume(self, client: Client, way: Way, topic: str, count: int) -> list[str]:
        """The topic's records from the beginning."""
        said = await self.run(way.place, client.own, client.consume(way, topic, count))
        return said.splitlines()

    async def kafkas(self, way: Way, tool: str, *words: str) -> str:
        """What one of Kafka's own tools prints."""
        return await self.run(way.place, True, _kafkas(way, tool, *words))

    async def run(self, place: str, own: bool, words: Words, stdin: str = "") -> str:
        """What a program prints that ends well in time."""
        inside = ("docker", "exec", "--interactive", self._containers[place, own], "timeout", str(SECONDS))
        pipe = asyncio.subprocess.PIPE
        running = await asyncio.create_subprocess_exec(*inside, *words, stdin=pipe, stdout=pipe, stderr=pipe)
        told, errors = await running.communicate(stdin.encode())
        assert running.returncode == 0, f"{place}: {' '.join(words)}: {errors.decode()}{told.decode()}"
        return told.decode()

    def _write(self) -> None:
        """Programs, the authority, and Java's properties."""
        cluster = self.kafka.state / "kafka" / self.kafka.cluster.id
        files = {path.name: path.read_bytes() for path in HERE.glob("with_*.py")}
        files["ca.pem"] = (cluster / "authority" / "ca.pem").read_bytes()
        files["truststore.p12"] = (cluster / "node-1" / "files" / "truststore.p12").read_bytes()
        files |= {f"{name}.properties": java(name).encode() for name in PROTOCOLS}
        for name, content in files.items():
            (self.folder / name).write_bytes(content)

    async def _task(self, image: str) -> str:
        mount = Mount(str(self.folder), FOLDER, read_only=True)
        container = ContainerSpec("client", image, ("sleep", "3600"), stop_timeout=0, mounts=(mount,))
        task = TaskSpec(secrets.token_hex(8), (container,))
        await self.kafka.containers.start_task(task)
        return container_name(self.kafka.instance, task.id, "client")

    def _beside(self, image: str) -> str:
        name = f"bambe-test-{secrets.token_hex(4)}"
        kept = ("--volume", f"{self.folder}:{FOLDER}:ro", "--network", "host", "--name", name)
        docker("run", "--detach", *kept, "--entrypoint", "sleep", image, "3600")
        return name


def java(protocol: str) -> str:
    """How Java's clients come in."""
    said: Mapping[str, str] = {"security.protocol": protocol, "acks": "all"}
    if protocol != "PLAINTEXT":
        said = {
            **said,
            "ssl.truststore.location": f"{FOLDER}/truststore.p12",
            "ssl.truststore.password": STORE_PASSWORD,
            "ssl.truststore.type": "PKCS12",
        }
    if protocol == "SASL_SSL":
        module = "org.apache.kafka.common.security.scram.ScramLoginModule"
        login = f'{module} required username="{USER}" password="{PASSWORD}";'
        said = {**said, "sasl.mechanism": "SCRAM-SHA-512", "sasl.jaas.config": login}
    return "".join(f"{name}={value}\n" for name, value in said.items())
