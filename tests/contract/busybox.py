"""A small image for container tests, made from Debian's busybox-static; no registry needed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

IMAGE = "bambe-test/busybox:1"
APPLETS = (
    "cat",
    "echo",
    "env",
    "hostname",
    "id",
    "ip",
    "nc",
    "nslookup",
    "sh",
    "sleep",
    "test",
    "touch",
    "wget",
)


def docker_answers() -> bool:
    """Whether there is an Engine (and its command) to test against."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "version"], capture_output=True, check=False).returncode == 0


def make_image() -> str | None:
    """Import the image, unless it is there; None where it cannot be made."""
    if (
        subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode
        == 0
    ):
        return IMAGE
    with tempfile.TemporaryDirectory() as scratch:
        program = _find_busybox(Path(scratch))
        if program is None:
            return None
        binaries = Path(scratch) / "root" / "bin"
        binaries.mkdir(parents=True)
        (binaries.parent / "tmp").mkdir()
        shutil.copy2(program, binaries / "busybox")
        for applet in APPLETS:
            (binaries / applet).symlink_to("busybox")
        tar = subprocess.run(["tar", "-C", str(binaries.parent), "-c", "."], check=True, capture_output=True)
        made = ["docker", "import", "--change", "ENV PATH=/bin", "-", IMAGE]
        subprocess.run(made, input=tar.stdout, check=True, capture_output=True)
    return IMAGE


def remove_image() -> None:
    """Leave nothing behind."""
    subprocess.run(["docker", "image", "rm", IMAGE], capture_output=True, check=False)


def _find_busybox(scratch: Path) -> Path | None:
    fetch = ["apt-get", "download", "-q", "busybox-static"]
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        return None
    if subprocess.run(fetch, cwd=scratch, capture_output=True, check=False).returncode != 0:
        return None
    package = next(scratch.glob("*.deb"))
    subprocess.run(["dpkg", "-x", str(package), str(scratch / "package")], check=True)
    return next((scratch / "package").glob("**/bin/busybox"), None)
