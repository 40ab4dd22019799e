"""A container of a task in the Docker Engine's words (POST /containers/create)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bambe.engines.containers.holder import HOLDER_IMAGE
from bambe.engines.containers.port import ContainerSpec, HealthCheck, Network, TaskSpec

TASK = "bambe.task"
CONTAINER = "bambe.container"
IMAGE = "bambe.image"
"""The reference a container was made from; the Engine forgets it once the tag has moved on."""
POSITION = "bambe.position"
DEPENDS_ON = "bambe.depends_on"
LOG_GROUP = "bambe.log_group"
LOG_STREAM = "bambe.log_stream"
OWN = "bambe.label."
"""Prefix of the labels a TaskSpec brings."""

HOLDER = ".holder"
"""Suffix of a holder's name; no container of a task can have it, since AWS allows no dot."""

MIB = 1024 * 1024
SECOND = 1_000_000_000
PERIOD = 100_000
YIELDING = 64
"""CPU shares of a task that yields; others have 1024, or what they ask for."""
# Large files: Engine 20.10 skips a file that a follower has not begun when the next one is full.
LOGS = {"Type": "json-file", "Config": {"max-size": "50m", "max-file": "2"}}
FORMS = ("CMD", "CMD-SHELL", "NONE")


def task_prefix(instance: str, task_id: str) -> str:
    """How the names of a task's containers begin."""
    return f"bambe-{instance}-{re.sub(r'[^a-zA-Z0-9_.-]', '_', task_id)}"


def container_name(instance: str, task_id: str, container: str) -> str:
    """The Docker name, the same at every try, which makes starting repeatable."""
    return f"{task_prefix(instance, task_id)}-{container}"


def holder_name(instance: str, task_id: str) -> str:
    return f"{task_prefix(instance, task_id)}{HOLDER}"


def holder_config(instance: str, task: TaskSpec, network: Network) -> dict[str, Any]:
    """The container that owns the namespace of a task of several."""
    return {
        "Image": HOLDER_IMAGE,
        "Labels": _labels(instance, task),
        **_identity(task),
        "HostConfig": {**_attachment(network), "LogConfig": {"Type": "none"}},
    }


def member_config(instance: str, task: TaskSpec, container: ContainerSpec, holder: str) -> dict[str, Any]:
    """A container that joins the namespace of `holder` (its name, address and DNS come from there)."""
    config = _config(instance, task, container)
    config["HostConfig"]["NetworkMode"] = f"container:{holder}"
    return config


def single_config(instance: str, task: TaskSpec, network: Network) -> dict[str, Any]:
    """The only container of a task; it owns the namespace itself, which starts faster."""
    config = _config(instance, task, task.containers[0])
    config["HostConfig"] |= _attachment(network)
    return config | _identity(task)


def _config(instance: str, task: TaskSpec, container: ContainerSpec) -> dict[str, Any]:
    config: dict[str, Any] = {
        "Image": container.image,
        "Env": [f"{n}={value}" for n, value in {**container.environment, **container.secrets}.items()],
        "Labels": _labels(instance, task, container),
        "Healthcheck": _health_check(container.health_check),
        "StopTimeout": container.stop_timeout,
        "User": container.user,
        "WorkingDir": container.working_directory,
        "HostConfig": {
            **_limits(task, container),
            "LogConfig": LOGS,
            "ReadonlyRootfs": container.read_only_root,
            **({"Init": True} if container.init else {}),
            "Privileged": container.privileged,
            "Ulimits": [{"Name": n, "Soft": soft, "Hard": hard} for n, soft, hard in container.ulimits],
            "Mounts": [
                {"Type": "bind", "Source": m.source, "Target": m.target, "ReadOnly": m.read_only}
                for m in container.mounts
            ],
        },
    }
    if container.command:
        config["Cmd"] = list(container.command)
    if container.entry_point:
        config["Entrypoint"] = list(container.entry_point)
    return config


def _labels(instance: str, task: TaskSpec, container: ContainerSpec | None = None) -> Mapping[str, str]:
    labels = {**(container.labels if container else {}), "bambe": instance, TASK: task.id}
    labels |= {OWN + name: value for name, value in task.labels.items()}
    if container is not None:
        labels[CONTAINER] = container.name
        labels[IMAGE] = container.image
        labels[POSITION] = str(task.containers.index(container))
        if container.depends_on:
            labels[DEPENDS_ON] = ",".join(container.depends_on)
        labels[LOG_GROUP] = container.log_group
        labels[LOG_STREAM] = container.log_stream
    return labels


def _identity(task: TaskSpec) -> dict[str, Any]:
    return {"Hostname": re.sub(r"[^a-zA-Z0-9-]", "-", task.id)[:12].strip("-")}


def _attachment(network: Network) -> dict[str, Any]:
    # "." keeps the search domains of this machine's resolv.conf out of the task.
    return {"NetworkMode": network.name, "Dns": [network.gateway], "DnsSearch": ["."]}


def _limits(task: TaskSpec, container: ContainerSpec) -> dict[str, Any]:
    """Hard limits of the task where it has them, else of the container.

    A quota and not NanoCpus, which Docker refuses above the machine's cores. With a limit on the
    task, the container's own `cpu` is its share, as on ECS.
    """
    limits: dict[str, Any] = {}
    if cpu := task.cpu or container.cpu:
        limits |= {"CpuPeriod": PERIOD, "CpuQuota": max(1000, cpu * PERIOD // 1024)}
    if task.yields:
        limits["CpuShares"] = YIELDING
    elif container.cpu:
        limits["CpuShares"] = max(2, container.cpu)
    if memory := container.memory or task.memory:
        limits |= {"Memory": memory * MIB, "MemorySwap": memory * MIB}
    return limits


def _health_check(check: HealthCheck | None) -> dict[str, Any]:
    # ECS does not look at a HEALTHCHECK inside the image (ECS API reference, HealthCheck).
    if check is None or check.command[:1] == ("NONE",):
        return {"Test": ["NONE"]}
    command = check.command if check.command[:1] and check.command[0] in FORMS else ("CMD", *check.command)
    return {
        "Test": list(command),
        "Interval": check.interval * SECOND,
        "Timeout": check.timeout * SECOND,
        "Retries": check.retries,
        "StartPeriod": check.start_period * SECOND,
    }
