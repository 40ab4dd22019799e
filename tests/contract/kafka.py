"""A Kafka cluster of real brokers, brought up as the MSK service does it, and clients that use it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from bambe.engines.brokers import Cluster, KafkaBrokers, Node, Topic
from bambe.engines.brokers.port import INTERNAL_PORT, STOP_TIMEOUT, ClusterSeen
from bambe.engines.brokers.versions import on_zookeeper
from bambe.engines.containers.config import container_name
from bambe.engines.containers.docker import DockerContainers
from bambe.engines.containers.port import ContainerSpec, Mount, State, TaskSpec
from bambe.engines.dns.port import Zones
from bambe.engines.dns.process import DnsServer
from bambe.engines.images import BaseImages
from bambe.kernel.errors import Unavailable

DOMAIN = "test.c2.kafka.eu-central-1.amazonaws.com"
FASTER = {
    "group.initial.rebalance.delay.ms": "0",
    "broker.session.timeout.ms": "4000",
    "broker.heartbeat.interval.ms": "1000",
}


@dataclass(slots=True)
class Running:
    """A cluster of `count` brokers; `settings` as in an MSK configuration."""

    state: Path
    version: str
    count: int
    settings: Mapping[str, str] = field(default_factory=lambda: FASTER)
    image: str = ""
    cluster: Cluster = field(init=False)
    brokers: KafkaBrokers = field(init=False)
    containers: DockerContainers = field(init=False)
    dns: DnsServer = field(init=False)
    instance: str = field(default_factory=lambda: f"test{secrets.token_hex(4)}")
    up_after: float = 0

    async def start(self) -> None:
        """Everything, until all brokers are up."""
        self.image = await BaseImages().ensure_kafka(self.version, lambda line: None)
        self.containers, self.dns = DockerContainers(self.instance), DnsServer(self.state)
        self.brokers = KafkaBrokers(self.state)
        network = await self.containers.start()
        await self.dns.start(network.gateway)
        numbers = [*range(1, self.count + 1), *([0] if on_zookeeper(self.version) else [])]
        nodes = tuple(Node(n, f"{'b' if n else 'z'}-{n or 1}.{DOMAIN}") for n in numbers)
        self.cluster = Cluster(
            secrets.token_hex(8), self.version, nodes, self.settings, scram=True, tls=True, plaintext=True
        )
        began = time.monotonic()
        await self.run(*numbers)
        await self.until(lambda seen: len(seen.brokers) == self.count)
        self.up_after = time.monotonic() - began

    async def run(self, *numbers: int) -> None:
        """Make the tasks of these nodes: first their addresses, then their containers."""
        specs = {number: self._spec(number) for number in numbers}
        for spec in specs.values():
            await self.containers.start_task(spec, ())
        there = {task.id: task.address for task in await self.containers.list_tasks()}
        nodes = tuple(replace(one, address=there[self.task_id(one.number)]) for one in self.cluster.nodes)
        self.cluster = replace(self.cluster, nodes=nodes)
        await self.dns.apply("kafka", Zones(hosts={one.name: (one.address,) for one in nodes}))
        for node in nodes:
            if node.number in numbers:
                process = await self.brokers.prepare(self.cluster, node)
                container = replace(
                    specs[node.number].containers[0],
                    command=process.command,
                    environment=process.environment,
                    mounts=tuple(Mount(*one) for one in process.mounts),
                    memory=process.memory,
                    user=process.user,
                )
                await self.containers.start_task(replace(specs[node.number], containers=(container,)))

    async def kill(self, number: int) -> None:
        """kill -9 the node's process, as the machine would lose it."""
        name = container_name(self.instance, self.task_id(number), "kafka")
        await asyncio.to_thread(docker, "kill", "--signal", "KILL", name)

    async def remake(self, number: int) -> None:
        """Another task with the same files, at another address."""
        old = self.node(number).address
        await self.containers.remove_task(self.task_id(number))
        await self.containers.start_task(self._spec(secrets.randbelow(10**9) + 10), ())  # takes one
        await self.run(number)
        assert self.node(number).address != old
        if number:
            await self._listens(number)

    async def _listens(self, number: int) -> None:
        """Wait until the broker itself answers: the others may still count on the one before."""
        for _ in range(300):
            with contextlib.suppress(OSError):
                _, writing = await asyncio.open_connection(self.node(number).address, INTERNAL_PORT)
                writing.close()
                return
            await asyncio.sleep(0.2)
        raise AssertionError(f"broker {number} does not listen; {self.output()}")

    async def upgrade(self, version: str) -> None:
        """Every node's task with another version, one after the other."""
        self.version, self.cluster = version, replace(self.cluster, version=version)
        self.image = await BaseImages().ensure_kafka(version, lambda line: None)
        for node in self.cluster.nodes:
            await self.containers.stop_task(self.task_id(node.number))
            await self.remake(node.number)
            await self.until(lambda seen: len(seen.brokers) == self.count and seen.under_replicated == 0)

    async def until(
        self, holds: Callable[[ClusterSeen], bool] = lambda seen: True, within: float = 90
    ) -> ClusterSeen:
        """Wait until the cluster is seen so."""
        seen: ClusterSeen | Unavailable | None = None
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            try:
                seen = await self.brokers.seen(self.cluster)
            except Unavailable as error:
                seen = error
            else:
                if holds(seen):
                    return seen
            await asyncio.sleep(0.3)
        raise AssertionError(f"never came true; last seen: {seen}; {self.output()}")

    async def topic(self, partitions: int = 1) -> str:
        """A topic of its own, whose partitions have leaders; its name."""
        name = f"t{secrets.token_hex(4)}"
        await self.brokers.apply_topic(self.cluster, Topic(name, partitions))
        await self.until(
            lambda seen: name in seen.topics and all(p.leader for p in seen.topics[name].partitions)
        )
        return name

    async def stop_broker(self, number: int) -> int | None:
        """SIGTERM and wait; its exit code."""
        await self.containers.stop_task(self.task_id(number))
        (container,) = (
            one
            for task in await self.containers.list_tasks()
            if task.id == self.task_id(number)
            for one in task.containers
        )
        assert container.state is State.EXITED
        return container.exit_code

    async def stop(self) -> None:
        await self.brokers.stop()
        await self.containers.remove_everything()
        await self.containers.stop()
        await self.dns.remove_everything()
        await self.brokers.remove(self.cluster.id)

    def node(self, number: int) -> Node:
        return next(one for one in self.cluster.nodes if one.number == number)

    def task_id(self, number: int) -> str:
        return f"{self.cluster.id}-{number}"

    def names(self, port: int) -> str:
        """Bootstrap servers by name, as tasks have them."""
        return ",".join(f"{one.name}:{port}" for one in self.cluster.nodes if one.number)

    def addresses(self, port: int) -> str:
        """Bootstrap servers by address, as this machine has them."""
        return ",".join(f"{one.address}:{port}" for one in self.cluster.nodes if one.number)

    def output(self) -> str:
        """The end of what every node printed."""
        ids = docker("ps", "--all", "--quiet", "--filter", f"label=bambe={self.instance}").split()
        tails = (
            subprocess.run(
                ["docker", "logs", "--tail", "5", one], capture_output=True, text=True, check=False
            )
            for one in ids
        )
        return "\n".join(tail.stdout + tail.stderr for tail in tails)

    def _spec(self, number: int) -> TaskSpec:
        container = ContainerSpec("kafka", self.image, restarts=True, stop_timeout=STOP_TIMEOUT)
        return TaskSpec(self.task_id(number), (container,))


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


def produce(servers: str, topic: str, values: Iterable[str], **options: Any) -> list[str]:
    """Send values; those that were acknowledged by all replicas in sync."""
    acknowledged: list[str] = []
    refused: list[KafkaError] = []

    def heard(error: KafkaError | None, message: Any) -> None:
        if error is None:
            acknowledged.append(message.value().decode())
        else:
            refused.append(error)

    settings = {"acks": "all", "message.timeout.ms": 20000, "linger.ms": 5}
    producer = Producer({"bootstrap.servers": servers, **settings, **QUIET, **dotted(options)})
    for value in values:
        producer.produce(topic, value.encode(), on_delivery=heard)
        producer.poll(0)
    producer.flush(25)
    if refused and not acknowledged:
        raise KafkaException(refused[0])
    return acknowledged


def consume(servers: str, topic: str, count: int, group: str = "", **options: Any) -> list[str]:
    """Read `count` values from the beginning (less after 20 s of waiting), as a group."""
    consumer = reader(servers, topic, group or secrets.token_hex(4), **options)
    values: list[str] = []
    deadline = time.monotonic() + 20
    while len(values) < count and time.monotonic() < deadline:
        values += read(consumer, count - len(values), 0.5)
    consumer.close()
    return values


def reader(servers: str, topic: str, group: str, **options: Any) -> Consumer:
    settings = {"auto.offset.reset": "earliest", "enable.auto.commit": True}
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": group, **settings, **QUIET, **dotted(options)}
    )
    consumer.subscribe([topic])
    return consumer


def lets_in(servers: str, **options: Any) -> bool:
    """Whether a client gets in; False once it is told that its password is wrong."""
    errors: list[KafkaError] = []
    settings = {"bootstrap.servers": servers, "error_cb": errors.append, **QUIET, **dotted(options)}
    client = Producer(settings)
    for _ in range(40):
        try:
            client.list_topics(timeout=0.25)
        except KafkaException:
            client.poll(0)
        else:
            return True
        if any(one.code() == KafkaError._AUTHENTICATION for one in errors):
            return False
    raise AssertionError(f"neither let in nor refused: {errors}")


def read(consumer: Consumer, count: int, seconds: float) -> list[str]:
    values = []
    for message in consumer.consume(count, seconds):
        if message.error() is not None:
            raise KafkaException(message.error())
        value = message.value()
        assert value is not None
        values.append(value.decode())
    return values


def dotted(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "."): value for name, value in options.items()}


def scram(authority: Path, user: str, password: str) -> dict[str, Any]:
    """How a client says who it is."""
    return {
        "security_protocol": "SASL_SSL",
        "ssl_ca_location": str(authority),
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_username": user,
        "sasl_password": password,
    }


def trusting(authority: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority))


QUIET = {"log_level": 0}
