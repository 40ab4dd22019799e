"""A task in Docker's words."""

from __future__ import annotations

from typing import Any

import pytest

from bambe.engines.containers.config import (
    container_name,
    holder_config,
    holder_name,
    member_config,
    single_config,
)
from bambe.engines.containers.holder import holder_image, holder_program
from bambe.engines.containers.port import ContainerSpec, HealthCheck, Mount, Network, TaskSpec
from bambe.kernel.errors import Refused

NETWORK = Network("bambe-i", "bam-1", "10.200.0.0/16", "10.200.0.1")


def host_config(container: ContainerSpec, **task: Any) -> dict[str, Any]:
    found: dict[str, Any] = single_config("i", TaskSpec("0f" * 16, (container,), **task), NETWORK)[
        "HostConfig"
    ]
    return found


def test_everything_a_container_asks_for_is_passed_on() -> None:
    container = ContainerSpec(
        "app",
        "orders:1",
        command=("serve",),
        entry_point=("python", "-m"),
        environment={"A": "1", "B": "x=y"},
        cpu=256,
        memory=128,
        health_check=HealthCheck(("CMD-SHELL", "test -e /ok"), 7, 3, 2, 11),
        working_directory="/srv",
        user="1000:1000",
        read_only_root=True,
        privileged=True,
        ulimits=(("nofile", 1024, 2048),),
        labels={"team": "a", "bambe.task": "no"},
        init=True,
        mounts=(Mount("/host", "/inside", read_only=True),),
        stop_timeout=9,
        log_group="/ecs/orders",
        log_stream="orders/app/1",
    )
    task = TaskSpec("0f" * 16, (container,), {"owner": "arn:x"})
    config = single_config("i", task, NETWORK)
    host = config.pop("HostConfig")
    assert config == {
        "Image": "orders:1",
        "Cmd": ["serve"],
        "Entrypoint": ["python", "-m"],
        "Env": ["A=1", "B=x=y"],
        "Hostname": "0f0f0f0f0f0f",
        "User": "1000:1000",
        "WorkingDir": "/srv",
        "StopTimeout": 9,
        "Healthcheck": {
            "Test": ["CMD-SHELL", "test -e /ok"],
            "Interval": 7_000_000_000,
            "Timeout": 3_000_000_000,
            "Retries": 2,
            "StartPeriod": 11_000_000_000,
        },
        "Labels": {
            "team": "a",
            "bambe": "i",
            "bambe.task": "0f" * 16,
            "bambe.container": "app",
            "bambe.image": "orders:1",
            "bambe.position": "0",
            "bambe.label.owner": "arn:x",
            "bambe.log_group": "/ecs/orders",
            "bambe.log_stream": "orders/app/1",
        },
    }
    assert host == {
        "NetworkMode": "bambe-i",
        "Dns": ["10.200.0.1"],
        "DnsSearch": ["."],
        "CpuPeriod": 100_000,
        "CpuQuota": 25_000,
        "CpuShares": 256,
        "Memory": 128 * 2**20,
        "MemorySwap": 128 * 2**20,
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "50m", "max-file": "2"}},
        "ReadonlyRootfs": True,
        "Init": True,
        "Privileged": True,
        "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 2048}],
        "Mounts": [{"Type": "bind", "Source": "/host", "Target": "/inside", "ReadOnly": True}],
    }


def test_a_tasks_limits_hold_where_a_container_has_none() -> None:
    host = host_config(ContainerSpec("app", "x"), cpu=4096, memory=512)
    assert (host["CpuQuota"], host["Memory"]) == (400_000, 512 * 2**20)
    assert "CpuShares" not in host
    assert host_config(ContainerSpec("app", "x"), yields=True)["CpuShares"] == 64
    host = host_config(ContainerSpec("app", "x", cpu=128, memory=64), cpu=1024, memory=512)
    assert (host["CpuQuota"], host["CpuShares"], host["Memory"]) == (100_000, 128, 64 * 2**20)
    host = host_config(ContainerSpec("app", "x"))
    assert "Memory" not in host
    assert "CpuQuota" not in host


@pytest.mark.parametrize(
    ("check", "test"),
    [
        (None, ["NONE"]),
        (HealthCheck(("NONE",)), ["NONE"]),
        (HealthCheck(("CMD", "true")), ["CMD", "true"]),
        (HealthCheck(("curl", "localhost")), ["CMD", "curl", "localhost"]),
    ],
)
def test_forms_of_a_health_check(check: HealthCheck | None, test: list[str]) -> None:
    task = TaskSpec("t", (ContainerSpec("app", "x", health_check=check),))
    assert single_config("i", task, NETWORK)["Healthcheck"]["Test"] == test


def test_members_join_the_holder_and_bring_no_network_of_their_own() -> None:
    task = TaskSpec("t", (ContainerSpec("a", "x"), ContainerSpec("b", "x")))
    holder = holder_config("i", task, NETWORK)
    assert holder["HostConfig"]["NetworkMode"] == "bambe-i"
    assert "bambe.container" not in holder["Labels"]
    member = member_config("i", task, task.containers[1], holder_name("i", "t"))
    assert member["HostConfig"]["NetworkMode"] == "container:bambe-i-t.holder"
    assert member["Labels"]["bambe.position"] == "1"
    # Docker refuses both beside another container's namespace.
    assert "Hostname" not in member
    assert "Dns" not in member["HostConfig"]


def test_names_are_what_docker_takes() -> None:
    assert container_name("i", "project:12/3", "app") == "bambe-i-project_12_3-app"


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_the_holder_is_a_small_program_for_the_machine(architecture: str) -> None:
    program = holder_program(architecture)
    assert program.startswith(b"\x7fELF")
    assert len(program) < 200
    assert program in holder_image(architecture)


def test_no_holder_for_other_machines() -> None:
    with pytest.raises(Refused, match="riscv64"):
        holder_program("riscv64")
