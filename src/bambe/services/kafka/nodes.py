"""A cluster's nodes as tasks of the container engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bambe.engines.brokers.port import STOP_TIMEOUT, Brokers, Node, Process
from bambe.engines.brokers.port import Cluster as Wanted
from bambe.engines.brokers.versions import on_zookeeper
from bambe.engines.containers.port import ContainerSpec, Mount, State, TaskSeen, TaskSpec
from bambe.kernel.ids import digest_id
from bambe.services.kafka import planner
from bambe.services.kafka.model import ZOOKEEPER, Cluster

KIND, ARN, NODE, GENERATION = "bambe.kind", "bambe.arn", "bambe.node", "bambe.generation"
CONTAINER = "kafka"
LOG_GROUP = "/aws/msk/{}"


def numbers(row: Cluster) -> list[int]:
    """ZooKeeper first where this version needs it, then the brokers."""
    first = [ZOOKEEPER] if on_zookeeper(row.apache) else []
    return [*first, *range(1, row.brokers + 1)]


def wanted(row: Cluster, settings: Mapping[str, str]) -> Wanted:
    """The cluster as the engine is told of it."""
    nodes = tuple(Node(n, row.node_name(n), row.addresses.get(str(n), "")) for n in numbers(row))
    return Wanted(
        id=row.id,
        version=row.apache,
        nodes=nodes,
        settings=settings,
        plaintext=row.access.plaintext,
        tls=row.access.tls,
        scram=row.access.scram,
    )


def generations(row: Cluster, settings: Mapping[str, str]) -> dict[int, str]:
    """A digest, for each node, of all that its process is started with."""
    said = [f"{name}={value}" for name, value in sorted(settings.items())]
    access = [str(one) for one in (row.access.plaintext, row.access.tls, row.access.scram)]
    return {
        number: digest_id(row.apache)
        if number == ZOOKEEPER
        else digest_id(row.apache, *access, str(row.reboots.get(str(number), 0)), *said)
        for number in numbers(row)
    }


def task_id(row: Cluster, number: int) -> str:
    """A node's task: the same one however often it is made."""
    return digest_id("kafka", row.account, row.region, row.id, str(number))


def spec(row: Cluster, number: int, generation: str, image: str, process: Process | None) -> TaskSpec:
    """The node's task; without a process only what its address is needed for."""
    container = ContainerSpec(
        name=CONTAINER,
        image=image,
        restarts=True,
        stop_timeout=STOP_TIMEOUT,
        log_group=LOG_GROUP.format(row.name),
        log_stream=row.node_name(number).partition(".")[0],
    )
    if process is not None:
        container = replace(
            container,
            command=process.command,
            environment=process.environment,
            mounts=tuple(Mount(*one) for one in process.mounts),
            memory=process.memory,
            user=process.user,
        )
    labels = {KIND: "kafka", ARN: row.arn, NODE: str(number), GENERATION: generation}
    return TaskSpec(id=task_id(row, number), containers=(container,), labels=labels)


def seen(row: Cluster, tasks: Iterable[TaskSeen]) -> dict[int, planner.Node]:
    """The nodes of this cluster that have tasks. One whose process was not started yet runs as far as it
    could: starting it again goes on."""
    found = {}
    for task in tasks:
        if task.labels.get(ARN) != row.arn:
            continue
        (container,) = task.containers or (None,)
        if container is None:
            continue
        reason = container.reason or (
            f"exit code {container.exit_code}" if container.exit_code is not None else ""
        )
        runs = container.state is not State.EXITED
        found[int(task.labels[NODE])] = planner.Node(task.labels[GENERATION], runs, reason)
    return found


def addresses(row: Cluster, tasks: Iterable[TaskSeen]) -> dict[str, str]:
    """Address by number, of those nodes that have one."""
    mine = [task for task in tasks if task.labels.get(ARN) == row.arn and task.address]
    return {task.labels[NODE]: task.address for task in mine}


async def up(brokers: Brokers, cluster: Wanted) -> tuple[frozenset[int], int]:
    """Brokers that are in the cluster, and how many partitions lack a replica."""
    there = await brokers.seen(cluster)
    return frozenset(there.brokers), there.under_replicated
