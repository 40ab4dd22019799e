"""Where the AWS API is spoken: this machine's platform, and how to start and end it."""

from __future__ import annotations

import configparser
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bambe.cli.trouble import Trouble
from bambe.kernel.clock import monotonic
from bambe.kernel.detached import Detached

DEFAULT_PORT = 4566
DEFAULT_REGION = "eu-central-1"


def default_state() -> Path:
    """`$BAMBE_STATE`, else the XDG state directory."""
    named = os.environ.get("BAMBE_STATE")
    if named:
        return Path(named).expanduser().resolve()
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "bambe"


@dataclass(frozen=True, slots=True)
class Local:
    """The platform of one state directory."""

    state: Path

    @property
    def endpoint(self) -> str:
        """The URL the running (or last running) daemon answers on."""
        return str(self._daemon().get("endpoint", f"http://localhost:{DEFAULT_PORT}"))

    @property
    def region(self) -> str:
        """The region the running (or last running) daemon was started with."""
        return str(self._daemon().get("region", DEFAULT_REGION))

    def environment(self) -> dict[str, str]:
        """What an AWS client needs to speak to this platform."""
        key, secret = self.keys()
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            # DiscoverInstances goes to data-<host> otherwise, which no resolver of this machine knows.
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def keys(self) -> tuple[str, str]:
        """The access key id and the secret made at first start."""
        file = self.state / "credentials"
        config = configparser.ConfigParser()
        if not config.read(file):
            raise Trouble(f"no platform has been started in {self.state}: start one with `bambe up`.")
        return config["default"]["aws_access_key_id"], config["default"]["aws_secret_access_key"]

    def client(self, service: str, region: str = "") -> Any:
        """A boto3 client of `service`, in the daemon's region if none is given."""
        import boto3
        from botocore.config import Config

        environment = self.environment()
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=region or self.region,
            config=Config(inject_host_prefix=False, retries={"mode": "standard", "max_attempts": 5}),
        )

    def health(self) -> dict[str, Any] | None:
        """What `/_bambe/health` says, or None when nothing answers."""
        try:
            try:
                answer = urllib.request.urlopen(f"{self.endpoint}/_bambe/health", timeout=2)
            except urllib.error.HTTPError as error:
                answer = error  # 503 while the engines start, with the same body
            with answer:
                said: dict[str, Any] = json.load(answer)
                return said
        except (OSError, ValueError):
            return None

    def running(self) -> bool:
        """Whether the daemon of this state directory answers."""
        said = self.health()
        return said is not None and said.get("instance") == self._daemon().get("instance")

    def start(
        self,
        *,
        region: str = "",
        scale: float | None = None,
        port: int | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Start the daemon unless it runs; return when it carries traffic.

        What is not given stays as it was when the daemon last ran; Trouble when it runs with other values.
        """
        before = self._daemon()
        asked = {"scale": scale, "port": port}
        if self.running():
            self._refuse_others({name: value for name, value in asked.items() if value is not None}, before)
        else:
            kept = {name: before.get(name) if value is None else value for name, value in asked.items()}
            kept["region"] = region or before.get("region")
            options = [word for name, value in kept.items() if value for word in (f"--{name}", str(value))]
            self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
            process = Detached(
                [sys.executable, "-m", "bambe.daemon", "--state", str(self.state), *options],
                marker=str(self.state), pid_file=self.state / "daemon.pid", log=self.state / "daemon.out",
            )  # fmt: skip
            dying = process.find() is not None
            process.start()
            self._wait_for_answer(process, dying)
        self._wait_for_engines(say)

    def _refuse_others(self, asked: Mapping[str, float], before: Mapping[str, Any]) -> None:
        other = [name for name, value in asked.items() if before.get(name, value) != value]
        if other:
            runs = " ".join(f"--{name} {before[name]:g}" for name in other)
            raise Trouble(f"the platform runs already with {runs}: `bambe down` first to change that.")

    def _wait_for_answer(self, process: Detached, dying: bool) -> None:
        """`dying`: what was found may be a daemon that somebody has just killed."""
        end = monotonic() + 20
        while not self.running():
            if process.find() is None:
                if dying:
                    process.start()
                    dying = False
                    continue
                raise Trouble(f"the daemon ended at once: {self._last_words()}")
            if monotonic() > end:
                raise Trouble(f"the daemon does not answer: see {self.state / 'daemon.log'}.")
            time.sleep(0.05)  # noqa: TID251

    def _wait_for_engines(self, say: Callable[[str], None]) -> None:
        end, told = monotonic() + 60, ""
        while True:
            said = self.health() or {}
            if said.get("ready"):
                return
            why = str(said.get("waiting_for", "the engines"))
            if why != told:
                say(why)
                told = why
            if monotonic() > end:
                raise Trouble(f"the platform is not ready: {why}")
            time.sleep(0.1)  # noqa: TID251

    def _last_words(self) -> str:
        try:
            lines = (self.state / "daemon.out").read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1].removeprefix("bambe: ") if lines else "it said nothing."

    def end(self) -> None:
        """Stop the daemon and remove every container, network, process and mount it made; the next start
        knows nothing of this one's port and scale."""
        self.stop()
        subprocess.run(
            [sys.executable, "-m", "bambe.daemon", "--state", str(self.state), "--remove"], check=True
        )
        (self.state / "daemon.json").unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop the daemon; the data plane goes on."""
        pid = int(self._daemon().get("pid", 0))
        if not pid or not self.running():
            return
        os.kill(pid, signal.SIGTERM)
        end = monotonic() + 15
        while _alive(pid):
            if monotonic() > end:
                os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.05)  # noqa: TID251

    def _daemon(self) -> dict[str, Any]:
        try:
            said: dict[str, Any] = json.loads((self.state / "daemon.json").read_text())
            return said
        except (OSError, ValueError):
            return {}


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
