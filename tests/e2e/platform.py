"""The platform as its users have it: the command line, a repository, stock clients, real traffic."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bambe.cli.demo.shop import Shop
from bambe.cli.demo.traffic import Traffic
from bambe.cli.place import Local

BIN = Path(sys.executable).parent
ROUTES = ("/", "/orders", "/inventory")


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Poll until `condition` holds; what it answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def forget_images(reference: str) -> None:
    """Remove the tags that match `reference`."""
    listed = ["docker", "image", "ls", "--filter", f"reference={reference}"]
    shown = subprocess.run(
        [*listed, "--format", "{{.Repository}}:{{.Tag}}"], capture_output=True, text=True, check=False
    )
    tags = shown.stdout.split()
    if tags:
        subprocess.run(["docker", "image", "rm", *tags], capture_output=True, check=False)


@dataclass
class Bambe:
    """One installation and its shop."""

    state: Path
    shop: Shop
    port: int
    scale: int = 60
    place: Local = field(init=False)
    _clients: dict[str, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.place = Local(self.state)

    def client(self, service: str) -> Any:
        """A boto3 client, made once: one that is dropped leaves its connection open."""
        if service not in self._clients:
            self._clients[service] = self.place.client(service)
        return self._clients[service]

    def end(self) -> None:
        """Remove the whole installation, whatever state it is in; its stacks are not deleted first."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        if (self.state / "instance").exists():
            self.place.end()

    def cli(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `bambe` in the shop."""
        return self._run([str(BIN / "bambe"), *arguments], check)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `bambe` in the shop and let it run."""
        return subprocess.Popen(
            [str(BIN / "bambe"), *arguments],
            cwd=self.shop.root,
            env={**os.environ, "BAMBE_STATE": str(self.state), "COLUMNS": "120"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def up_words(self) -> tuple[str, ...]:
        return ("up", "--scale", str(self.scale), "--port", str(self.port))

    def up(self, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.cli(*self.up_words, check=check)

    def aws(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the stock AWS CLI."""
        return self.cli("aws", *arguments, check=check)

    def json(self, *arguments: str) -> Any:
        return json.loads(self.aws(*arguments, "--output", "json").stdout)

    def shell(self, command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A shell line with the platform's variables set."""
        return self._run(["bash", "-c", command], check, **self._variables)

    def shell_beside(self, command: str, folder: Path) -> subprocess.Popen[str]:
        """Start shell lines in a folder, with the platform's variables set, and let them run."""
        return subprocess.Popen(
            ["bash", "-c", command],
            cwd=folder,
            env={**os.environ, **self._variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def _variables(self) -> dict[str, str]:
        return {**self.place.environment(), "PATH": f"{BIN}:{os.environ['PATH']}"}

    def push(self) -> list[str]:
        """git push; what the platform told the pusher."""
        done = self._run(["git", "push", "bambe", "HEAD:main"], check=True)
        lines = [line.removeprefix("remote: ").strip() for line in done.stderr.splitlines()]
        return [line for line in lines if line]

    def traffic(self, rate: float = 60.0) -> Traffic:
        url = json.loads(self.cli("status", "--json").stdout)["url"]
        return Traffic(url, str(self.state / "ca" / "ca.pem"), ROUTES, rate)

    def look(self, service: str) -> dict[str, Any]:
        """A service as `bambe status --json` shows it."""
        looks = json.loads(self.cli("status", "--json").stdout)["services"]
        return next(one for one in looks if one["service"] == service)

    def deployments(self, service: str, *statuses: str) -> list[str]:
        names = (f"AppECS-shop-{service}", f"DgpECS-shop-{service}")
        answer = self.client("codedeploy").list_deployments(
            applicationName=names[0],
            deploymentGroupName=names[1],
            **({"includeOnlyStatuses": list(statuses)} if statuses else {}),
        )
        return list(answer["deployments"])

    def deployment(self, number: str) -> dict[str, Any]:
        info: dict[str, Any] = self.client("codedeploy").get_deployment(deploymentId=number)
        return dict(info["deploymentInfo"])

    def event(self, deployment: str, name: str) -> str:
        """The status of a lifecycle event."""
        client = self.client("codedeploy")
        targets = client.list_deployment_targets(deploymentId=deployment)["targetIds"]
        if not targets:
            return "Pending"
        answer = client.get_deployment_target(deploymentId=deployment, targetId=targets[0])
        events = answer["deploymentTarget"]["ecsTarget"].get("lifecycleEvents", [])
        return next((str(one["status"]) for one in events if one["lifecycleEventName"] == name), "Pending")

    def builds(self, service: str) -> list[str]:
        answer = self.client("codebuild").list_builds_for_project(projectName=f"shop-{service}")
        return list(answer["ids"])

    @property
    def pid(self) -> int:
        return int(json.loads((self.state / "daemon.json").read_text())["pid"])

    @contextlib.contextmanager
    def dead(self) -> Iterator[None]:
        """kill -9 of the daemon; at the end it is started again, as a person would: as it last ran."""
        os.kill(self.pid, signal.SIGKILL)
        wait_for(lambda: not self.place.running(), "the daemon is dead")
        try:
            yield
        finally:
            self.place.start()

    def containers(self) -> list[str]:
        """Everything of this installation that Docker has."""
        label = f"label=bambe={(self.state / 'instance').read_text().strip()}"
        found = self._run(["docker", "ps", "-aq", "--filter", label], check=True).stdout.split()
        return (
            found + self._run(["docker", "network", "ls", "-q", "--filter", label], check=True).stdout.split()
        )

    def _run(self, command: list[str], check: bool, **extra: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "BAMBE_STATE": str(self.state), "COLUMNS": "120", **extra}
        done = subprocess.run(
            command,
            cwd=self.shop.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done
